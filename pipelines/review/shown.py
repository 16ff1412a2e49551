"""Findings as `v_findings` shows them, and the fingerprint by which a reader's page knows them again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from ...schemas.finding_values import FIELDS

_COLUMNS = ", ".join(f'"{name}"' for name in FIELDS)


def shown_findings(
    connection: duckdb.DuckDBPyConnection, report_ids: Sequence[str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Report → finding → the values of `FIELDS`, as v_findings shows them."""
    sql = f"SELECT report_id, finding_id, {_COLUMNS} FROM v_findings WHERE report_id IN (SELECT unnest(?))"
    shown: dict[str, dict[str, dict[str, Any]]] = {report_id: {} for report_id in report_ids}
    for report_id, finding_id, *values in connection.execute(sql, [list(report_ids)]).fetchall():
        shown[report_id][finding_id] = dict(zip(FIELDS, values, strict=True))
    return shown


def fingerprint(values: Mapping[str, Any]) -> str:
    """A short hash of a finding's values: another one when any of them changes."""
    told = json.dumps([values[name] for name in FIELDS], ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()[:12]
