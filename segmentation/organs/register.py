"""Segmenters' masks in the database, beside those of the data set."""

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from ...schemas import load_anatomy
from ..cases import IndexedCase
from ..regions import resolve_region
from .masks import OrganMasks
from .reading import check_drawn, drawn_organs


def unsegmented(cases: Sequence[IndexedCase], organs: Collection[str], drawn: Collection[str]) -> list[IndexedCase]:
    """The cases in which an organ has no region, though the segmenter draws it.

    Args:
        organs: of the anatomy table.
        drawn: canonical names of the masks that the segmenter draws.
    """
    anatomy = load_anatomy()
    wanted = [organ for organ in organs if resolve_region(anatomy, organ, None, (), set(drawn))]

    def lacks(case: IndexedCase) -> bool:
        available = {name for name, mask in case.masks.items() if not mask.empty}
        return any(resolve_region(anatomy, organ, None, (), available) is None for organ in wanted)

    return [case for case in cases if lacks(case)]


def known_organ_masks(connection: duckdb.DuckDBPyConnection) -> dict[str, list[OrganMasks]]:
    """case_id → the masks that segmenters made of it."""
    known: dict[str, list[OrganMasks]] = {}
    rows = connection.execute("SELECT case_id, path, made_by, labels FROM organ_masks ORDER BY ALL").fetchall()
    for case_id, path, made_by, labels in rows:
        masks = OrganMasks(case_id, Path(path), made_by, json.loads(labels) if labels else None)
        known.setdefault(case_id, []).append(masks)
    return known


def register_masks(connection: duckdb.DuckDBPyConnection, case: IndexedCase, masks: OrganMasks) -> list[str]:
    """Add a segmenter's masks to a case where it has none, or an empty one; returns the names that were added.

    They stay through every later `index`. A mask without a voxel is missing, not absent: it is not added.

    Raises:
        DataError: a mask is on another grid than the CT, or left organs lie on the right.
    """
    places = {organ.file: organ.place for organ in drawn_organs(case.case_id, case.ct, masks)}
    check_drawn(case.case_id, masks.made_by, list(places.values()))
    added = [file for file in places if file.name not in case.masks or case.masks[file.name].empty]
    fingerprint = hashlib.sha256(f"{case.fingerprint}|{masks.path}|{masks.path.stat().st_mtime_ns}".encode())
    labels = None if masks.labels is None else json.dumps(dict(masks.labels))
    path = str(masks.path.absolute())
    connection.begin()
    try:
        connection.execute("DELETE FROM organ_masks WHERE case_id = ? AND path = ?", [case.case_id, path])
        connection.execute("INSERT INTO organ_masks VALUES (?, ?, ?, ?)", [case.case_id, path, labels, masks.made_by])
        for file in added:
            connection.execute("DELETE FROM case_masks WHERE case_id = ? AND mask = ?", [case.case_id, file.name])
            volume_mm3 = places[file].volume_mm3
            row = [case.case_id, file.name, str(file.path.absolute()), file.label, "present", volume_mm3]
            connection.execute("INSERT INTO case_masks VALUES (?, ?, ?, ?, ?, ?)", row)
        if added:  # caches that were built without these masks are of other files now
            changed = [fingerprint.hexdigest()[:16], case.case_id]
            connection.execute("UPDATE cases SET fingerprint = ? WHERE case_id = ?", changed)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return [file.name for file in added]
