"""The command itself: its version, how fast it answers, and completion in shells."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest
from reportsup.nlp.reader_files import load_reader

from .conftest import command

PROGRAM = [sys.executable, "-m", "reportsup.pipelines.cli"]


def test_the_version_names_the_reader_and_its_rules():
    reader = load_reader()
    told = command("--version").stdout.strip()
    assert told == f"reportsup {version('reportsup')}, reader {reader.weights_hash}, rules {reader.rules_hash}"


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_answer_comes_at_once(option):
    """Processor time, which others at work on this machine do not change much; a second is twice what is promised."""
    before = os.times()
    subprocess.run([*PROGRAM, option], check=True, capture_output=True)
    after = os.times()
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1.0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_shown_for_every_shell(shell):
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run([*PROGRAM, "--show-completion", shell], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "_REPORTSUP_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("reportsup ext", ["extract"]),
        ("reportsup audit --sa", ["--sample"]),
        ("reportsup tra", ["train-reader", "train"]),
    ],
)
def test_commands_and_options_are_completed(words, expected):
    position = str(words.count(" "))
    environment = {**os.environ, "_REPORTSUP_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": position}
    done = subprocess.run(PROGRAM, capture_output=True, text=True, env=environment)
    assert sorted(done.stdout.split()) == sorted(expected)
