"""docs/explanation/dependencies.md names what pyproject.toml declares, and nothing that is declared is unused."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "dependencies.md"
CODE = ("schemas", "nlp", "segmentation", "pipelines", "benchmarks", "tests", "docs")


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    return {re.match(r"[\w.\-]+", line)[0] for line in lines}


def rows() -> dict[str, list[str]]:
    """The cells after the package's name, by package."""
    table = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ")
    ]
    return {name: cells for name, *cells in table if name not in ("Package", "---")}


def imported() -> set[str]:
    names = set()
    for path in (path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.split(".")[0])
    return names


def test_each_dependency_has_a_row_and_each_row_a_dependency():
    assert set(rows()) == declared()


def test_each_row_tells_reason_licence_and_replacement():
    assert [name for name, cells in rows().items() if len(cells) != 4 or not all(cells[:3])] == []


def test_nothing_is_declared_and_unused():
    names = imported()
    unused = [name for name, cells in rows().items() if not cells[3] and name.split(".")[0] not in names]
    assert unused == []
