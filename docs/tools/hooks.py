"""What MkDocs calls: pages get what is made from the program, and a site that would load from elsewhere is refused."""

import re
import sys
from html import escape
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import parts
from pages import DOCS, ROOT

_MATH_BLOCK = re.compile(r"^```math\n(.*?)^```$", re.M | re.S)
_MATH_INLINE = re.compile(r"\$`([^`]+)`\$")
_LINK = re.compile(r"\[[^\]]*\]\((\.\./[^)#\s]+)[^)\s]*\)")
_LOADS = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)[^>]*\ssrc=["']?(?:https?:)?//
      | <link[^>]*\shref=["']?(?:https?:)?//(?![^>]*rel=["']?canonical)
      | @import\s | url\(["']?(?:https?:)?//""",
    re.X,
)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The page with its parts filled in, its formulas as MathML, and the names of files that are not on the site."""
    return formulas(parts.fill(_named_outside(markdown, Path(page.file.abs_src_path))))


def _named_outside(markdown: str, page: Path) -> str:
    """Links to files of the repository outside of the documentation, as their names."""

    def name(match: re.Match[str]) -> str:
        target = (page.parent / match[1]).resolve()
        return match[0] if target.is_relative_to(DOCS) else f"`{target.relative_to(ROOT)}`"

    return _LINK.sub(name, markdown)


def formulas(markdown: str) -> str:
    """The text with ```math blocks and $`…`$ as MathML, which browsers draw without a script."""
    from latex2mathml.converter import convert

    def block(match: re.Match[str]) -> str:
        return f'<div class="formula">{convert(match[1].strip(), display="block")}</div>'

    return _MATH_INLINE.sub(lambda m: convert(m[1]), _MATH_BLOCK.sub(block, markdown))


def on_post_build(config: Any, **_: Any) -> None:
    """Fail when a page or style sheet would load something from another address."""
    from mkdocs.exceptions import PluginError

    for path in sorted(Path(config.site_dir).rglob("*")):
        if path.suffix in (".html", ".css") and (found := _LOADS.search(path.read_text(encoding="utf-8"))):
            raise PluginError(f"{path} would load from elsewhere: {escape(found.group()[:200])}")
