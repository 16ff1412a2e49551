"""Rules of a few words for tests of what people recorded: fast, and easily changed as rules change."""

import re

from reportsup.schemas import Extraction, Finding, Measurement, Organ, Quarantined, Span

_LESION = re.compile(r"(?P<mm>\d+) mm (?P<word>cyst|mass)(?: in segment (?P<segment>\d))?")


class Rules:
    """Finds "5 mm cyst in segment 4" in the liver.

    Args:
        version: another one is another run.
        lead: characters before it that belong to the quote.
        blind_to: a word that it does not find. fails: answers "error" or "rejected".
    """

    name = "rules"

    def __init__(self, version="1", lead=0, blind_to=None, fails=None):
        self.version, self._lead, self._blind_to, self._fails = version, lead, blind_to, fails
        self.config = {"lead": lead, "blind_to": blind_to}

    def extract(self, report_id, text):
        if self._fails == "error":
            return Extraction(report_id=report_id, status="error", reason="failed on purpose")
        if self._fails == "rejected":
            return Extraction.answered(report_id, [], [Quarantined(reason="on purpose", finding_json="{}")])
        found = [self._finding(m, text) for m in _LESION.finditer(text) if m["word"] != self._blind_to]
        negatives = [Organ.SPLEEN] if "Spleen normal" in text else []
        return Extraction.answered(report_id, found, [], negative_organs=negatives)

    def _finding(self, match, text):
        def span(start, end):
            return Span(start=start, end=end, text=text[start:end])

        size = Measurement(diameters_mm=(float(match["mm"]),), source=span(match.start(), match.end("mm") + 3))
        return Finding(
            organ="liver", lesion_type="cyst" if match["word"] == "cyst" else "unspecified", type_text=match["word"],
            location=[f"segment {match['segment']}"] if match["segment"] else [], count=1, sizes=[size],
            size_bound="exact", attenuation="fluid" if match["word"] == "cyst" else None, section="findings",
            anchor=span(*match.span("word")), evidence=[span(max(match.start() - self._lead, 0), match.end())],
        )  # fmt: skip
