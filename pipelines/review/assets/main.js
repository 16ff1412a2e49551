// The page: opening reports, going through findings, deciding on them.

const review = new Review();
const page = { report: null, items: [], current: 0, form: null };
const worklist = new Worklist(review, (report) => open(report, 0));

function open(report, index, { show = true } = {}) {
  page.report = report;
  page.form = null;
  page.current = index;
  document.body.classList.toggle("reading", show);
  worklist.select(report);
  draw();
  $("#report").scrollTop = 0;
  $("#reading").scrollTop = 0;
  $("#findings").scrollTop = 0;
  reveal();
}

function draw() {
  const { report } = page;
  hideTip();
  $("#mark").hidden = true;
  if (!report) {
    fill($("#report"), el("p", { class: "empty" }, "No report answers the filters."));
    fill($("#findings"), );
    return;
  }
  page.items = itemsOf(report);
  page.current = Math.max(-1, Math.min(page.current, page.items.length - 1));
  drawReport(report);
  drawFindings(report);
  drawThumb(report);
}

function drawReport(report) {
  const about = [report.exam, report.modality, report.date, [report.sex, report.age].filter(Boolean).join(" "),
    report.patient && `patient ${report.patient}`].filter(Boolean);
  const reasons = [...report.flags.filter((flag) => flag !== "unsure"), ...report.unsure];
  const blocked = whyNotReviewable(report);
  const text = el("pre", { id: "text", lang: "en" }, markedText(report, page.items, page.current));
  fill($("#report"),
    el("header", {},
      el("h2", {}, report.id, review.isComplete(report) && el("span", { class: "badge complete" }, "reviewed")),
      about.length > 0 && el("p", { class: "about" }, about.join(" · ")),
      reasons.length > 0 && el("p", { class: "flags" }, [...new Set(reasons)].map((flag) => el("span", {}, words(flag)))),
      report.reason && el("p", { class: "about" }, `Status ${report.status}: ${report.reason}`),
      answersNote(report),
      blocked && el("p", { class: "error" }, blocked)),
    text,
    report.negatives && el("p", { class: "negatives" }, "Said to be free of lesions: ",
      report.negatives.map((organ) => el("span", { class: "organ", hue: hueOf(organ) }, organLabel(organ)))));
  text.addEventListener("mouseover", (e) => {
    const mark = e.target.closest("mark");
    if (mark) showTip(report, page.items, mark);
    else hideTip();
  });
  text.addEventListener("mouseleave", hideTip);
  text.addEventListener("click", (e) => {
    const mark = e.target.closest("mark");
    if (!mark || !getSelection().isCollapsed || page.form) return;
    const here = mark.dataset.items.split(" ").map(Number);
    select(here[(here.indexOf(page.current) + 1) % here.length]);
  });
  highlightSearch(text);
}

function drawFindings(report) {
  const cards = page.items.map((item, i) =>
    page.form?.item === item ? page.form.node : card(report, item, i, i === page.current && !page.form, act));
  const added = page.form && !page.form.item ? [page.form.node] : [];
  const held = (report.quarantine ?? []).map((q) => quarantinedCard(report, q, (said) => addQuarantined(said)));
  const n = page.items.length;
  fill($("#findings"),
    el("h2", {}, n ? counted(n, "finding") : capital(nothingRead(report))),
    ...added, ...cards, ...held, drawFinish(report));
}

function drawFinish(report) {
  if (whyNotReviewable(report)) return null;
  const left = review.undecided(report).length;
  if (review.isComplete(report))
    return el("div", { class: "finish complete" }, el("p", {}, "Read to the end: every finding is decided on, nothing is missing."),
      el("button", { class: "do", onclick: () => finish(false) }, "Reopen"));
  const what = left ? `Accept ${left === page.items.length ? (left === 1 ? "it" : "all") : `the other ${left}`} and finish` : "Nothing is missing: finish";
  return el("div", { class: "finish" },
    el("p", {}, "Something missing? Select its words in the report."),
    el("button", { class: "do primary", id: "finish", onclick: () => finish(true) }, what, el("kbd", {}, "d")));
}

/** Where cards stand below the text: the current finding and what to do with it, in reach of a thumb. */
function drawThumb(report) {
  const can = whyNotReviewable(report) === null;
  const item = page.items[page.current];
  const values = item && valuesOf(report, item);
  const is = item && review.verdict(report, item.id)?.verdict;
  const button = (name, label, says, run, on = false) =>
    el("button", { class: `do ${name}`, "aria-label": says, "aria-pressed": on ? "true" : null, onclick: run }, label);
  const left = review.undecided(report).length;
  $("#thumb").hidden = page.form !== null;
  fill($("#thumb"),
    item && el("div", { class: `told${is === "reject" ? " reject" : ""}`, hue: hueOf(values.organ) }, headline(values)),
    el("div", { class: "reach" },
      button("", "‹", "Previous finding", () => step(-1)),
      can && left === 0 && !review.isComplete(report)
        ? button("primary", "Finish", "Finish: nothing is missing", () => finish(true))
        : can && item && [
          button("accept", "Accept", "Accept", () => act("accept", page.current), is === "accept"),
          button("reject", item.added ? "Remove" : "Reject", "Reject", () => act(item.added ? "remove" : "reject", page.current), is === "reject"),
          button("edit", "Edit", "Edit", () => act("edit", page.current), is === "edit")],
      button("", "›", "Next finding", () => step(1))));
}

const isStacked = () => getComputedStyle($("#reading")).display === "block";

/** Bring the current finding's quote and card into sight. */
function reveal() {
  const form = $("#findings .form");
  const mark = $("#text mark.current");
  if (form && isStacked()) return form.scrollIntoView({ block: "start", behavior: "instant" });
  mark?.scrollIntoView({ block: "nearest", behavior: "instant" });
  if (!mark || !isStacked()) (form ?? $("#findings .card.current"))?.scrollIntoView({ block: "nearest", behavior: "instant" });
}

function select(index) {
  page.form = null;
  page.current = index;
  draw();
  reveal();
}

/** The next or previous finding; past the last one, the next report. */
function step(by) {
  const next = page.current + by;
  if (next >= 0 && next < page.items.length) select(next);
  else stepReport(by, by < 0);
}

function stepReport(by, atEnd = false) {
  const i = page.report ? worklist.indexOf(page.report) : -1;
  const report = worklist.reports[i + by];
  if (report) open(report, atEnd ? Math.max(0, itemsOf(report).length - 1) : 0);
  else toast(by > 0 ? "This is the last report of the list." : "This is the first report of the list.");
}

/** The next finding, or report, that is not decided on: in this report, then down the list, then from its top. */
function nextUnreviewed() {
  const here = page.items.findIndex((item, i) => i > page.current && !item.added && !review.isDecided(page.report, item));
  if (here >= 0) return select(here);
  const list = worklist.reports;
  const from = page.report ? worklist.indexOf(page.report) + 1 : 0;
  const order = [...list.slice(from), ...list.slice(0, from)];
  const report = order.find((r) => !review.isComplete(r) && whyNotReviewable(r) === null && r !== page.report);
  if (!report) return toast("Every report of this list is reviewed. Save the review.");
  const first = itemsOf(report).findIndex((item) => !item.added && !review.isDecided(report, item));
  open(report, Math.max(0, first));
}

function act(what, index) {
  const { report } = page;
  const item = page.items[index];
  if (what === "select") return index === page.current && !page.form ? null : select(index);
  if (!item || whyNotReviewable(report)) return;
  page.current = index;
  if (what === "remove") return review.removeAdded(report, item.id);
  if (what === "edit") return edit(item);
  if (item.added) return;
  const isOn = review.verdict(report, item.id)?.verdict === what;
  review.decide(report, item, isOn ? null : what);
  if (!isOn) {
    const next = page.items.findIndex((other, i) => i > index && !other.added && !review.isDecided(report, other));
    if (next >= 0) select(next);
  }
}

function edit(item) {
  const { report } = page;
  const saved = item.added ? item : review.verdict(report, item.id);
  page.form = new FindingForm({
    report, item, values: valuesOf(report, item), spans: item.spans, reason: saved?.reason,
    onsave: (values, spans, reason) => {
      page.form = null;
      if (item.added) review.add(report, { id: item.id, values: said(values), spans: known(spans), reason: reason || null });
      else {
        const changed = differences(item.values, values);
        review.decide(report, item, Object.keys(changed).length ? "edit" : "accept", changed, reason);
      }
    },
    oncancel: closeForm,
  });
  draw();
  reveal();
  page.form.inputs.organ.focus({ preventScroll: true });
}

/** A missing finding; `values` is what is known of it, `spans` where its quotes stand. */
function add(values, spans) {
  const { report } = page;
  page.form = new FindingForm({
    report, item: null, values: { lesion_type: "unspecified", certainty: "present", count: 1, count_min: 1, ...values }, spans,
    onsave: (all, places, reason) => {
      const id = randomHex(8);
      page.form = null;
      review.add(report, { id, values: said(all), spans: known(places), reason: reason || null });
      select(page.items.findIndex((item) => item.id === id));
    },
    oncancel: closeForm,
  });
  draw();
  reveal();
  page.form.inputs.organ.focus({ preventScroll: true });
}

function addQuarantined(held) {
  const { text } = page.report;
  const quotes = (Array.isArray(held.evidence) ? held.evidence : []).map((e) => (typeof e === "string" ? e : e?.text))
    .filter((quote) => typeof quote === "string" && quote && text.includes(quote));
  const values = { evidence: quotes, sizes_mm: quotes.flatMap(sizesIn) };
  if (ORGANS[held.organ]) values.organ = held.organ;
  if (DATA.vocabulary.laterality.includes(held.laterality)) values.laterality = held.laterality;
  add(values, []);
}

/** Places of all quotes, or none: the file has a place for each quote. */
const known = (spans) => (spans.every(Boolean) ? spans : []);

function closeForm() {
  page.form = null;
  draw();
}

/** The selected text as a new finding, or as a quote of the open form. */
function useSelection() {
  const place = page.report && whyNotReviewable(page.report) === null && selectedPlace(page.report);
  if (!place) return toast("Select words of the report first.");
  getSelection().removeAllRanges();
  $("#mark").hidden = true;
  if (page.form) page.form.addQuote(place);
  else add({ evidence: [place.quote], sizes_mm: sizesIn(place.quote) }, [place.span]);
}

function finish(complete) {
  if (!page.report || whyNotReviewable(page.report)) return;
  review.complete(page.report, complete);
  if (complete) nextUnreviewed();
}

function refilter() {
  const start = performance.now();
  $("#below").hidden = !filter.low;
  const reports = filtered(review);
  worklist.show(reports);
  $("#count").textContent = reports.length === REPORTS.length ? counted(reports.length, "report")
    : `${reports.length.toLocaleString("en")} of ${counted(REPORTS.length, "report")}`;
  $("#clear").hidden = !isFiltering();
  if (page.report && worklist.indexOf(page.report) >= 0) {
    worklist.select(page.report);
    highlightSearch($("#text"));
  } else {
    $("#list").scrollTop = 0;
    if (reports.length) open(reports[0], 0, { show: document.body.classList.contains("reading") });
    else ((page.report = null), draw());
  }
  document.body.dataset.filterMs = Math.round(performance.now() - start);
}

function drawProgress() {
  let n = 0;
  for (const report of REPORTS) n += review.isComplete(report);
  const share = REPORTS.length ? n / REPORTS.length : 0;
  $("#progress span").textContent = `${n.toLocaleString("en")} of ${REPORTS.length.toLocaleString("en")} reviewed`;
  $("#progress .track div").style.width = `${share * 100}%`;
  $("#save").classList.toggle("unsaved", review.unsaved);
  $("#notice").hidden = review.keeps;
  if (!review.keeps)
    $("#notice").textContent = "This browser does not keep the review here. Save it to a file before you close the page.";
}

review.listeners.push((id) => {
  drawProgress();
  if (page.report?.id === id) draw();
  worklist.draw();
});
