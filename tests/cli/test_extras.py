"""What a bridge says of commands whose extra is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT_GRAPHQL = "import sys; sys.modules['graphql'] = None; from bridge.cli import main; main(sys.argv[1:])"


def run(*arguments: str) -> tuple[int, str]:
    """A bridge on a machine where the extra `sandbox` was never installed."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_GRAPHQL, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("command", [("demo", "--orders", "3"), ("sandbox", "-c", "config.yaml")])
def test_a_command_of_the_sandbox_says_which_extra_it_needs(command: tuple[str, ...]) -> None:
    code, said = run(*command)
    assert code == 2
    assert f"`sculpteo-bridge {command[0]}` needs the extra `sandbox`" in said
    assert "pip install '.[sandbox]'" in said
    assert "Traceback" not in said


def test_the_other_commands_and_the_help_need_no_extra() -> None:
    code, said = run("--help")
    assert code == 0
    assert "Not installed: it needs the extra `sandbox`." in said
    for command in ("serve", "check", "status", "init", "orders"):
        assert run(command, "--help")[0] == 0, command
