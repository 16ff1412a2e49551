"""The default path opens no connection: it runs in a network namespace that has no interface that is up.

Nothing is mocked. Where the machine allows no namespace, the tests are skipped and say so.
"""

import shutil
import subprocess
import sys

import pytest

ALONE = ("unshare", "--map-root-user", "--net")
COMMAND = "from reportsup.pipelines.cli import main; main()"


def allowed() -> bool:
    return bool(shutil.which("unshare")) and subprocess.run([*ALONE, "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not allowed(), reason="this machine allows no network namespace")


def alone(folder, *code):
    """Run Python without a network; returns the process that ended."""
    return subprocess.run([*ALONE, sys.executable, "-c", *code], cwd=folder, capture_output=True, text=True)


def test_nothing_can_be_reached(tmp_path):
    ended = alone(tmp_path, "import socket; socket.create_connection(('192.0.2.1', 80), 2)")
    assert "Network is unreachable" in ended.stderr


def test_reports_are_read_without_a_network(tmp_path):
    (tmp_path / "r.csv").write_text("id,text\n1,Liver: hypodense lesion of 23 mm in segment VI.\n")
    for arguments in (["extract", "r.csv", "--workers", "2"], ["audit"], ["sql", "SELECT count(*) FROM v_findings"]):
        ended = alone(tmp_path, COMMAND, *arguments)
        assert ended.returncode == 0, ended.stderr
    assert "1" in ended.stdout


def test_extraction_imports_no_torch(tmp_path):
    (tmp_path / "r.csv").write_text("id,text\n1,Liver: hypodense lesion of 23 mm in segment VI.\n")
    watched = (
        "import sys\nfrom reportsup.pipelines.cli import main\n"
        "try:\n    main()\nfinally:\n    print('heavy:', sorted({'torch', 'monai', 'transformers'} & set(sys.modules)))"
    )
    ended = alone(tmp_path, watched, "extract", "r.csv", "--workers", "1")
    assert ended.returncode == 0, ended.stderr
    assert "heavy: []" in ended.stdout
