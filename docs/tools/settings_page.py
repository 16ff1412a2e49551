"""The settings of training as tables, made from the configuration's own code and comments."""

import ast
import inspect
import re
from dataclasses import fields

from reportsup.segmentation.losses.presets import PRESETS
from reportsup.segmentation.training import config
from reportsup.segmentation.training.recipes import RECIPES


def training() -> str:
    """Every key of `[train]` with its kind, its default and its comment, by section of the class."""
    out: list[str] = []
    for heading, rows in _sections():
        out += [f"**{heading}**", "", "| key | value | default | |", "|---|---|---|---|", *rows, ""]
    return "\n".join(out)


def undocumented() -> list[str]:
    """Keys that are in no table, or stand there without a word."""
    told = re.findall(r"^\| `(\w+)` \|.*\| *\S[^|]* \|$", training(), re.M)
    return [field.name for field in fields(config.TrainingConfig) if field.name not in told]


def _sections() -> list[tuple[str, list[str]]]:
    """Section (the comment that follows an empty line) and rows; a comment between keys belongs to the next key."""
    source = inspect.getsource(config.TrainingConfig)
    lines = source.splitlines()
    keys = {node.lineno - 1: node for node in ast.parse(source).body[0].body if isinstance(node, ast.AnnAssign)}
    sections: list[tuple[str, list[str]]] = []
    above: list[str] = []
    after_empty = False
    for number, line in enumerate(lines):
        stripped = line.strip()
        if stripped.startswith("#"):
            above.append(stripped.lstrip("# "))
            continue
        if number in keys:
            if after_empty or not sections:
                sections.append((" ".join(above), []))
                above = []
            sections[-1][1].append(_row(keys[number], line, " ".join(above)))
            above = []
        after_empty = not stripped
    return sections


_KINDS = {
    "Count": "whole number", "Positive": "whole number from 1", "Fraction": "0 to 1", "Rate": "number above 0",
    "Weight": "number from 0", "Length": "mm", "Triple": "three whole numbers", "tuple[str, ...]": "list of names",
    "tuple[Length, Length, Length]": "three lengths in mm", "str": "text", "bool": "true, false", "float": "number",
    "int": "whole number", "dict[str, Any]": "table", "Fraction | dict[str, Fraction]": "0 to 1, or a table by organ",
}  # fmt: skip


def _kind(annotation: ast.expr) -> str:
    """What a value is, in words."""
    written = ast.unparse(annotation).replace(" | None", "").replace("Annotated[", "").split(", Field")[0]
    if written.startswith("Literal["):
        return ", ".join(f"`{choice}`" for choice in ast.literal_eval(written.removeprefix("Literal")))
    return _KINDS.get(written, written)


def _row(node: ast.AnnAssign, line: str, above: str) -> str:
    beside = line[node.end_col_offset or 0 :].partition("#")[2].strip()
    default = ast.unparse(node.value) if node.value else ""
    default = {"None": "planned", "Field(default_factory=dict)": "none"}.get(default, f"`{default}`")
    told = " ".join(part for part in (above, beside) if part)
    return f"| `{node.target.id}` | {_cell(_kind(node.annotation))} | {default} | {_cell(told)} |"  # type: ignore[union-attr]


def presets() -> str:
    """The options of both presets side by side."""
    names = list(PRESETS)
    rows = []
    for field in fields(PRESETS[names[0]]):
        values = [getattr(PRESETS[name], field.name) for name in names]
        if field.name == "ball":
            rows += [
                f"| `ball.{f.name}` | {' | '.join(f'`{getattr(value, f.name)}`' for value in values)} |"
                for f in fields(values[0])
            ]
        else:
            rows.append(f"| `{field.name}` | {' | '.join(f'`{value}`' for value in values)} |")
    return "\n".join([f"| option | {' | '.join(names)} |", "|---|---|---|", *rows])


def recipe() -> str:
    """What `recipe = "reference"` sets."""
    rows = [f"| `{key}` | `{value}` |" for key, value in RECIPES["reference"].items()]
    return "\n".join(["| key | value |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
