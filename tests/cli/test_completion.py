"""Completion in real shells, as far as these are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bridge.cli import main

PROGRAM = str(Path(sys.executable).parent / "sculpteo-bridge")


def complete(words: str) -> list[str]:
    """What bash would be told for the last of these words."""
    typed = words.split(" ")
    env = {
        **os.environ,
        "_SCULPTEO_BRIDGE_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(typed) - 1),
    }
    found = subprocess.run([PROGRAM], env=env, capture_output=True, text=True, check=True)
    return [line.partition(",")[2] for line in found.stdout.splitlines()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_calls_the_program(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell], prog_name="sculpteo-bridge")
    assert result.exit_code == 0
    assert f"_SCULPTEO_BRIDGE_COMPLETE={shell}_complete" in result.stdout
    installed = shutil.which(shell)
    if installed:
        subprocess.run([installed, "-n"], input=result.stdout, text=True, check=True)


def test_commands_subcommands_options_and_choices_are_completed() -> None:
    assert complete("sculpteo-bridge re") == ["rebuild", "report", "resume"]
    assert {"list", "show"} <= set(complete("sculpteo-bridge orders "))
    assert complete("sculpteo-bridge report --fr") == ["--from"]
    assert complete("sculpteo-bridge orders list --state att") == ["attention"]
    assert complete("sculpteo-bridge completion ") == ["bash", "zsh", "fish"]


def test_an_unknown_shell_is_refused_with_those_that_exist() -> None:
    result = CliRunner().invoke(main, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in result.stderr


def test_the_help_shows_every_command_once_with_its_whole_sentence() -> None:
    result = CliRunner().invoke(main, ["--help"], terminal_width=100)
    context = click.Context(main)
    for name in main.list_commands(context):
        assert result.stdout.count(f"\n  {name} ") == 1, name
    assert "..." not in result.stdout.partition("Options:")[2]
    assert "Others" not in result.stdout, "say in bridge/cli/__init__.py what it is for"
