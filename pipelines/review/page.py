"""The audit page: one HTML file that needs no other file and no network."""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ...schemas.atomic import atomic
from ...schemas.database import open_database
from .page_data import page_data
from .review_file import Sample

_STYLE = "page.css"
# In this order, as one script.
_SCRIPTS = (
    "tools.js", "colours.js", "data.js", "review.js", "filters.js", "worklist.js", "text.js", "cards.js", "form.js",
    "main.js", "chrome.js",
)  # fmt: skip


def write_page(
    database: Path,
    out: Path,
    report_ids: Sequence[str] | None = None,
    *,
    view: str | None = None,
    sample: Sample | None = None,
) -> int:
    """Write the page of these reports, or of all; returns their number.

    The page holds report text: keep it where the reports may be.
    """
    with open_database(database, read_only=True) as connection:
        data = page_data(connection, database.name, report_ids, view=view, sample=sample)
    with atomic(out) as temporary:
        temporary.write_text(render(data), encoding="utf-8")
    return len(data["reports"])


def render(data: dict[str, Any]) -> str:
    """The page as text. Its policy lets a browser run this one script and load nothing."""
    assets = files(__package__) / "assets"
    style = (assets / _STYLE).read_text(encoding="utf-8")
    parts = [(assets / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    script = '"use strict";\n(() => {\n' + "\n".join(parts) + "\n})();\n"
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string((assets / "page.html").read_text(encoding="utf-8"))
    return template.render(
        name=data["name"],
        style=Markup(style),
        script=Markup(script),
        data=Markup(as_script_data(data)),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def as_script_data(data: Any) -> str:
    """JSON that can stand in a script element: nothing in it ends the element or starts a comment.

    >>> as_script_data("</script>")
    '"\\\\u003c/script>"'
    """
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _hash(content: str) -> str:
    """As a content security policy names an element by its content."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
