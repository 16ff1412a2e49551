"""Report ids seen in this run, 20 bytes each outside the Python heap, so that a million rows fit."""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from ..schemas import Report
from .reading import Reject


class DuplicateFilter:
    """Lets the first report of an id pass; later rows of that id become rejects that name both rows."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        self._connection.execute("CREATE TABLE seen (id UBIGINT, text UBIGINT, ordinal UINTEGER, row UINTEGER)")
        self._ordinal = 0
        self._files: list[tuple[int, str]] = []  # ordinal of a file's first report, file

    def split(self, reports: Sequence[Report]) -> tuple[list[Report], list[Reject]]:
        """(first reports of their ids, rejects for the rest), both in input order."""
        fresh: list[Report] = []
        rejects: list[Reject] = []
        known = self._known(reports)
        added: list[tuple[int, int, int, int]] = []
        for report in reports:
            self._ordinal += 1
            if not self._files or self._files[-1][1] != report.source_file:
                self._files.append((self._ordinal, report.source_file))
            key, text = _hash(report.report_id), _hash(report.text)
            if key in known:
                rejects.append(self._reject(report, text, *known[key]))
                continue
            known[key] = (text, self._ordinal, report.source_row)
            added.append((key, text, self._ordinal, report.source_row))
            fresh.append(report)
        self._remember(added)
        return fresh, rejects

    def _known(self, reports: Sequence[Report]) -> dict[int, tuple[int, int, int]]:
        keys = pa.table({"id": pa.array([_hash(r.report_id) for r in reports], pa.uint64())})
        self._connection.register("wanted", keys)
        rows = self._connection.execute(
            "SELECT DISTINCT s.id, s.text, s.ordinal, s.row FROM wanted w JOIN seen s ON s.id = w.id"
        ).fetchall()
        self._connection.unregister("wanted")
        return {key: (text, ordinal, row) for key, text, ordinal, row in rows}

    def _remember(self, rows: list[tuple[int, int, int, int]]) -> None:
        if not rows:
            return
        kinds = (pa.uint64(), pa.uint64(), pa.uint32(), pa.uint32())
        arrays = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
        self._connection.register("added", pa.table(arrays, names=["id", "text", "ordinal", "row"]))
        self._connection.execute("INSERT INTO seen SELECT * FROM added")
        self._connection.unregister("added")

    def _reject(self, report: Report, text: int, first_text: int, ordinal: int, row: int) -> Reject:
        file = self._files[bisect_right(self._files, ordinal, key=lambda f: f[0]) - 1][1]
        where = f"row {row}" if file == report.source_file else f"row {row} of {file}"
        if text == first_text:
            reason = f"duplicate of {where}"
        else:
            reason = f"rows {row} and {report.source_row} have one id and different texts; {where} was extracted"
        return Reject(report.source_file, report.source_row, report.report_id, reason)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
