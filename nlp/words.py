"""Words of a folded text."""

import re

WORD = re.compile(r"[a-z]+(?:'s)?|\d+(?:[.,]\d+)?|->|[^\sa-z\d]")
