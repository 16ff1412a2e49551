"""Stand-ins for the segmenters' programs."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Makes an executable of Python code; it finds `arguments` (flag → value) and logs how it was called."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    log = tmp_path / "calls.jsonl"

    def make(name: str, body: str) -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        head = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
words = sys.argv[1:]
arguments = {{w: words[i + 1] if i + 1 < len(words) else "" for i, w in enumerate(words) if w.startswith("-")}}
home = os.environ.get("TOTALSEG_HOME_DIR")
settings = json.loads((Path(home) / "config.json").read_text()) if home else None
with open({str(log)!r}, "a") as stream:
    print(json.dumps({{"words": words, "settings": settings, "environment": dict(os.environ)}}), file=stream)
import nibabel as nib, numpy as np
"""
        path.write_text(head + body)
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        return path

    make.calls = lambda: [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return make
