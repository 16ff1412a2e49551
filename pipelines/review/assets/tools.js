// Small helpers. Whatever a report says becomes text, never HTML.

const $ = (selector) => document.querySelector(selector);

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "selected"]);

/** A DOM element: attributes (`on…` = listener, `hue` = its colour), then children; null children are left out. */
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "hue") node.style.setProperty("--hue", value);
    else if (name === "share") node.style.setProperty("--share", value);
    else if (PROPERTIES.has(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...present(children));
  return node;
}

const present = (children) => children.flat(2).filter((child) => child !== null && child !== undefined && child !== false);

/** Replace what an element holds. */
const fill = (node, ...children) => node.replaceChildren(...present(children));

const words = (name) => name.replaceAll("_", " ");
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const percent = (share) => `${Math.round(share * 100)} %`;
const counted = (n, noun, plural = `${noun}s`) => `${n.toLocaleString("en")} ${n === 1 ? noun : plural}`;
const randomHex = (bytes) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (b) => b.toString(16).padStart(2, "0")).join("");

/** [[23, 14], [8]] → "23 × 14, 8" (mm). */
const sizesText = (sizes) => (sizes ?? []).map((lesion) => lesion.map((d) => `${d}`).join(" × ")).join(", ");

/** What a person typed for sizes → [[23, 14], [8]] in mm; null where it cannot be meant. */
function parseSizes(typed) {
  const text = typed.trim().replace(/(\d),(\d)/g, "$1.$2");
  if (!text) return [];
  const lesions = [];
  for (const part of text.split(/[;,]|\band\b/i)) {
    const match = part.trim().match(/^([\d.]+(?:\s*(?:[x×*]|by)\s*[\d.]+){0,2})\s*(mm|cm)?$/i);
    if (!match) return null;
    const factor = match[2]?.toLowerCase() === "cm" ? 10 : 1;
    const diameters = match[1].split(/\s*(?:[x×*]|by)\s*/i).map((d) => Math.round(Number(d) * factor * 10) / 10);
    if (diameters.some((d) => !(d >= 0.5 && d <= 500))) return null;
    lesions.push(diameters.sort((a, b) => b - a));
  }
  return lesions;
}

/** Sizes that a text states, for a form's start: "2.3 x 1.4 cm" → [[23, 14]]. */
function sizesIn(text) {
  const pattern = /\d+(?:[.,]\d+)?(?:\s*(?:mm|cm)?\s*[x×]\s*\d+(?:[.,]\d+)?){0,2}\s*(?:mm|cm)\b/gi;
  return (text.match(pattern) ?? []).flatMap((found) => {
    const unit = /cm$/i.test(found) ? "cm" : "mm";
    return parseSizes(`${found.replace(/\s*(?:mm|cm)/gi, "")} ${unit}`) ?? [];
  });
}

let toastTimer = 0;
function toast(...content) {
  clearTimeout(toastTimer);
  $("#toast").replaceChildren(...content);
  $("#toast").hidden = false;
  toastTimer = setTimeout(() => ($("#toast").hidden = true), 9000);
}
