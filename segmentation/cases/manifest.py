"""The manifest: a table that says where the files of each case lie, for any layout.

    case_id      required
    ct           required; the volume
    masks        a folder with one file per mask, or one label map
    mask_labels  for a label map: JSON object name → number, or the path of a JSON file with one
    report_id, patient_id, split, site   as they are known

Relative paths start at the manifest's folder. Empty cells are unknown.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from ...schemas import InputError
from ...schemas.json_text import parse_json
from .masks import FoundMasks, MaskNames, masks_of_folder, masks_of_label_map
from .records import CaseFiles, Problem
from .splits import canonical_split

_COLUMN_ALIASES = {
    "image": "ct", "ct_path": "ct", "volume": "ct", "mask_folder": "masks", "mask_dir": "masks", "label": "masks",
    "segmentations": "masks", "labels": "mask_labels",
}  # fmt: skip


def read_manifest(path: Path, names: MaskNames) -> list[CaseFiles]:
    """The cases of a manifest, in its order.

    Raises:
        InputError: the table cannot be read or lacks a column.
    """
    rows = _read_rows(path)
    missing = {"case_id", "ct"} - set(rows[0] if rows else {"case_id", "ct"})
    if missing:
        raise InputError(
            f"manifest: {path} has the columns {', '.join(rows[0])} vs case_id and ct at least. "
            f"{', '.join(sorted(missing))} is missing. Add it."
        )
    return [_case(row, path.parent, names) for row in rows]


def _read_rows(path: Path) -> list[dict[str, str]]:
    reader = "read_parquet(?)" if path.suffix == ".parquet" else "read_csv(?, all_varchar = true, header = true)"
    with duckdb.connect() as connection:
        try:
            cursor = connection.execute(f"SELECT * FROM {reader}", [str(path)])
            columns = [str(column[0]).strip().lower() for column in cursor.description or ()]
            table = cursor.fetchall()
        except duckdb.Error as error:
            raise InputError(
                f"manifest: {path} cannot be read ({str(error).splitlines()[0]}) vs a CSV, TSV or Parquet "
                "table. Correct it."
            ) from error
    columns = [_COLUMN_ALIASES.get(column, column) for column in columns]
    return [{c: "" if v is None else str(v).strip() for c, v in zip(columns, row, strict=True)} for row in table]


def _case(row: Mapping[str, str], root: Path, names: MaskNames) -> CaseFiles:
    found, mask_path = FoundMasks(()), None
    if row.get("masks"):
        mask_path = root / row["masks"]
        found = _masks(row["case_id"], mask_path, row.get("mask_labels", ""), root, names)
    return CaseFiles(
        case_id=row["case_id"],
        ct=root / row["ct"],
        masks=found.masks,
        mask_folder=mask_path if mask_path is None or os.path.isdir(mask_path) else mask_path.parent,
        report_id=row.get("report_id") or None,
        patient_id=row.get("patient_id") or None,
        split=canonical_split(row.get("split")),
        site=row.get("site") or None,
        problems=found.problems,
        label_map=found.label_map,
        ignored_masks=found.ignored,
    )


def _masks(case_id: str, path: Path, labels: str, root: Path, names: MaskNames) -> FoundMasks:
    if os.path.isdir(path):
        return masks_of_folder(case_id, path, names)
    if not os.path.exists(path):
        next_step = f"restore {path} or empty the cell if there are no masks"
        missing = Problem(case_id, "missing file", f"masks: {path.name[:80]}", "exists", next_step, True)
        return FoundMasks((), (missing,))
    try:
        return masks_of_label_map(case_id, path, _labels(labels, root), names)
    except (OSError, ValueError) as error:
        observed = f"mask_labels: {type(error).__name__}"
        next_step = 'write {"kidney": 1, "kidney_lesion": 2}, or the path of a JSON file with it'
        return FoundMasks((), (Problem(case_id, "label map", observed, "names of its labels", next_step, True),))


def _labels(text: str, root: Path) -> dict[str, Any]:
    parsed = parse_json(text if text.startswith("{") else (root / text).read_text(encoding="utf-8-sig"))
    labels = parsed.get("labels", parsed) if isinstance(parsed, dict) else None
    if not isinstance(labels, dict):
        raise ValueError("no object of names and numbers")
    return labels
