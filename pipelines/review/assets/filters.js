// Which reports the list shows.

const LOW_CONFIDENCE = 0.5;
const filter = { search: "", organ: "", view: "", certainty: "", order: "sure", below: LOW_CONFIDENCE };
const TOGGLES = {
  unreviewed: "Unreviewed",
  low: "Low confidence",
  unsized: "Unsized",
  nofinding: "No finding",
  quarantined: "Quarantined",
  disagreement: "Disagreement",
};
for (const name of Object.keys(TOGGLES)) filter[name] = false;

/** The names that the "reason to look" filter knows: audit views, and why the reader was unsure. */
const reasonsOf = (report) => [...report.flags, ...report.unsure.map((reason) => `unsure: ${reason}`)];

function findingMatches(finding, f) {
  const values = finding.values;
  return (
    (!f.organ || values.organ === f.organ) &&
    (!f.certainty || values.certainty === f.certainty) &&
    (!f.unsized || !values.sizes_mm) &&
    (!f.low || (finding.confidence !== undefined && finding.confidence < f.below))
  );
}

/** A report is shown if one of its findings answers all that is asked of findings, and it all that is asked of reports. */
function matches(report, f, review) {
  if (f.unreviewed && review.isComplete(report)) return false;
  if (f.quarantined && !report.quarantine) return false;
  if (f.disagreement && !report.answers) return false;
  if (f.nofinding && report.findings.length) return false;
  if (f.view && !reasonsOf(report).includes(f.view)) return false;
  if (f.organ || f.certainty || f.unsized || f.low) {
    const ofView = (finding) =>
      !f.view || !report.findings.some((other) => other.flags?.includes(f.view)) || finding.flags?.includes(f.view);
    if (!report.findings.some((finding) => findingMatches(finding, f) && ofView(finding))) return false;
  }
  return f.search.every((word) => haystack(report).includes(word));
}

function filtered(review) {
  const f = { ...filter, search: filter.search.toLowerCase().split(/\s+/).filter(Boolean) };
  const found = REPORTS.filter((report) => matches(report, f, review));
  if (filter.order === "id") found.sort((a, b) => (a.id < b.id ? -1 : 1));
  if (filter.order === "most") found.sort((a, b) => b.findings.length - a.findings.length || a.index - b.index);
  return found;
}

function drawFilters(onchange) {
  const organs = new Map();
  const reasons = new Map();
  const tally = (map, name) => map.set(name, (map.get(name) ?? 0) + 1);
  for (const report of REPORTS) {
    for (const organ of new Set(report.findings.map((finding) => finding.values.organ))) tally(organs, organ);
    for (const reason of reasonsOf(report)) tally(reasons, reason);
  }
  const select = (name, label, options) =>
    el("select", { "aria-label": label, name, onchange: (e) => ((filter[name] = e.target.value), onchange()) },
      options.map(([value, text]) => el("option", { value, selected: filter[name] === value }, text)));
  const byCount = (map) => [...map].sort((a, b) => b[1] - a[1]);
  const chip = (name) => {
    const button = el("button", { class: "chip", "aria-pressed": String(filter[name]), "data-toggle": name }, TOGGLES[name]);
    button.addEventListener("click", () => {
      filter[name] = !filter[name];
      button.setAttribute("aria-pressed", String(filter[name]));
      onchange();
    });
    return button;
  };
  const below = el("input", {
    type: "range", min: 0.1, max: 1, step: 0.05, value: filter.below, "aria-label": "Low confidence means below",
    oninput: (e) => {
      filter.below = Number(e.target.value);
      e.target.nextSibling.textContent = `below ${percent(filter.below)}`;
      onchange();
    },
  });
  fill($("#filters"),
    el("div", { class: "selects" },
      select("organ", "Organ", [["", "Every organ"], ...byCount(organs).map(([o, n]) => [o, `${capital(organLabel(o))} (${n})`])]),
      select("view", "Reason to look", [["", "Every reason"], ...byCount(reasons).map(([v, n]) => [v, `${capital(words(v))} (${n})`])]),
      select("certainty", "Certainty", [["", "Any certainty"], ...DATA.vocabulary.certainty.map((c) => [c, capital(c)])]),
      select("order", "Order", [["sure", "Least sure"], ["id", "By id"], ["most", "Most findings"]])),
    el("div", { class: "chips" }, Object.keys(TOGGLES).map(chip)),
    el("label", { class: "below", id: "below" }, below, el("span", {}, `below ${percent(filter.below)}`)),
    el("p", { class: "count" }, el("span", { id: "count", role: "status" }),
      el("button", { class: "link", id: "clear", onclick: () => clearFilters(onchange) }, "Show all")),
  );
}

function clearFilters(onchange) {
  Object.assign(filter, { search: "", organ: "", view: "", certainty: "", below: LOW_CONFIDENCE });
  for (const name of Object.keys(TOGGLES)) filter[name] = false;
  $("#search input").value = "";
  drawFilters(onchange);
  onchange();
}

const isFiltering = () =>
  Boolean(filter.search || filter.organ || filter.view || filter.certainty || Object.keys(TOGGLES).some((t) => filter[t]));
