// The report's text with its findings highlighted, what hovering tells, and marking what is missing.

/** Findings of a report with those that the reader added, in the order of the text. */
function itemsOf(report) {
  const added = review.added(report).map((entry) => ({ ...entry, added: true }));
  const start = (item) => item.spans?.[0]?.[0] ?? Infinity;
  return [...report.findings, ...added].sort((a, b) => start(a) - start(b));
}

/** The values of a finding with what the reader changed. */
function valuesOf(report, item) {
  const said = review.verdict(report, item.id);
  return said?.verdict === "edit" ? { ...item.values, ...said.values } : item.values;
}

const isRejected = (report, item) => review.verdict(report, item.id)?.verdict === "reject";

/** The text as nodes: runs of it, marked where a finding's quote stands; the word that names a lesion is bold. */
function markedText(report, items, current) {
  const cuts = new Set([0, report.text.length]);
  const places = [];
  items.forEach((item, index) => {
    for (const [start, end] of item.spans ?? []) {
      const place = { index, start: toUnits(report, start), end: toUnits(report, end) };
      places.push(place);
      cuts.add(place.start).add(place.end);
    }
  });
  const anchors = items.flatMap((item) => (item.anchor && item.spans?.length ? [item.anchor.map((p) => toUnits(report, p))] : []));
  for (const [start, end] of anchors) cuts.add(start).add(end);
  const edges = [...cuts].sort((a, b) => a - b);
  const nodes = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const [start, end] = [edges[i], edges[i + 1]];
    const here = places.filter((place) => place.start <= start && end <= place.end);
    const run = report.text.slice(start, end);
    if (!here.length) {
      nodes.push(el("span", { "data-start": start }, run));
      continue;
    }
    const top = here.find((place) => place.index === current) ?? here.reduce((a, b) => (b.end - b.start < a.end - a.start ? b : a));
    const item = items[top.index];
    const names = anchors.some(([a, b]) => a <= start && end <= b);
    const classes = [names && "anchor", top.index === current && "current", isRejected(report, item) && "rejected", item.added && "added"];
    nodes.push(el("mark", {
      class: classes.filter(Boolean).join(" "), hue: hueOf(valuesOf(report, item).organ),
      "data-start": start, "data-items": [...new Set(here.map((place) => place.index))].join(" "),
    }, run));
  }
  return nodes;
}

/** Words of the search in the text, as the browser's own highlight. */
function highlightSearch(container) {
  if (!globalThis.CSS?.highlights) return;
  CSS.highlights.delete("search");
  const wanted = filter.search.toLowerCase().split(/\s+/).filter((word) => word.length > 1);
  if (!wanted.length) return;
  const ranges = [];
  const walker = document.createTreeWalker(container, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.toLowerCase();
    for (const word of wanted)
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, Math.min(at + word.length, node.length));
        ranges.push(range);
      }
  }
  CSS.highlights.set("search", new Highlight(...ranges));
}

/** The part of the report's text that is selected, widened to whole words, as code points; null if there is none. */
function selectedPlace(report) {
  const selection = getSelection();
  const container = $("#text");
  if (!container || !selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!container.contains(range.startContainer) || !container.contains(range.endContainer)) return null;
  let start = unitAt(range.startContainer, range.startOffset);
  let end = unitAt(range.endContainer, range.endOffset);
  const text = report.text;
  while (start < end && /\s/.test(text[start])) start++;
  while (end > start && /\s/.test(text[end - 1])) end--;
  if (start >= end) return null;
  const inWord = (i) => /[\p{L}\p{N}]/u.test(text[i] ?? " ");
  while (start > 0 && inWord(start - 1) && inWord(start)) start--;
  while (end < text.length && inWord(end) && inWord(end - 1)) end++;
  return { span: [toPoints(report, start), toPoints(report, end)], quote: text.slice(start, end) };
}

/** The offset in the report's text of a place in the document. */
function unitAt(node, offset) {
  if (node.nodeType === Node.TEXT_NODE) return Number(node.parentElement.dataset.start) + offset;
  const next = node.childNodes[offset];
  if (next) return unitAt(next.nodeType === Node.TEXT_NODE ? next : next.firstChild ?? next, 0);
  const last = node.childNodes[offset - 1];
  const text = last?.nodeType === Node.TEXT_NODE ? last : last?.firstChild;
  return text ? unitAt(text, text.length) : 0;
}

/** A box beside the pointer that tells of the findings under it. */
function showTip(report, items, mark) {
  const shown = mark.dataset.items.split(" ").map((index) => items[index]);
  fill($("#tip"), ...shown.map((item) => {
    const values = valuesOf(report, item);
    return el("div", { class: "told", hue: hueOf(values.organ) }, headline(values), facts(values), confidence(item), why(item, false));
  }));
  const tip = $("#tip");
  tip.hidden = false;
  const around = mark.getClientRects()[0] ?? mark.getBoundingClientRect();
  const left = Math.min(around.left, innerWidth - tip.offsetWidth - 12);
  const below = around.bottom + 8 + tip.offsetHeight < innerHeight;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${below ? around.bottom + 8 : Math.max(8, around.top - tip.offsetHeight - 8)}px`;
}

const hideTip = () => ($("#tip").hidden = true);
