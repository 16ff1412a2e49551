// The form that edits a finding or adds one.

const SIMPLE = ["laterality", "lesion_type", "certainty", "size_bound", "attenuation"];

class FindingForm {
  /**
   * `item` is what is edited, or null; `values` what the form begins with; `spans` where the quotes stand.
   * `onsave(values, spans, reason)` gets all values that the form holds.
   */
  constructor({ report, item, values, spans, reason, onsave, oncancel }) {
    Object.assign(this, { report, item, start: values, onsave, oncancel });
    this.quotes = (values.evidence ?? []).map((quote, i) => ({ quote, span: spans?.[i] ?? null }));
    this.inputs = {};
    this.node = this.draw(values, reason);
  }

  draw(values, reason) {
    const { vocabulary } = DATA;
    const choice = (name, label, options, empty) => this.labelled(name, label,
      el("select", { onchange: () => this.fit() }, empty !== undefined && el("option", { value: "" }, empty),
        options.map(([value, text]) => el("option", { value, selected: values[name] === value }, text))));
    const plain = (names) => names.map((name) => [name, capital(words(name))]);
    const typed = (name, label, value, placeholder) =>
      this.labelled(name, label, el("input", { value, placeholder, autocomplete: "off", spellcheck: "false" }));
    const organs = Object.keys(ORGANS).map((name) => [name, capital(organLabel(name))]).sort((a, b) => a[1].localeCompare(b[1]));
    const open = values.count === undefined || values.count === null;
    this.places = el("datalist", { id: "places" });
    this.error = el("p", { class: "error", role: "alert", hidden: true });
    this.quoteList = el("ul", { class: "quotes" });
    const node = el("form", { class: "card form", onsubmit: (e) => (e.preventDefault(), this.save()) },
      el("h3", {}, this.item ? "Edit the finding" : "A finding that is missing"),
      el("div", { class: "grid" },
        choice("organ", "Organ", organs, values.organ ? undefined : "Choose …"),
        choice("laterality", "Side", plain(vocabulary.laterality), "–"),
        typed("location", "Place", (values.location ?? []).join(", "), "segment 4, dome"),
        typed("type_text", "As written", values.type_text ?? "", "cyst"),
        choice("lesion_type", "Type", plain(vocabulary.lesion_type)),
        choice("certainty", "Certainty", plain(vocabulary.certainty)),
        typed("sizes_mm", "Sizes in mm", sizesText(values.sizes_mm), "23 x 14, 8"),
        choice("size_bound", "Sizes are", [["exact", "Measured"], ["upper", "At most"], ["lower", "At least"]], "–"),
        typed("count", "Number", `${(open ? values.count_min : values.count) ?? 1}`, "1"),
        choice("open", "The number is", [["", "Exact"], ["open", "At least"]]),
        typed("prior_sizes_mm", "Earlier sizes", sizesText(values.prior_sizes_mm), "10"),
        choice("attenuation", "Attenuation", plain(vocabulary.attenuation), "–")),
      this.places,
      el("div", { class: "evidence" }, el("span", { class: "label" }, "Quotes"), this.quoteList,
        el("p", { class: "hint" }, "Select text in the report to add a quote.")),
      this.labelled("reason", "Why (kept with the correction)", el("input", { value: reason ?? "", autocomplete: "off" })),
      this.error,
      el("div", { class: "actions" },
        el("button", { class: "do primary", type: "submit" }, this.item ? "Save" : "Add", el("kbd", {}, "↵")),
        el("button", { class: "do", type: "button", onclick: () => this.oncancel() }, "Cancel", el("kbd", {}, "Esc"))));
    this.inputs.open.value = open ? "open" : "";
    this.inputs.location.setAttribute("list", "places");
    this.inputs.count.setAttribute("inputmode", "numeric");
    this.fit();
    this.drawQuotes();
    return node;
  }

  labelled(name, label, input) {
    this.inputs[name] = input;
    input.setAttribute("name", name);
    return el("label", { class: "field" }, el("span", { class: "label" }, label), input);
  }

  /** What the organ allows: its places, and whether it has sides. */
  fit() {
    const organ = ORGANS[this.inputs.organ.value];
    fill(this.places, ...(organ?.places ?? []).map((place) => el("option", { value: place })));
    this.inputs.size_bound.disabled = !this.inputs.sizes_mm.value.trim() && !this.inputs.sizes_mm.matches(":focus");
    this.inputs.sizes_mm.oninput = () => this.fit();
  }

  addQuote({ quote, span }) {
    this.quotes.push({ quote, span });
    if (!this.inputs.sizes_mm.value.trim()) this.inputs.sizes_mm.value = sizesText(sizesIn(quote));
    this.fit();
    this.drawQuotes();
  }

  drawQuotes() {
    fill(this.quoteList, ...this.quotes.map((held, i) => el("li", {}, el("q", {}, held.quote),
      el("button", {
        type: "button", class: "icon", "aria-label": "Remove this quote",
        onclick: () => (this.quotes.splice(i, 1), this.drawQuotes()),
      }, "×"))));
  }

  /** The values that the form holds; throws a sentence where one cannot be meant. */
  read() {
    const value = (name) => this.inputs[name].value.trim();
    if (!value("organ")) throw new Error("Choose the organ.");
    if (!this.quotes.length) throw new Error("Select in the report the words that say it: a finding needs a quote.");
    const location = value("location") ? value("location").split(/\s*,\s*/).filter(Boolean) : [];
    const { places, label } = ORGANS[value("organ")];
    const foreign = places.length && location.find((place) => !places.includes(place));
    if (foreign) throw new Error(`“${foreign}” is no part of the ${label}. Known are: ${places.join(", ")}.`);
    const sizes = parseSizes(value("sizes_mm"));
    const earlier = parseSizes(value("prior_sizes_mm"));
    if (!sizes || !earlier) throw new Error("Write sizes in mm, up to three diameters each, 0.5 to 500: 23 x 14, 8.");
    if (!/^[1-9]\d{0,3}$/.test(value("count"))) throw new Error("The number of lesions is a whole number, 1 or more.");
    const n = Number(value("count"));
    const isOpen = value("open") === "open";
    return {
      ...Object.fromEntries(SIMPLE.map((name) => [name, value(name) || null])),
      organ: value("organ"), location, type_text: value("type_text") || null, count: isOpen ? null : n, count_min: n,
      sizes_mm: sizes, size_bound: sizes.length ? value("size_bound") || "exact" : null, prior_sizes_mm: earlier,
      evidence: this.quotes.map((held) => held.quote),
    };
  }

  save() {
    try {
      const values = this.read();
      this.onsave(values, this.quotes.map((held) => held.span), this.inputs.reason.value.trim());
    } catch (error) {
      this.error.textContent = error.message;
      this.error.hidden = false;
    }
  }
}

/** The fields in which `now` differs from `before`; what was not said and is empty now is no difference. */
function differences(before, now) {
  const plain = (value) => JSON.stringify(value === undefined || value === null || value.length === 0 ? null : value);
  return Object.fromEntries(Object.entries(now).filter(([name, value]) => plain(value) !== plain(before[name])));
}

/** Values without those that say nothing. */
const said = (values) => Object.fromEntries(
  Object.entries(values).filter(([, value]) => value !== null && !(Array.isArray(value) && !value.length)));
