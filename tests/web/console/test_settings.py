"""Settings show what holds, without a secret, and who is signed in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import pytest

from bridge.config.reload import ReloadStatus
from bridge.web.console.context import CONSOLE
from bridge.web.console.signin import browser_of
from tests.config.valid_configuration import ENV
from tests.web.console.conftest import PASSWORDS, Site, hash_of
from tests.web.console.orders import SCRIPT

PAGES = ("/", "/settings", "/account", "/deeds", "/pause")


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_shows_a_secret(site: Site, path: str) -> None:
    await site.sign_in("anna")
    for _ in range(2):  # the second time, the shops have been asked
        status, text = await site.get(path)
        assert status == 200
        secrets = [
            ENV["SHOPIFY_SECRET"],
            ENV["SCULPTEO_PASSWORD"],
            *PASSWORDS.values(),
            *map(hash_of, PASSWORDS),
        ]
        secrets += [str(site.cookie("session")), *(line.split(":")[4] for line in map(hash_of, PASSWORDS))]
        assert [secret for secret in secrets if secret in text] == []


async def test_the_configuration_is_shown_as_the_command_line_does(site: Site) -> None:
    await site.sign_in("vera")
    _, text = await site.get("/settings")
    assert "public_url: https://bridge.acme-prints.fr" in text
    assert "password: &#39;***&#39;" in text


async def test_only_an_owner_sees_who_is_signed_in(site: Site) -> None:
    await site.sign_in("otto")
    assert "in 1 browser" not in (await site.get("/settings"))[1]
    await site.sign_in_again("anna")
    _, text = await site.get("/settings")
    assert "in 1 browser" in text


async def test_an_owner_ends_the_sessions_of_somebody_else(site: Site) -> None:
    await site.sign_in("anna")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        other = replace(site, client=client)
        await other.sign_in("vera")
        assert (await other.press("/settings/sign-out", name="anna")).status == 403
        assert (await site.press("/settings/sign-out", name="vera")).status == 303
        assert (await other.get("/"))[0] == 303
    await site.press("/settings/sign-out", name="anna")
    assert (await site.get("/"))[0] == 200
    assert (await site.press("/settings/sign-out", name="nobody")).status == 400
    assert (await site.store.sessions.list_audit_entries())[0].action == "sign_out_somebody"


async def test_faults_of_a_newer_configuration_are_told_on_every_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = ReloadStatus(
        datetime.now(UTC), (f"config.yaml:3:1: {SCRIPT}",), datetime.now(UTC), ("server.listen",)
    )
    monkeypatch.setattr(site.app[CONSOLE], "standing", lambda: standing)
    await site.sign_in("vera")
    for path in ("/", "/settings", "/account"):
        _, text = await site.get(path)
        assert "the last good one holds" in text
        assert "started again: server.listen." in text
    assert "config.yaml:3:1: &lt;script&gt;" in (await site.get("/settings"))[1]
    assert "<script>alert" not in (await site.get("/settings"))[1]


async def test_the_audit_log_is_paged_and_shows_what_people_typed_as_text(site: Site) -> None:
    await site.sign_in("anna")
    for number in range(60):
        await site.store.sessions.record_action(SCRIPT, "pause", "done", facts={"why": f"{SCRIPT} {number}"})
    _, newest = await site.get("/deeds")
    assert "<script>alert" not in newest
    assert newest.count("&lt;script&gt;") >= 50
    start = newest.index("/deeds?before=")
    _, older = await site.get(newest[start : newest.index('"', start)])
    assert "Sign-in" in older
    assert "Sign-in" not in newest
    for bad in ("x", "-1", "1" * 30, "١"):
        assert (await site.get(f"/deeds?before={bad}"))[0] == 400


async def test_versions_are_named(site: Site) -> None:
    await site.sign_in("vera")
    _, text = await site.get("/settings")
    assert "SQLite, schema 00" in text
    assert "sculpteo-bridge" in text


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Version/19.1 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/149.0 Safari/537.36 Edg/149.0", "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox, Linux"),
        ("curl/8.1", "curl/8.1"),
        ("", None),
        (None, None),
    ],
)
def test_people_know_their_browser_again(agent: str | None, said: str | None) -> None:
    assert browser_of(agent) == said
