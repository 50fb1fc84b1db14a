"""`sculpteo-bridge password`, as a person and as a script run it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr, ValidationError

from bridge.cli import main
from bridge.config.console_settings import Console
from bridge.web.console.passwords import LONGEST, fits, hashed
from tests.config.valid_configuration import ENV, GOOD, loaded


def test_a_script_gets_the_line_alone_and_it_is_taken_by_the_configuration() -> None:
    result = CliRunner().invoke(main, ["password"], input="correct horse\n")
    assert result.exit_code == 0
    line = result.stdout.strip()
    assert "\n" not in line
    assert "password_hash: ${CONSOLE_PASSWORD_HASH}" in result.stderr
    text = f"{GOOD}console: {{password_hash: '${{HASH}}'}}\n"
    users = loaded(text, {**ENV, "HASH": line}).settings.console.list_members()
    assert fits("correct horse", users["owner"].password_hash.get_secret_value())
    assert not fits("correct hors", users["owner"].password_hash.get_secret_value())


def test_each_hash_has_a_salt_of_its_own() -> None:
    lines = {CliRunner().invoke(main, ["password"], input="correct horse").stdout for _ in range(2)}
    assert len(lines) == 2


@pytest.mark.parametrize("password", ["", "short", "x" * (LONGEST + 1)])
def test_a_password_that_is_too_short_or_too_long_is_refused(password: str) -> None:
    result = CliRunner().invoke(main, ["password"], input=f"{password}\n")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"10 to {LONGEST} characters" in result.stderr


def test_the_ways_to_compose_a_letter_make_one_password() -> None:
    line = CliRunner().invoke(main, ["password"], input="caf\u00e9 cr\u00e8me noir").stdout.strip()
    assert fits("cafe\u0301 cre\u0300me noir", line)


@pytest.mark.parametrize(
    "line", ["", "scrypt:15:8:3:AAAA", "scrypt:99:8:1:AAAA:BBBB", "scrypt:a:b:c:d:e", "x"]
)
def test_a_line_that_is_no_hash_fits_no_password(line: str) -> None:
    assert not fits("correct horse", line)


@pytest.mark.parametrize("cost", ["0:8:3", "15:0:3", "15:8:0", "30:8:1", "15:999:1", "20:2:1"])
def test_a_hash_whose_cost_no_check_could_pay_is_a_fault_of_the_configuration(cost: str) -> None:
    line = hashed("correct horse", log_n=4)
    assert Console(password_hash=SecretStr(line)).list_members()
    with pytest.raises(ValidationError, match="is not a password hash"):
        Console(password_hash=SecretStr(line.replace("4:8:3", cost)))


def test_a_person_is_asked_twice_and_sees_nothing_of_it(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bridge", "password"],
        stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, cwd=tmp_path, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        said = b""
        for answer in (b"correct horse\n", b"another horse\n", b"correct horse\n", b"correct horse\n"):
            while not said.rstrip().endswith(b":"):
                said += os.read(ours, 1000)
            os.write(ours, answer)
            said += b"|"
        assert process.stdout is not None
        line = process.stdout.read().decode().strip()
        assert process.wait(60) == 0
    os.close(ours)
    assert fits("correct horse", line)
    assert b"horse" not in said
    assert b"match" in said
