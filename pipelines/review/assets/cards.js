// A finding as a card: what it says, how sure the reader was and why, and what to do with it.

const DECISIONS = { lesion: "A lesion of its own", organ: "Organ", side: "Side", size: "Size is of today", type: "Type" };

function headline(values) {
  const sizes = sizesText(values.sizes_mm);
  const sign = { upper: "≤ ", lower: "≥ " }[values.size_bound] ?? "";
  return el("h3", {},
    el("i", { class: "dot" }),
    capital([values.laterality, organLabel(values.organ)].filter(Boolean).join(" ")),
    el("span", { class: sizes ? "size" : "size none" }, sizes ? `${sign}${sizes} mm` : "no size"));
}

function facts(values) {
  const n = values.count ?? null;
  const number = n !== null ? (n === 1 ? null : `${n} lesions`) : values.count_min > 1 ? `${values.count_min} or more` : "number open";
  const kind = values.lesion_type === "unspecified" ? null : values.lesion_type;
  const prior = values.prior_sizes_mm?.length ? `before: ${sizesText(values.prior_sizes_mm)} mm` : null;
  const told = [
    values.location?.join(", "), values.type_text && `“${values.type_text}”`, kind, number,
    values.certainty === "possible" ? "possible" : null, values.attenuation && `${values.attenuation} attenuation`, prior,
    values.image_reference,
  ].filter(Boolean);
  return el("p", { class: "facts" }, told.join(" · "));
}

function confidence(item) {
  if (item.added) return el("p", { class: "by" }, "Added by you");
  if (item.confidence === undefined) return el("p", { class: "by" }, item.corrected ? "Changed or added by a person" : "The extractor gives no confidence");
  return el("p", { class: `confidence${item.confidence < filter.below ? " low" : ""}` },
    el("span", { class: "meter", share: item.confidence }), `${percent(item.confidence)} sure`, item.corrected && " · changed by a person");
}

/** What decided it: each decision's probability and, when asked, the features that weighed most. */
function why(item, open) {
  if (!item.why) return null;
  const row = ([name, [probability, features]]) => el("li", {},
    el("span", { class: "decision" }, DECISIONS[name] ?? words(name)),
    el("span", { class: "meter", share: probability }), el("span", { class: "p" }, percent(probability)),
    open && el("span", { class: "features" }, features.map(([number, weight]) =>
      el("code", { class: weight < 0 ? "against" : "for" }, DATA.features[number], ` ${weight > 0 ? "+" : "−"}${Math.abs(weight)}`))));
  return el("ul", { class: "why" }, Object.entries(item.why).map(row));
}

/** What the reader changed: sizes mm: 14 × 11 → 23 × 14. */
function changes(item, said) {
  const told = (name, value) => (name.endsWith("sizes_mm") ? sizesText(value) : Array.isArray(value) ? value.join(", ") : value) || "–";
  return el("ul", { class: "changes" }, Object.entries(said.values).map(([name, value]) =>
    el("li", {}, `${capital(words(name))}: `, el("s", {}, `${told(name, item.values[name])}`), ` → ${told(name, value)}`)));
}

function card(report, item, index, isCurrent, act) {
  const values = valuesOf(report, item);
  const said = item.added ? null : review.verdict(report, item.id);
  const state = item.added || review.isAdded(report, item.id) ? "add" : said?.verdict;
  const badge = { accept: "accepted", reject: "rejected", edit: "edited", add: "added" }[state];
  const can = whyNotReviewable(report) === null;
  const button = (verdict, text, key) => el("button", {
    class: `do ${verdict}`, "aria-pressed": String(said?.verdict === verdict), title: `${text} (${key})`,
    onclick: (e) => (e.stopPropagation(), act(verdict, index)),
  }, text, el("kbd", {}, key));
  return el("article", {
    class: `card ${state ?? "open"}${isCurrent ? " current" : ""}`, hue: hueOf(values.organ), "data-index": index,
    "aria-current": isCurrent ? "true" : null, onclick: () => act("select", index),
  },
    badge && el("span", { class: "badge" }, badge),
    headline(values), facts(values), said?.verdict === "edit" && changes(item, said),
    said?.reason && el("p", { class: "note" }, said.reason),
    confidence(item),
    item.flags && el("p", { class: "flags" }, item.flags.map((flag) => el("span", {}, words(flag)))),
    isCurrent && item.why && el("details", { open: whyOpen, ontoggle: (e) => (whyOpen = e.target.open) }, el("summary", {}, "What decided it"), why(item, true)),
    can && isCurrent && el("div", { class: "actions" },
      item.added
        ? [el("button", { class: "do", onclick: () => act("edit", index) }, "Edit", el("kbd", {}, "e")),
          el("button", { class: "do", onclick: () => act("remove", index) }, "Remove", el("kbd", {}, "r"))]
        : [button("accept", "Accept", "a"), button("reject", "Reject", "r"), button("edit", "Edit", "e")]));
}
let whyOpen = false;

/** A finding that was not valid: why, and what it said. */
function quarantinedCard(report, held, onadd) {
  const said = typeof held.finding === "object" && held.finding ? held.finding : {};
  const told = ["organ", "laterality", "lesion_type"].map((name) => said[name]).filter((value) => typeof value === "string");
  return el("article", { class: "card quarantined" },
    el("span", { class: "badge" }, "quarantined"),
    el("h3", {}, told.length ? capital(told.join(" · ").replaceAll("_", " ")) : "A finding"),
    el("p", { class: "facts" }, `${held.reason} (${held.extractor})`),
    whyNotReviewable(report) === null && el("div", { class: "actions" },
      el("button", { class: "do", onclick: () => onadd(said) }, "Add it rightly")));
}

/** How another extractor answered the same report. */
const answersNote = (report) => report.answers && el("p", { class: "answers" }, "The extractors disagree: ",
  report.answers.map((answer) => `${answer.by} ${counted(answer.n, "finding")} (${(answer.organs ?? []).map(organLabel).join(", ") || "none"})`).join(" · "));
