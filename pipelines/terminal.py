"""What reports and files say, made safe to print: a terminal obeys control characters."""

import re

# C0 and C1 but for tab and line feed, DEL, and the marks that turn the direction of what follows.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""The text with control characters as their codes; a carriage return before a line feed goes.

    >>> printable("\x1b[2J cyst\r\n")
    '<1B>[2J cyst\n'
    """
    return _CONTROLS.sub(lambda found: f"<{ord(found[0]):02X}>", text.replace("\r\n", "\n"))
