"""Where a person's quote stands in a report, whatever its white space."""

import re


class QuoteError(ValueError):
    """A quote that is not in the report or, with other white space, in several places; the message holds no text."""


def locate(quote: str, text: str, near: int | None = None) -> tuple[int, int]:
    """Offsets of a quote in a text.

    Args:
        near: where it is expected; of several places the nearest is taken, without it the first.

    Raises:
        QuoteError: it is nowhere, or only with other white space (blanks, line breaks) and then in several places.

    >>> locate("5 mm  cyst", "A 5 mm\\ncyst.")
    (2, 11)
    """
    wanted = quote.strip()
    if not wanted:
        raise QuoteError("a quote is empty")
    exact = [(m.start(), m.end()) for m in re.finditer(re.escape(wanted), text)]
    places = exact or [(m.start(), m.end()) for m in re.finditer(r"\s+".join(map(re.escape, wanted.split())), text)]
    if not places:
        raise QuoteError("a quote is not in the report")
    if near is not None:
        return min(places, key=lambda place: abs(place[0] - near))
    if not exact and len(places) > 1:
        raise QuoteError(f"a quote stands in {len(places)} places, with other white space in each of them")
    return places[0]
