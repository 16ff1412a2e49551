"""What is installed: every folder is listed, and a wheel works away from the source tree."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP_FOLDERS = ("schemas", "nlp", "segmentation", "pipelines")
ROOT_PACKAGE = Path("pipelines/public")  # installed as `reportsup` itself


def test_every_package_folder_is_listed():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    modules = [module for top in TOP_FOLDERS for module in (ROOT / top).rglob("*.py")]
    on_disk = {"reportsup." + ".".join(module.relative_to(ROOT).parts[:-1]) for module in modules}
    on_disk = {"reportsup" if name == f"reportsup.{'.'.join(ROOT_PACKAGE.parts)}" else name for name in on_disk}
    assert set(settings["packages"]) == on_disk
    assert set(settings["package-dir"].values()) == {*TOP_FOLDERS, str(ROOT_PACKAGE)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # Built from a copy: setuptools leaves a build folder behind, whose old files it packs again.
    source = tmp_path_factory.mktemp("source")
    for top in TOP_FOLDERS:
        shutil.copytree(ROOT / top, source / top, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    (path,) = folder.glob("*.whl")
    return path


def installed(path):
    """Where a file of the source tree lies in the package."""
    return path.relative_to(ROOT_PACKAGE) if path.is_relative_to(ROOT_PACKAGE) else path


def test_the_wheel_holds_all_that_is_no_code(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    for top in TOP_FOLDERS:
        files = (p for p in (ROOT / top).rglob("*") if p.is_file() and "__pycache__" not in p.parts)
        missing = {f"reportsup/{installed(p.relative_to(ROOT))}" for p in files} - held
        assert missing == set()


def test_the_wheel_extracts_from_another_folder(wheel, tmp_path):
    """In an empty environment that borrows the dependencies (gigabytes) and has no other reportsup."""
    environment = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    install = ["pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run([sys.executable, "-m", *install], check=True, capture_output=True)
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (tmp_path / "reports.csv").write_text("id,report\n1,LIVER: 2 cm cyst in segment IVa.\n")
    script = (
        "import sys, reportsup, reportsup.pipelines.cli as cli\n"
        "assert reportsup.read_report('LIVER: 2 cm cyst.').findings\n"
        "assert cli.__file__.startswith(sys.prefix), cli.__file__\n"
        "cli.main(['extract', 'reports.csv', '--workers', '1'])"
    )
    done = subprocess.run(
        [environment / "bin" / "python", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "1 reports extracted" in done.stdout
