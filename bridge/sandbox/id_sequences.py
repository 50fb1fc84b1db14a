"""Order numbers that no earlier run of the sandbox has given out: whoever comes back keeps his database, and a
second #1001 would be another order of the same name there."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

BEGAN = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def get_default_file() -> Path:
    """Where numbers are kept: https://specifications.freedesktop.org/basedir-spec/latest/"""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "sculpteo-bridge" / "sandbox.json"


def compute_id_offset() -> int:
    """How far the ids of this run are from those of any other: by a million for each second. Runs share none."""
    return int((time.time() - BEGAN) * 1_000_000)


def iter_order_numbers(file: Path, domain: str, first: int) -> Iterator[int]:
    """The order numbers of a shop, each given out once, over restarts and by several sandboxes at once. Where the
    file cannot be kept, they follow the clock."""
    before = 0
    while True:
        before = max(_take_next_number(file, domain, first), before + 1)
        yield before


def _take_next_number(file: Path, domain: str, first: int) -> int:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+", encoding="utf-8") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            opened.seek(0)
            known = _parse_numbers(opened.read())
            number = max(first, known.get(domain, 0) + 1)
            opened.truncate(0)
            opened.write(json.dumps({**known, domain: number}))
            return number
    except OSError:
        return int((time.time() - BEGAN) * 100)


def _parse_numbers(text: str) -> dict[str, int]:
    """Raises OSError for a file that is none of ours: it is left alone."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(number, int) for number in found.values()):
        raise OSError("the file of order numbers cannot be read")
    return found
