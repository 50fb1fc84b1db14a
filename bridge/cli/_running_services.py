"""What commands say of the services that run: whether they answer, and which configuration they have in force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from bridge.cli._options import format_count, to_printable

if TYPE_CHECKING:
    from bridge.config.database_location import Located
    from bridge.store.processes import Process

PATIENCE = 4.0  # seconds
LARGEST = 500  # characters of what a service says that are shown
ANY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - asked, not bound


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `/readyz` answered at `url`: `status` is None for no answer, and `says` tells why."""

    url: str
    status: int | None
    says: str

    @property
    def is_ready(self) -> bool:
        return self.status == 200

    @property
    def is_silent(self) -> bool:
        """Whether nothing answers there that could be a bridge."""
        return self.status not in {200, 503}


def build_service_url(listen: str) -> str:
    """The address at which a service that listens so is asked from this machine."""
    host, _, port = listen.rpartition(":")
    return f"http://{ANY_ADDRESS.get(host, host)}:{port}"


async def fetch_readiness(base: str) -> Readiness:
    """Ask the service at this address whether it can work. Waits for some seconds at most."""
    import aiohttp

    from bridge.net.ssrf import describe_error

    url = f"{base.rstrip('/')}/readyz"
    try:
        async with (
            aiohttp.ClientSession(trust_env=False, timeout=aiohttp.ClientTimeout(PATIENCE)) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            said = (await answer.content.read(LARGEST)).decode("utf-8", "replace").strip()
            if answer.status == 200 and not said.startswith("ready"):
                return Readiness(url, None, "something else than a bridge answers there")
            return Readiness(url, answer.status, said or f"HTTP {answer.status}")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Readiness(url, None, describe_error(error))


def format_process_name(process: Process) -> str:
    return f"{process.host}:{process.pid}"


def describe_config_in_force(process: Process, located: Located) -> str:
    """Which configuration a process has in force, and whether the file of this command says the same."""
    differs = process.config_digest != located.hash
    return (
        f"{format_process_name(process)} (role {process.role}) runs in mode {process.mode} on"
        f" {process.config_path}, as read {format_local_second(process.config_since)}"
        f" (SHA-256 {process.config_digest[:12]}); "
        + (f"the file {located.path} differs from it" if differs else "the file says the same")
        + "."
    )


def format_local_second(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def describe_config_faults(located: Located, running: Sequence[Process]) -> Iterator[str]:
    """What a command that works all the same says of a configuration with faults, line by line."""
    if located.faults is None:
        return
    yield str(located.faults)
    count = max(len(located.faults.faults), 1)
    yield f"The configuration has {format_count(count, 'fault')}; a service that runs goes on with the one before."
    for process in running:
        yield describe_config_in_force(process, located)
    if not running:
        yield "No service that runs has given word to this database in the last 30 seconds."


def print_config_faults(located: Located, running: Sequence[Process]) -> None:
    """On standard error."""
    for line in describe_config_faults(located, running):
        click.echo(to_printable(line), err=True)


def dump_process(process: Process, located: Located) -> dict[str, object]:
    """A process for programs."""
    return {
        "owner": process.owner,
        "host": process.host,
        "pid": process.pid,
        "version": process.version,
        "role": process.role,
        "mode": process.mode,
        "listen": process.listen,
        "shops": list(process.shops),
        "config": process.config_path,
        "config_sha256": process.config_digest,
        "config_since": process.config_since.isoformat(),
        "config_differs": process.config_digest != located.hash,
        "started_at": process.started_at.isoformat(),
        "seen_at": process.seen_at.isoformat(),
    }
