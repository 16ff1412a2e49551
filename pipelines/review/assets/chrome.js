// Around the reports: search, keys, the file, the sheet with reviewer and keys, light and dark.

const KEYS = [
  ["j k", "next, previous finding"], ["] [", "next, previous report"], ["n", "next unreviewed"], ["a", "accept"],
  ["r", "reject"], ["e", "edit"], ["m", "mark selected words as a missing finding"],
  ["d", "finish the report: accept what is left, nothing is missing"], ["u", "undo"], ["/", "search"],
  ["s", "save the review"], ["?", "this list"], ["Esc", "close"],
];

function saveReview() {
  if (!review.about.reviewer) return drawSheet("Who reviews? The name stands with every correction.");
  const content = review.file();
  if (!content.reports.length) return toast("Nothing is reviewed yet.");
  const day = content.saved_at.slice(0, 16).replace("T", "-").replace(":", "");
  const name = `review-${DATA.name.replace(/\.[^.]*$/, "").replace(/[^\w-]+/g, "-")}-${day}.json`;
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  review.unsaved = false;
  drawProgress();
  toast(el("b", {}, `Saved ${name}`), " Record it: ", el("code", {}, `reportsup correct --from ${name} --db ${DATA.name}`));
}

async function openReview(file) {
  try {
    const n = review.open(JSON.parse(await file.text()));
    refilter();
    draw();
    toast(`${counted(n, "report")} of ${file.name} taken over.`);
  } catch (error) {
    toast(error instanceof SyntaxError ? "This file is no JSON." : error.message);
  }
}

function drawSheet(lead) {
  const sheet = $("#sheet");
  const name = el("input", { value: review.about.reviewer, placeholder: "Dr. K", autocomplete: "name", "aria-label": "Reviewer" });
  const file = el("input", { type: "file", accept: ".json,application/json", hidden: true, onchange: () => ((sheet.close()), openReview(file.files[0])) });
  const { sample } = DATA;
  const save = () => (review.name(name.value.trim()), sheet.close(), lead && review.about.reviewer && saveReview());
  fill(sheet,
    el("form", { method: "dialog", onsubmit: (e) => (e.preventDefault(), save()) },
      el("h2", {}, lead ? "Save the review" : "This page"),
      el("label", { class: "field" }, el("span", { class: "label" }, lead ?? "Reviewer"), name),
      el("div", { class: "actions" }, el("button", { class: "do primary", type: "submit" }, lead ? "Save review" : "Keep name"),
        el("button", { class: "do", type: "button", onclick: () => sheet.close() }, "Close")),
      !lead && [
        el("h3", {}, "Where it is kept"),
        el("p", {}, "The review stays in this browser until you save it to a file. Record the file with ",
          el("code", {}, "reportsup correct --from FILE"), ". This page sends nothing anywhere; it holds report text, so keep it where the reports may be."),
        el("div", { class: "actions" }, el("button", { class: "do", type: "button", onclick: () => file.click() }, "Open a saved review …"),
          el("button", { class: "do", type: "button", onclick: switchTheme }, "Light or dark")), file,
        sample && [el("h3", {}, "Sample"), el("p", {}, `${counted(sample.reports.length, "report")} drawn with seed ${sample.seed}`,
          sample.stratified_by.length ? `, stratified by ${sample.stratified_by.join(" and ")}` : "",
          sample.view ? `, of ${words(sample.view)}` : "", ". Finish every report; then ", el("code", {}, "reportsup audit --review"), " tells precision and recall.")],
        el("h3", {}, "Keys"),
        el("dl", { class: "keys" }, KEYS.flatMap(([key, what]) => [el("dt", {}, key.split(" ").map((k) => el("kbd", {}, k))), el("dd", {}, what)])),
        el("p", { class: "hint" }, `Made ${DATA.made_at.replace("T", " ").slice(0, 16)} UTC of ${DATA.name}.`),
      ]));
  if (!sheet.open) sheet.showModal();
  if (lead) name.focus();
}

function switchTheme() {
  const dark = document.documentElement.dataset.theme === "dark";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  review.keep("reportsup:theme", document.documentElement.dataset.theme);
}

function startTheme() {
  let theme = null;
  try {
    theme = JSON.parse(localStorage.getItem("reportsup:theme"));
  } catch {
    theme = null;
  }
  document.documentElement.dataset.theme = theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

const SHORTCUTS = {
  j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
  "]": () => stepReport(1), "[": () => stepReport(-1), n: nextUnreviewed,
  a: () => act("accept", page.current), e: () => act("edit", page.current),
  r: () => act(page.items[page.current]?.added ? "remove" : "reject", page.current),
  m: useSelection, d: () => finish(true), s: saveReview,
  u: () => {
    const report = review.undo();
    if (report) open(report, page.report === report ? page.current : 0);
  },
  "/": () => $("#search input").focus(), "?": () => drawSheet(),
  Escape: () => (hideTip(), document.body.classList.remove("reading")),
};

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || $("#sheet").open) return;
  const typing = e.target.closest("input, select, textarea");
  if (e.key === "Escape" && page.form) return closeForm();
  if (typing) {
    if (typing.type === "search" && e.key === "Escape") {
      e.preventDefault();
      search("");
    }
    if (e.key === "Escape" || (e.key === "Enter" && typing.type === "search")) typing.blur();
    return;
  }
  const run = SHORTCUTS[e.key];
  if (!run || (e.target.closest("button, summary") && (e.key === "Enter" || e.key === " "))) return;
  e.preventDefault();
  run();
});

document.addEventListener("selectionchange", () => {
  const button = $("#mark");
  const place = page.report && whyNotReviewable(page.report) === null && selectedPlace(page.report);
  button.hidden = !place;
  if (!place) return;
  hideTip();
  fill(button, page.form ? "Use as a quote" : "Mark as a finding", el("kbd", {}, "m"));
  const box = getSelection().getRangeAt(0).getBoundingClientRect();
  button.style.left = `${Math.max(8, Math.min(box.left, innerWidth - button.offsetWidth - 8))}px`;
  button.style.top = `${Math.min(box.bottom + 8, innerHeight - 48)}px`;
});
// A click would clear the selection before it is read.
$("#mark").addEventListener("pointerdown", (e) => e.preventDefault());
$("#mark").addEventListener("click", useSelection);

let searching = 0;
function search(wanted) {
  clearTimeout(searching);
  $("#search input").value = filter.search = wanted;
  refilter();
}
$("#search input").addEventListener("input", (e) => {
  clearTimeout(searching);
  searching = setTimeout(() => search(e.target.value), 80);
});
$("#save").addEventListener("click", saveReview);
$("#more").addEventListener("click", () => drawSheet());
$("#back").addEventListener("click", () => document.body.classList.remove("reading"));
addEventListener("beforeunload", (e) => {
  if (!review.keeps && review.unsaved) e.preventDefault();
});

startTheme();
if (DATA.view && REPORTS.some((report) => reasonsOf(report).includes(DATA.view))) filter.view = DATA.view;
drawFilters(refilter);
drawProgress();
refilter();
document.body.dataset.ready = "true";
