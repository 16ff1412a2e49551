"""What kind of file a table's first bytes tell of: a spreadsheet renamed to .csv is no text."""

from pathlib import Path

from ..schemas import InputError

# How a file begins → what it is, what to do with it.
_KINDS = (
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive", "Of a workbook, say --format xlsx."),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file", "Export the sheet as CSV (UTF-8)."),
    (b"PAR1", "a Parquet file", "Say --format parquet."),
    (b"%PDF", "a PDF", "Export the reports as a table."),
    (b"{\\rtf", "a Rich Text file", "Export the reports as a table."),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV."),
    (b"BZh", "compressed with bzip2", "Unpack it, or use gzip."),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it, or use gzip."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it, or use gzip."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it, or use gzip."),
)
_UTF16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\v\0\x1a\x1b\x1c\x1d\x1e\x1f"))
_CONTROL_SHARE = 0.02  # of the bytes; text has next to none


def check_is_text(path: Path, head: bytes, kind: str) -> None:
    """Refuse a binary file where a text table is expected.

    Args:
        head: the file's first bytes, unpacked.
        kind: the format that it is read as.

    Raises:
        InputError: the bytes are those of another kind of file.
    """
    for magic, name, what_next in _KINDS:
        if head.startswith(magic):
            raise InputError(f"input: {path} is {name} vs a {kind} table. {what_next}")
    if head[8:12] == b"DUCK":
        raise InputError(f"input: {path} is a DuckDB file vs a {kind} table. Export the table as CSV or Parquet.")
    # Control characters, and NULs that no UTF-16 explains; in UTF-16 either all odd or all even bytes may be NUL.
    n_control = sum(head.count(byte) for byte in _CONTROL)
    n_nul = min(head[0::2].count(0), head[1::2].count(0))
    if not head.startswith(_UTF16_OR_32) and n_control + n_nul > _CONTROL_SHARE * len(head):
        raise InputError(f"input: {path} holds binary data vs a {kind} table. Check that it is the right file.")
