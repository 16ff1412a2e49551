// The list of reports: only the rows in sight exist.

const ROW = 66; // px, as in page.css
const AROUND = 8;

class Worklist {
  constructor(review, onopen) {
    this.review = review;
    this.onopen = onopen;
    this.reports = [];
    this.current = null;
    this.list = $("#list");
    this.rows = $("#rows");
    let asked = false;
    this.list.addEventListener("scroll", () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        this.draw();
      });
    });
    new ResizeObserver(() => this.draw()).observe(this.list);
  }

  show(reports) {
    this.reports = reports;
    this.place = new Map(reports.map((report, i) => [report, i]));
    this.rows.style.height = `${reports.length * ROW}px`;
    this.draw();
  }

  /** Where a report stands in the list, -1 if it is filtered out. */
  indexOf(report) {
    return this.place.get(report) ?? -1;
  }

  select(report) {
    this.current = report;
    const i = this.indexOf(report);
    if (i >= 0) {
      const top = i * ROW;
      if (top < this.list.scrollTop) this.list.scrollTop = top;
      else if (top + ROW > this.list.scrollTop + this.list.clientHeight)
        this.list.scrollTop = top + ROW - this.list.clientHeight;
    }
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.list.scrollTop / ROW) - AROUND);
    const last = Math.min(this.reports.length, Math.ceil((this.list.scrollTop + this.list.clientHeight) / ROW) + AROUND);
    const shown = [];
    for (let i = first; i < last; i++) shown.push(this.row(this.reports[i], i));
    if (!this.reports.length) shown.push(el("p", { class: "empty" }, "No report answers this."));
    fill(this.rows, ...shown);
  }

  row(report, i) {
    const complete = this.review.isComplete(report);
    const begun = this.review.entry(report) !== null;
    const organs = new Map();
    for (const { values } of [...report.findings, ...this.review.added(report)])
      organs.set(values.organ, (organs.get(values.organ) ?? 0) + 1);
    const chips = fitting([...organs]).map(([organ, n]) =>
      el("span", { class: "organ", hue: hueOf(organ) }, organLabel(organ), n > 1 && el("small", {}, ` ${n}`)));
    if (organs.size > chips.length) chips.push(el("small", { class: "none" }, `+${organs.size - chips.length}`));
    const row = el("div", {
      class: "row", role: "option", "aria-selected": String(report === this.current), "data-id": report.id,
      onclick: () => this.onopen(report),
    },
      el("div", { class: "line" },
        el("b", {}, report.id),
        el("span", { class: `state ${complete ? "complete" : begun ? "begun" : ""}`,
          title: complete ? "reviewed to the end" : begun ? "begun" : "not reviewed" }, complete ? "✓" : ""),
        report.confidence !== undefined && el("span", { class: "sure", title: "how sure the reader is of this report" }, percent(report.confidence))),
      el("div", { class: "line" }, chips.length ? chips : el("span", { class: "none" }, nothingRead(report))));
    row.style.transform = `translateY(${i * ROW}px)`;
    return row;
  }
}

/** As many organs as fit in a row. */
function fitting(organs) {
  let room = 34; // characters, a chip's own width among them
  return organs.filter(([organ], i) => (room -= organLabel(organ).length + 4) >= 0 || i === 0);
}

const nothingRead = (report) =>
  ({ no_lesion: "no lesion read", unreadable: "unreadable", rejected: "all quarantined", error: "failed" })[report.status] ??
  (report.status ? "no finding" : "not read yet");
