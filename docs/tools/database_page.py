"""The reference of the database, made from a new database and from the comments in schemas/sql."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb
import table_picture
from pages import ROOT
from reportsup.schemas.database import open_database

_CREATE = re.compile(r"^CREATE (?:OR REPLACE )?(?P<kind>TABLE|VIEW) (?P<name>\w+)(?P<rest>.*)$", re.M)
_NOT_SHOWN = ("schema_version",)
_FIRST = (
    "v_findings",
    "v_reports",
    "v_extractions",
    "v_organ_status",
    "v_evidence",
    "v_lesion_timeline",
    "v_lesions",
    "v_supervision",
)
_COLUMN = re.compile(r'^\s+"?(?P<name>\w+)"?\s+[A-Z][^-]*?,?\s*--\s*(?P<told>.*)$')
_ADDED = re.compile(r"^ALTER TABLE (?P<table>\w+) ADD COLUMN (?P<name>\w+)[^;]*;\s*--\s*(?P<told>.*)$", re.M)
_ABOVE = re.compile(r"((?:^--.*\n)+)\Z", re.M)


@dataclass
class Relation:
    """A table or view with its columns: (name, type), and what the comments say of it and of them."""

    name: str
    columns: list[tuple[str, str]]
    told: str = ""
    column_told: dict[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()


@contextmanager
def new_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "new.duckdb") as connection:
        yield connection


@cache
def relations() -> dict[str, dict[str, Relation]]:
    """`tables` and `views` of a new database, by name."""
    with new_database() as connection:
        rows = connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY column_index"
        ).fetchall()
        tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    found: dict[str, Relation] = {}
    for table, column, kind in rows:
        found.setdefault(table, Relation(table, [])).columns.append((column, kind))
    for path in sorted((ROOT / "schemas" / "sql").glob("*.sql")):
        if path.name != "legacy_tables.sql":
            _read_comments(path.read_text(encoding="utf-8"), found)
    return {
        "tables": {n: found[n] for n in _in_order(found) if n in tables and n not in _NOT_SHOWN},
        "views": {n: r for n, r in sorted(found.items()) if n not in tables},
    }


def _in_order(found: dict[str, Relation]) -> list[str]:
    """Names in the order in which the files make them."""
    sql = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "schemas" / "sql").glob("*.sql")))
    made = dict.fromkeys(match["name"] for match in _CREATE.finditer(sql))
    return [name for name in made if name in found]


def _read_comments(sql: str, found: dict[str, Relation]) -> None:
    for match in _CREATE.finditer(sql):
        relation = found.get(match["name"])
        if relation is None:
            continue
        if match["kind"] == "TABLE":
            body = sql[match.start() : sql.index("\n);", match.start())]
            relation.told, relation.column_told = match["rest"].partition("-- ")[2].strip(), {}
            for line in body.splitlines()[1:]:
                if column := _COLUMN.match(line):
                    relation.column_told[column["name"]] = column["told"]
            relation.key = _key(body)
        elif above := _ABOVE.search(sql[: match.start()]):
            relation.told = " ".join(line.removeprefix("--").strip() for line in above[1].splitlines())
    for added in _ADDED.finditer(sql):
        found[added["table"]].column_told[added["name"]] = added["told"]


def _key(body: str) -> tuple[str, ...]:
    """The key columns: declared, or told in a comment, since DuckDB's own index would cost memory."""
    declared, told = r"PRIMARY KEY \(([^)]*)\)", r"-- key: ([\w, ]+)"
    for pattern in (declared, told, r"^\s+(\w+)[^\n]*PRIMARY KEY", r"^\s+(\w+)[^\n]*-- key\b"):
        if found := re.search(pattern, body, re.M):
            return tuple(name.strip() for name in found[1].split(","))
    return ()


def undocumented() -> list[str]:
    """Tables without a comment, and views other than those whose name says all (`audit_possible`)."""
    both = relations()
    return [n for kind in both.values() for n, r in kind.items() if not r.told and n not in PLAIN]


# What a name and its columns say already.
PLAIN = {
    "reports": "The texts, with what the input tells of them.",
    "findings": "What was extracted; `v_findings` has corrections applied.",
    "measurements": "Diameters of a finding, as they stand in the report.",
    "evidence": "Quotes of a finding; offsets count from 0.",
    "cases": "Volumes that `index` registered.",
    "case_masks": "Masks of a case that came with its data set.",
    "case_problems": "Why a case was set aside.",
    "correction_matches": "Which finding of the current reading each correction belongs to.",
    "organ_masks": "Organ masks that a segmenter made, or that were found.",
    "review_samples": "How the reports of a review were drawn.",
    "review_sample_reports": "Which reports were drawn, each with its stratum.",
    "v_per_ct": "R-Super's table with a row per CT, under its own column names.",
    "v_per_tumor": "R-Super's table with a row per lesion, under its own column names.",
    "v_report_case": "The case that a report belongs to.",
    "audit_unsized_lesions": "Findings without a size.",
    "audit_possible": "Findings that may not be there.",
    "audit_unsure": "Reports that the reader doubts, with its reasons.",
    "audit_organ_unknown": "Findings whose organ is not known.",
    "audit_without_status": "Reports that nothing is known of: not read, failed, rejected, unreadable, changed since.",
    "audit_rejected_rows": "Input rows that are no report.",
}


def _of(relation: Relation) -> str:
    told = relation.told or PLAIN.get(relation.name, "")
    return told[:1].upper() + told[1:]


def tables() -> str:
    """Every table with its columns."""
    return "\n\n".join(_section(r) for r in relations()["tables"].values())


def views() -> str:
    """Every view but the audit's, with its columns."""
    shown = [r for r in relations()["views"].values() if not r.name.startswith("audit_")]
    shown.sort(key=lambda r: _FIRST.index(r.name) if r.name in _FIRST else len(_FIRST))
    return "\n\n".join(_section(r) for r in shown)


def audit_views() -> str:
    """The audit's views in one table."""
    rows = [
        f"| `{r.name}` | {_cell(_of(r))} | {', '.join(c for c, _ in r.columns)} |"
        for r in relations()["views"].values()
        if r.name.startswith("audit_")
    ]
    return "\n".join(["| view | lists | columns |", "|---|---|---|", *rows])


def _section(relation: Relation) -> str:
    rows = [
        f"| {'**' if name in relation.key else ''}`{name}`{'**' if name in relation.key else ''} | {_kind(kind)} "
        f"| {_cell(relation.column_told.get(name, ''))} |"
        for name, kind in relation.columns
    ]
    return "\n".join([f"### {relation.name}", "", _of(relation), "", "| column | type | |", "|---|---|---|", *rows])


def _kind(kind: str) -> str:
    return f"`{kind if len(kind) <= 60 else kind[:57] + '…'}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def picture() -> str:
    """The tables as boxes, and what joins them."""
    shown = [r for r in relations()["tables"].values() if r.name in table_picture.PLACES]
    return table_picture.svg({r.name: [c for c, _ in r.columns] for r in shown}, {r.name: r.key for r in shown})
