"""`init` at a real terminal, as a merchant types at it."""

from __future__ import annotations

import os
import pty
import select
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

PATIENCE = 60.0  # seconds for one question
SECRET, PASSWORD, CONSOLE = "shpss_5ecret", "prints-pw", "a password for the console"

TYPED = (
    ("ends in .myshopify.com:", "acme"),  # refused, with what was likely meant
    ("ends in .myshopify.com:", "acme.myshopify.com"),
    ("Client ID", SECRET),  # refused: a secret
    ("Client ID", "9c2f6a1e"),
    ("Address under which", "<"),  # a step back
    ("Client ID", ""),  # what was answered before
    ("Address under which", "https://bridge.acme-prints.fr"),
    ("Your login", "https://www.sculpteo.com/"),  # refused: a URL
    ("Your login", "prints@mail.example.com"),
    ("Packing-slip theme", ""),
    ("Currency", ""),
    ("material", ""),
    ("Unit", ""),
    ("SKU", "RING-S"),
    ("UUID", "QfGQC4YQ"),
    ("Where your secrets live", ""),
    ("Client secret", SECRET),
    ("password at Sculpteo", PASSWORD),
    ("password for the console", CONSOLE),
    ("Once more", CONSOLE),
    ("Where alerts go", ""),
    ("simulated shop", "yes"),
    ("Write it?", "5"),  # the theme, after all
    ("Packing-slip theme", "acme"),
    ("Write it?", ""),
)


class Terminal:
    """The other end of the terminal that the command runs at."""

    def __init__(self, folder: Path) -> None:
        self._end, inner = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bridge", "init"], cwd=folder, stdin=inner, stdout=inner, stderr=inner
        )
        os.close(inner)
        self.seen = ""
        self._from = 0

    def wait_for(self, text: str) -> None:
        """Read until it asks; what was read before does not count."""
        until = time.monotonic() + PATIENCE
        while text not in self.seen[self._from :]:
            assert time.monotonic() < until, self.seen
            if not self._read():
                raise AssertionError(f"it ended:\n{self.seen}")
        self._from = len(self.seen)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._end], [], [], 0.2)
        try:
            found = os.read(self._end, 65_536) if ready else None
        except OSError:  # nobody is at the other end any more
            return False
        self.seen += (found or b"").decode()
        return found != b""

    def type(self, line: str) -> None:
        time.sleep(0.05)  # as the terminal is set for what is hidden
        os.write(self._end, f"{line}\n".encode())

    def end(self) -> int:
        while self._read():
            pass
        os.close(self._end)
        return self.process.wait(PATIENCE)


@pytest.mark.long
def test_a_merchant_answers_at_a_terminal_and_no_secret_is_seen(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    for question, answer in TYPED:
        terminal.wait_for(question)
        terminal.type(answer)
    assert terminal.end() == 0, terminal.seen
    assert 'did you mean "acme.myshopify.com"?' in terminal.seen
    assert terminal.seen.count(SECRET) == 1  # as it was typed where it does not belong
    assert PASSWORD not in terminal.seen
    assert CONSOLE not in terminal.seen
    found = yaml.safe_load((tmp_path / "config.yaml").read_text("utf-8"))
    assert found["shops"]["acme"]["client_id"] == "9c2f6a1e"
    assert (found["sculpteo"]["login"], found["sculpteo"]["theme"]) == ("prints@mail.example.com", "acme")
    assert found["sculpteo"]["base_url"] == "http://127.0.0.1:8901"
    secrets = tmp_path / "secrets"
    assert (secrets / "shopify_client_secret.txt").read_text() == f"{SECRET}\n"
    assert stat.S_IMODE((secrets / "sculpteo_password.txt").stat().st_mode) == 0o600
    checked = subprocess.run(
        [sys.executable, "-m", "bridge", "check", "--offline"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
