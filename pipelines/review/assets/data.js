// What the page was made of: reports and findings, with what filters ask for worked out once.

const DATA = JSON.parse($("#data").textContent);
$("#data").remove();
const REPORTS = DATA.reports;
const REPORT_BY_ID = new Map();
const ORGANS = DATA.vocabulary.organs;
const ASTRAL = /[\ud800-\udbff]/;

REPORTS.forEach((report, index) => {
  report.index = index;
  report.findings ??= [];
  report.flags ??= [];
  report.unsure ??= [];
  REPORT_BY_ID.set(report.id, report);
});

const organLabel = (organ) => ORGANS[organ]?.label.split(",")[0] ?? words(organ);

/** Why a report cannot be reviewed, or null. */
function whyNotReviewable(report) {
  if (!report.run) return "This report has not been read yet. Run reportsup extract, then make this page again.";
  if (report.stale)
    return "The text changed after it was read. Run reportsup extract, then make this page again to review it.";
  return null;
}

/** The report's text and id in small letters, for the search. */
const haystack = (report) => (report.haystack ??= `${report.id}\n${report.patient ?? ""}\n${report.text}`.toLowerCase());

// Offsets in the database count code points, those of JavaScript UTF-16 units; they differ after a character such as 🫁.
function unitsOf(report) {
  if (report.units === undefined) {
    report.units = null;
    if (ASTRAL.test(report.text)) {
      report.units = [];
      let unit = 0;
      for (const character of report.text) {
        report.units.push(unit);
        unit += character.length;
      }
      report.units.push(unit);
    }
  }
  return report.units;
}
const toUnits = (report, points) => unitsOf(report)?.[points] ?? points;
const toPoints = (report, unit) => {
  const units = unitsOf(report);
  return units ? units.findIndex((u) => u >= unit) : unit;
};
