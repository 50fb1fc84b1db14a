"""A PostgreSQL of the tests' own: a temporary cluster on a loopback port, gone when the tests end.

Found by `initdb` on the PATH or under /usr/lib/postgresql. PostgreSQL refuses to run as root, so a root user
(as in many containers) runs it as `postgres` or `nobody`. Without its programs tests skip and say so; where
the environment variable CI is set they fail instead.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

PROGRAMS = ("initdb", "pg_ctl", "postgres")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `folder` holds its data and log."""

    programs: Path
    folder: Path
    port: int
    user: str | None  # whom it runs as, when that is not who runs the tests

    def url(self, database: str) -> str:
        return f"postgresql://bridge@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """A new, empty database; gives its URL."""
        name = f"test_{secrets.token_hex(6)}"
        with self._admin() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        with self._admin() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")

    def empty(self, url: str, tables: list[str]) -> None:
        """Delete every row of these tables, and count from 1 again."""
        with self._admin(url.rsplit("/", 1)[1]) as connection:
            connection.exec_driver_sql(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")

    @contextlib.contextmanager
    def _admin(self, database: str = "postgres") -> Iterator[sa.engine.Connection]:
        url = self.url(database).replace("postgresql:", "postgresql+psycopg:")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        # nothing here outlives the machine, so the server need not wait for the disk
        options += " -c fsync=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB"
        self._run(
            "pg_ctl", "-D", self._data, "-l", f"{self.folder}/log", "-w", "-t", "30", "-o", options, "start"
        )

    def stop(self, how: str = "fast") -> None:
        """`how`: fast, or immediate, which is a crash."""
        self._run("pg_ctl", "-D", self._data, "-m", how, "-w", "-t", "120", "stop")

    @property
    def _data(self) -> str:
        return f"{self.folder}/data"

    def initialise(self) -> None:
        self._run("initdb", "-D", self._data, "-U", "bridge", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if self.user is not None:
            command = ["setpriv", f"--reuid={self.user}", "--regid=nogroup", "--clear-groups", *command]
        # a pipe would stay open for as long as the server runs
        with (self.folder / "output").open("ab") as output:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder, timeout=150
            )
        if done.returncode:
            logs = [self.folder / "output", self.folder / "log"]
            text = "\n".join(log.read_text()[-2000:] for log in logs if log.exists())
            raise RuntimeError(f"{program} failed with {done.returncode}: {text}")


def find_programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest version where there are several."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0),
        reverse=True,
    )
    on_path = shutil.which("initdb")
    for folder in [*folders, *([Path(on_path).resolve().parent] if on_path else [])]:
        if all((folder / program).exists() for program in PROGRAMS):
            return folder
    return None


def _other_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server for the time of the block. Raises FileNotFoundError when PostgreSQL is not installed."""
    programs = find_programs()
    if programs is None:
        raise FileNotFoundError("PostgreSQL (initdb, pg_ctl, postgres) is not installed")
    folder = Path(tempfile.mkdtemp(prefix="bridge-pg-"))
    server = Server(programs, folder, _free_port(), _other_user())
    try:
        if server.user is not None:
            shutil.chown(folder, server.user)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def needed() -> Iterator[Server]:
    """A server for the time of the block; without PostgreSQL the test skips, or fails in CI."""
    if find_programs() is None:
        missing = "PostgreSQL (initdb, pg_ctl, postgres) is not installed"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests of the run."""
    with needed() as server:
        yield server
