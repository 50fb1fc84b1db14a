"""When the configuration is read again: only once it stays as it is, and faults are told once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.config.loader import Loaded, load_config
from bridge.config.reload import (
    ConfigWatcher,
    needs_restart,
)
from bridge.config.settings import Settings
from bridge.errors import ConfigError
from bridge.order.model import Mode

CONFIG = """\
mode: test
server: {public_url: https://bridge.example.org}
shops:
  acme: {domain: acme.myshopify.com, client_id: abc123, client_secret: {file: secret.txt}}
sculpteo: {login: maker, password: "shhh"}
defaults: {material: white_plastic}
products:
  - {sku: RING-S, uuid: QfGQC4YQ}
"""
EVERY = 0.05
SOON = 60.0

Next = Callable[[], Awaitable[Loaded | ConfigError]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("shpss_one")
    made = tmp_path / "config.yaml"
    made.write_text(CONFIG)
    return made


@asynccontextmanager
async def quiet(watch: ConfigWatcher) -> AsyncIterator[None]:
    """Nothing may come of it within many looks."""
    waiting = asyncio.create_task(watch.wait_for_next())
    yield
    await asyncio.sleep(EVERY * 10)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def soon(watch: ConfigWatcher) -> Loaded | ConfigError:
    async with asyncio.timeout(SOON):
        return await watch.wait_for_next()


async def read(watch: ConfigWatcher) -> Settings:
    found = await soon(watch)
    assert isinstance(found, Loaded), found
    return found.settings


async def refused(watch: ConfigWatcher) -> str:
    found = await soon(watch)
    assert isinstance(found, ConfigError)
    return str(found)


def watched(path: Path) -> ConfigWatcher:
    return ConfigWatcher(load_config(path, {}), every=EVERY, env={})


async def test_a_file_that_stays_as_it_is_is_not_read_again(path: Path) -> None:
    async with quiet(watched(path)):
        pass


async def test_a_file_that_is_only_touched_tells_nothing(path: Path) -> None:
    async with quiet(watched(path)):
        path.touch()


async def test_a_comment_tells_nothing(path: Path) -> None:
    async with quiet(watched(path)):
        path.write_text(CONFIG + "# as agreed on Monday\n")


async def test_an_edit_in_place_is_read(path: Path) -> None:
    watch = watched(path)
    path.write_text(CONFIG.replace("mode: test", "mode: preview"))
    assert (await read(watch)).mode is Mode.PREVIEW


async def test_a_file_that_replaces_it_is_read(path: Path) -> None:
    watch = watched(path)
    other = path.with_suffix(".new")
    other.write_text(CONFIG.replace("mode: test", "mode: preview"))
    other.replace(path)
    assert (await read(watch)).mode is Mode.PREVIEW


async def test_a_link_that_is_swapped_is_read(path: Path, tmp_path: Path) -> None:
    real = path.rename(tmp_path / "one.yaml")
    path.symlink_to(real)
    watch = watched(path)
    two = tmp_path / "two.yaml"
    two.write_text(CONFIG.replace("mode: test", "mode: preview"))
    swap = tmp_path / "swap"
    swap.symlink_to(two)
    swap.replace(path)
    assert (await read(watch)).mode is Mode.PREVIEW


async def test_an_edit_before_the_watch_began_is_not_missed(path: Path) -> None:
    loaded = load_config(path, {})
    path.write_text(CONFIG.replace("mode: test", "mode: preview"))
    assert (await read(ConfigWatcher(loaded, every=EVERY, env={}))).mode is Mode.PREVIEW


async def test_a_secret_file_that_changes_is_read(path: Path, tmp_path: Path) -> None:
    watch = watched(path)
    (tmp_path / "secret.txt").write_text("shpss_two")
    assert (await read(watch)).shops["acme"].signing_secrets() == (b"shpss_two",)


async def test_a_file_that_is_being_written_is_not_read_before_it_stays_the_same(path: Path) -> None:
    """Each half is valid YAML; what it lacks would be missed, were it read."""
    watch = watched(path)
    waiting = asyncio.create_task(watch.wait_for_next())
    text = CONFIG.replace("mode: test", "mode: preview") + "limits: {per_order: 5 EUR}\n"
    with path.open("w") as opened:
        for line in text.splitlines(keepends=True):
            opened.write(line)
            opened.flush()
            await asyncio.sleep(EVERY * 0.7)
            assert not waiting.done()
    async with asyncio.timeout(SOON):
        found = await waiting
    assert isinstance(found, Loaded)
    assert found.settings.limits.per_order is not None


async def test_faults_are_told_once_and_the_mended_file_is_told_though_it_is_the_old_one(path: Path) -> None:
    watch = watched(path)
    path.write_text(CONFIG.replace("mode: test", "mode: tset"))
    assert 'did you mean "test"' in await refused(watch)
    async with quiet(watch):
        path.touch()
    path.write_text(CONFIG)
    assert (await read(watch)).mode is Mode.TEST


async def test_other_faults_are_told_anew(path: Path) -> None:
    watch = watched(path)
    path.write_text(CONFIG.replace("mode: test", "mode: tset"))
    await refused(watch)
    path.write_text(CONFIG.replace("mode: test", "mode: off"))
    assert 'did you mean "preview"' in await refused(watch)


async def test_a_file_that_is_gone_is_a_fault_and_a_secret_that_comes_back_mends_one(
    path: Path, tmp_path: Path
) -> None:
    watch = watched(path)
    path.write_text(CONFIG.replace("secret.txt", "other.txt"))
    assert "other.txt" in await refused(watch)
    (tmp_path / "other.txt").write_text("shpss_other")  # a file that it did not know of
    assert (await read(watch)).shops["acme"].signing_secrets() == (b"shpss_other",)
    path.unlink()
    assert "does not exist" in await refused(watch)


async def test_who_asks_is_always_answered(path: Path) -> None:
    watch = watched(path)
    watch.request_reload()
    assert (await read(watch)).mode is Mode.TEST
    path.write_text("mode: [")
    watch.request_reload()
    await refused(watch)
    watch.request_reload()
    await refused(watch)


def test_what_a_running_bridge_cannot_take_up_is_named(path: Path) -> None:
    now = load_config(path, {}).settings
    path.write_text(CONFIG + "database: sqlite:///other.db\nlimits: {per_order: 5 EUR}\n")
    assert needs_restart(now, load_config(path, {}).settings) == ("database",)
    text = CONFIG.replace("example.org}", "example.org, listen: 127.0.0.1:9}")
    path.write_text(text)
    assert needs_restart(now, load_config(path, {}).settings) == ("server.listen",)
