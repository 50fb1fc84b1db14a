"""What the pages say of the services that run, of clocks, and of upstreams that are simulated."""

from __future__ import annotations

import shutil
from html import unescape
from pathlib import Path

import pytest

from bridge.config.loader import Loaded, load_bytes
from bridge.store.processes import Process
from tests.config.valid_configuration import ENV, GOOD
from tests.support.clocks import RealClock
from tests.web.console.conftest import ROLES, OpenSite, Site, configuration, hash_of

PAGES = ("/", "/orders", "/mapping", "/settings", "/account", "/deeds", "/pause")


def simulated() -> Loaded:
    """A live configuration whose Shopify and Sculpteo are simulated."""
    users = "\n".join(
        f"    {name}: {{role: {role}, password_hash: '{hash_of(name)}'}}" for name, role in ROLES.items()
    )
    text = GOOD.replace("mode: test", "mode: live")
    text = text.replace("    client_id", "    admin_url: http://127.0.0.1:1\n    client_id", 1)
    text = text.replace("  login", "  base_url: https://localhost:1\n  login", 1)
    return load_bytes(f"{text}\nconsole:\n  users:\n{users}\n".encode(), Path("config.yaml"), ENV)


def process(**changes: object) -> Process:
    now = RealClock().now()
    values = {
        "owner": "north:7:a", "host": "north", "pid": 7, "version": "1.0", "role": "all", "mode": "live",
        "listen": "127.0.0.1:8080", "shops": ("acme",), "config_path": "/srv/config.yaml", "config_digest": "ab" * 32,
        "config_since": now, "started_at": now, "seen_at": now, **changes,
    }  # fmt: skip
    return Process(**values)  # type: ignore[arg-type]  # by name


async def shown(site: Site, path: str) -> str:
    status, text = await site.get(path)
    assert status == 200
    return unescape(" ".join(text.split()))


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_says_that_upstreams_are_simulated_in_live(open_site: OpenSite, path: str) -> None:
    async with open_site(simulated()) as site:
        await site.is_signed_in("anna")
        assert "Simulated: Shopify (acme), Sculpteo." in await shown(site, path)


async def test_real_upstreams_and_other_modes_have_no_such_banner(site: Site) -> None:
    await site.is_signed_in("anna")
    assert "Simulated" not in await shown(site, "/")
    assert configuration().settings.mode == "test"


async def test_settings_name_the_services_and_what_they_have_in_force(site: Site) -> None:
    await site.store.processes.report_process(process())
    await site.is_signed_in("vera")
    text = await shown(site, "/settings")
    assert "Running services" in text
    assert "north:7" in text
    assert f'/srv/config.yaml <span class="muted">(SHA-256 {"ab" * 6})' in text


async def test_today_tells_clocks_that_differ_and_a_disk_that_is_nearly_full(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = {"shopify:acme": -3600, "database": 40}
    await site.store.processes.report_process(process(clocks=clocks))
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 5_000_000, 5_000_000))
    await site.is_signed_in("vera")
    text = await shown(site, "/")
    assert "Shopify's clock is 3600 seconds behind the clock of north." in text
    assert "The clock of the database server is 40 seconds ahead of the clock of north." in text
    assert "Only 5 MB are free in " in text
    assert "The bridge itself needs you" in text
