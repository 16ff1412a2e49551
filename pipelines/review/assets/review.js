// The review: what a reader says of findings and reports, kept in this browser and saved as a file.
// An entry has the form that `reportsup correct --from` reads (review_file.py).

const STORE = `reportsup:${DATA.database}:${DATA.reading}`;
const ENTRY_KEY = `${STORE}:report:`;

class Review {
  constructor() {
    this.entries = new Map();
    this.undone = []; // [report id, entry before as JSON or null], latest last
    this.listeners = [];
    this.keeps = true; // whether the browser keeps it
    this.unsaved = false;
    this.about = { id: randomHex(8), reviewer: "", samples: {}, saved: null };
    this.load();
    if (DATA.sample) {
      const { sample_id } = DATA.sample;
      this.about.samples[sample_id] ??= DATA.sample;
      this.keep(`${STORE}:about`, this.about);
    }
  }

  load() {
    try {
      const about = localStorage.getItem(`${STORE}:about`);
      if (about) this.about = JSON.parse(about);
      for (let i = 0; i < localStorage.length; i++) {
        const key = localStorage.key(i);
        if (key.startsWith(ENTRY_KEY)) {
          const entry = JSON.parse(localStorage.getItem(key));
          this.entries.set(entry.report_id, entry);
        }
      }
    } catch {
      this.keeps = false;
    }
  }

  keep(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(value));
    } catch {
      this.keeps = false;
    }
  }

  name(reviewer) {
    this.about.reviewer = reviewer;
    this.keep(`${STORE}:about`, this.about);
  }

  /** The entry of a report, if it is of the text that this page shows. */
  entry(report) {
    const entry = this.entries.get(report.id);
    return entry && entry.text_sha256 === report.sha ? entry : null;
  }

  verdict(report, id) {
    return this.entry(report)?.findings.find((said) => said.finding_id === id) ?? null;
  }

  /** Findings that the reader added and that the database does not have yet. */
  added(report) {
    const known = new Set(report.findings.map((finding) => finding.id));
    return (this.entry(report)?.added ?? []).filter((added) => !known.has(added.id));
  }

  isAdded(report, id) {
    return (this.entry(report)?.added ?? []).some((added) => added.id === id);
  }

  isDecided(report, finding) {
    return this.verdict(report, finding.id) !== null || this.isAdded(report, finding.id);
  }

  undecided(report) {
    return report.findings.filter((finding) => !this.isDecided(report, finding));
  }

  isComplete(report) {
    return this.entry(report)?.complete ?? false;
  }

  decide(report, finding, verdict, values = {}, reason = null) {
    this.change(report, (entry) => {
      entry.findings = entry.findings.filter((said) => said.finding_id !== finding.id);
      if (verdict === null) entry.complete = false;
      else entry.findings.push({ finding_id: finding.id, verdict, seen: finding.seen, values, reason: reason || null });
    });
  }

  add(report, added) {
    this.change(report, (entry) => {
      entry.added = [...entry.added.filter((other) => other.id !== added.id), added];
    });
  }

  removeAdded(report, id) {
    this.change(report, (entry) => {
      entry.added = entry.added.filter((added) => added.id !== id);
    });
  }

  /** Read to the end: what is not decided on yet is right. */
  complete(report, complete) {
    this.change(report, (entry) => {
      if (complete) {
        for (const finding of this.undecided(report))
          entry.findings.push({ finding_id: finding.id, verdict: "accept", seen: finding.seen, values: {}, reason: null });
      }
      entry.complete = complete;
    });
  }

  change(report, edit) {
    const before = this.entries.get(report.id) ?? null;
    this.undone.push([report.id, before && JSON.stringify(before)]);
    const now = this.entry(report);
    const entry = now
      ? JSON.parse(JSON.stringify(now))
      : { report_id: report.id, run_id: report.run, text_sha256: report.sha, complete: false, findings: [], added: [] };
    edit(entry);
    this.put(report.id, entry.complete || entry.findings.length || entry.added.length ? entry : null);
  }

  undo() {
    const last = this.undone.pop();
    if (!last) return null;
    this.put(last[0], last[1] && JSON.parse(last[1]));
    return REPORT_BY_ID.get(last[0]) ?? null;
  }

  put(reportId, entry) {
    if (entry) this.entries.set(reportId, entry);
    else this.entries.delete(reportId);
    this.keep(ENTRY_KEY + reportId, entry);
    this.unsaved = true;
    for (const listener of this.listeners) listener(reportId);
  }

  /** Continue a saved review; what it says of a report replaces what is here. */
  open(file) {
    if (file.format !== "reportsup review" || file.version !== 1) throw new Error("This file is no saved review.");
    if (file.database !== DATA.database) throw new Error("This review was made of another database.");
    this.about = { ...this.about, id: file.review_id, reviewer: file.reviewer ?? this.about.reviewer };
    for (const sample of file.samples ?? []) this.about.samples[sample.sample_id] = sample;
    this.keep(`${STORE}:about`, this.about);
    for (const entry of file.reports) this.put(entry.report_id, entry);
    this.undone = [];
    return file.reports.length;
  }

  file() {
    return {
      format: "reportsup review",
      version: 1,
      review_id: this.about.id,
      database: DATA.database,
      reviewer: this.about.reviewer || null,
      saved_at: new Date().toISOString(),
      samples: Object.values(this.about.samples),
      reports: [...this.entries.values()],
    };
  }
}
