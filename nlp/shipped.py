"""The files of the reader that ships, and the hashes that tell it from others; imports nothing, so that `--version` is
quick."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

BUILT_IN = ("lesions.json", "anatomy.json", "context.json", "sections.json")


@cache
def rule_files() -> tuple[tuple[str, str], ...]:
    """Name and content of the built-in rule files."""
    return tuple((name, (files(__package__) / "rules" / name).read_text(encoding="utf-8")) for name in BUILT_IN)


def content_hash(contents: Iterable[str]) -> str:
    """Sixteen hexadecimal digits that stand for these texts in this order."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content.encode())
    return digest.hexdigest()[:16]


def shipped_hashes() -> dict[str, str]:
    """The hashes of the shipped `weights` and `rules`, as a run records them."""
    weights = (files(__package__) / "weights" / "reader.json").read_text(encoding="utf-8")
    return {"weights": content_hash([weights]), "rules": content_hash(content for _, content in rule_files())}
