"""Words for a place inside an organ."""

from ..numbered_places import segment_spans, vertebra_spans
from ..spans import PlaceCue, Sentence
from .organs import governed_by

# Words that only name the organ again.
GENERIC = frozenset([
    "adnexa", "adnexal", "adrenal", "adrenal gland", "adrenal glands", "adrenals", "based", "bile", "bile duct",
    "biliary", "bladder", "bone", "bone structures", "bone window", "bones", "bony", "bony structures", "brain",
    "breast", "breasts", "cardiac", "cerebral", "cord", "duct", "ducts", "duodenal", "duodenum", "gallbladder",
    "gland", "glands", "heart", "intracranial", "lobe", "marrow", "mediastinum", "muscle", "muscles", "osseous",
    "osseous structures", "ovarian", "ovary", "ovaries", "parenchyma", "parotid", "pelvic", "pelvis", "peritoneal",
    "peritoneum", "pleura", "pleural", "prostate", "retroperitoneum", "skeletal", "skeleton", "small bowel", "soft",
    "soft tissues", "spinal", "spine", "spleen", "splenic", "structure", "structures", "system", "testicular",
    "testis", "thyroid", "thyroid gland", "tissue", "tissues", "urinary", "urinary bladder", "vertebra", "vertebral",
    "vertebral body", "uterus", "uterine",
])  # fmt: skip
# Organs whose places are the report's own words: their organ word is the place unless it is generic.
OPEN = frozenset(["bone", "soft_tissue", "brain", "spine_cord", "peritoneum", "heart", "mediastinum", "other", "pleura",
                  "small_bowel"])  # fmt: skip


def place_cues(sentence: Sentence) -> tuple[PlaceCue, ...]:
    """Place cues of a sentence in reading order; a cue may name several places at once ("a|b")."""
    relations = [t for t in sentence.terms if "RELATION:FORWARD" in t.roles]
    out: list[PlaceCue] = []

    def add(start: int, end: int, names: dict[str, str]) -> None:
        if names:
            out.append(PlaceCue(start, end, names, governed_by(sentence, start, relations)))

    for t in sentence.terms:
        names: dict[str, str] = {}
        meta = t.meta("ORGAN")
        if meta:
            where = meta.get("location")
            if where:
                names[meta["organ"]] = t.text if where == "*" else where
            elif meta["organ"] in OPEN and t.text not in GENERIC:
                names[meta["organ"]] = t.text
        for organ, where in t.meta("PLACE").get("places", {}).items():
            if not organ.startswith("_") and where:
                names[organ] = t.text if where == "*" else where
        if "STATION" in t.roles:
            names["lymph_node"] = t.text
        if t.meta("LESION").get("location") and t.meta("LESION").get("organ"):
            names[t.meta("LESION")["organ"]] = t.meta("LESION")["location"]
        add(t.start, t.end, names)
    for start, end, segments in segment_spans(sentence.text_without_sizes, apart=len(sentence.sizes) > 1):
        add(sentence.start + start, sentence.start + end, {"liver": "|".join(segments)})
    for start, end, name in vertebra_spans(sentence.text):
        add(sentence.start + start, sentence.start + end, {"bone": name, "spine_cord": name})
    return tuple(sorted(out, key=lambda c: (c.start, c.end)))
