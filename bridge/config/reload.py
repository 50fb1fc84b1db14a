"""Notices that the configuration was edited, and reads it again while the bridge runs.

The files are looked at every few seconds rather than through the operating system's events: that works on
every file system, through symbolic links that are swapped, and for editors that write another file and put
it in the place of the old one. A file is read only once it has stayed the same from one look to the next:
half a file can be valid YAML, and would be a configuration without its limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bridge.config.loader import Loaded, load_config
from bridge.config.settings import Settings
from bridge.errors import ConfigError

EVERY = 2.0  # seconds between looks
FAULTY_AGAIN = 15  # looks after which a faulty file is read again: what it lacks may lie elsewhere

NEEDS_RESTART = (("server", "listen"), ("server", "open_metrics"), ("database",))

Signature = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class ReloadStatus:
    """How things stand with the configuration: when the one in force was read, the faults of a newer one
    that is not, since when, and which changed keys take effect only after a restart."""

    read_at: datetime
    faults: tuple[str, ...] = ()
    faulty_since: datetime | None = None
    needs_restart: tuple[str, ...] = ()


def needs_restart(running: Settings, wanted: Settings) -> tuple[str, ...]:
    """The keys whose change a running bridge cannot take up. `running` are the settings that it began with."""
    return tuple(
        ".".join(path)
        for path in NEEDS_RESTART
        if _read_setting(running, path) != _read_setting(wanted, path)
    )


def _read_setting(settings: Settings, path: tuple[str, ...]) -> object:
    found: object = settings
    for name in path:
        found = getattr(found, name)
    return found


class ConfigWatcher:
    """Waits for the next configuration. `every` is in seconds; `env` as for `load`."""

    def __init__(self, loaded: Loaded, *, every: float = EVERY, env: Mapping[str, str] | None = None) -> None:
        self._path = loaded.path
        self._every = every
        self._env = env
        self._files = loaded.files
        self._inforce = loaded
        self._newest = loaded.hash
        self._told: str | None = None  # the faults that were told last
        self._read = self._read_signature() if _hash_file(loaded.path) == loaded.hash else ()
        self._last = self._read
        self._looks = 0
        self._asked = asyncio.Event()

    def request_reload(self) -> None:
        """Read it now, as after SIGHUP, changed or not."""
        self._asked.set()

    def digest_of(self, in_force: Loaded) -> str:
        """SHA-256 of the newest file that says what `in_force` does: a changed comment changes only the file."""
        return self._newest if in_force is self._inforce else in_force.hash

    async def wait_for_next(self) -> Loaded | ConfigError:
        """The next configuration to use, or the faults of one that cannot be used. Both are told once,
        except to somebody who asks."""
        while True:
            asked = await self._wait_for_request()
            if not (asked or await asyncio.to_thread(self._is_due)):
                continue
            found = await asyncio.to_thread(self._load_config)
            if isinstance(found, ConfigError):
                if asked or str(found) != self._told:
                    self._told = str(found)
                    return found
            elif asked or self._told is not None or found.settings != self._inforce.settings:
                self._told, self._inforce, self._newest = None, found, found.hash
                return found
            else:
                self._newest = found.hash

    async def _wait_for_request(self) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), self._every)
        asked = self._asked.is_set()
        self._asked.clear()
        return asked

    def _is_due(self) -> bool:
        now, before = self._read_signature(), self._last
        self._last = now
        self._looks += 1
        faulty_for_long = self._told is not None and self._looks >= FAULTY_AGAIN
        return faulty_for_long or (now != self._read and now == before)

    def _load_config(self) -> Loaded | ConfigError:
        self._read, self._looks = self._read_signature(), 0
        try:
            found = load_config(self._path, self._env)
        except ConfigError as error:
            return error
        before = self._read[0]
        self._files = found.files
        after = self._read_signature()
        self._read = after if after[0] == before else ()  # written while it was read: once more
        return found

    def _read_signature(self) -> Signature:
        return tuple(_read_stat(path) for path in (self._path, *sorted(self._files)))


def _read_stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - through links: what is read is what they lead to
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _hash_file(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
