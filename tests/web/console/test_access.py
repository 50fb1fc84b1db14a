"""Nobody gets into the console who may not, and nobody makes another one's browser act there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest
from yarl import URL

from bridge.cli._record_checks import check_proxy
from bridge.errors import StoreUnavailable
from bridge.order import stored_keys
from bridge.store import sessions
from bridge.store.sessions import Sessions
from bridge.web.console import (
    auth,
    passwords,
    request_context,
)
from bridge.web.console.request_context import LARGEST_FORM
from tests.support.clocks import RealClock
from tests.support.store_factories import word
from tests.web.console.conftest import PASSWORDS, OpenSite, Site, configuration

HTML = {"Accept": "text/html"}


# --- who sees what ---------------------------------------------------------------------------------------


async def test_a_stranger_is_led_to_the_sign_in_and_from_there_to_what_they_wanted(site: Site) -> None:
    async with site.client.get(f"{site.url}/deeds?before=7", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?next=%2Fdeeds%3Fbefore%3D7")
    data = {
        "csrf": await site.token("/sign-in"),
        "name": "anna",
        "password": PASSWORDS["anna"],
        "next": "/deeds?before=7",
    }
    answer = await site.post("/sign-in", data)
    assert (answer.status, answer.headers["Location"]) == (303, "/deeds?before=7")
    assert (await site.get("/deeds"))[0] == 200


@pytest.mark.parametrize("path", ["/", "/deeds", "/account", "/live"])
async def test_no_page_says_anything_to_a_stranger(site: Site, path: str) -> None:
    status, text = await site.get(path)
    assert (status, text) == (303, "")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/", {"vera", "otto", "anna"}), ("/account", {"vera", "otto", "anna"}), ("/deeds", {"anna"})],
)
@pytest.mark.parametrize("name", ["vera", "otto", "anna"])
async def test_each_role_sees_its_pages(site: Site, path: str, allowed: set[str], name: str) -> None:
    await site.sign_in(name)
    assert (await site.get(path))[0] == (200 if name in allowed else 403)


async def test_a_viewer_changes_nothing_and_the_try_is_on_record(site: Site) -> None:
    await site.sign_in("vera")
    assert (await site.press("/alarms/1/clear")).status == 403
    deed = (await site.store.sessions.list_audit_entries())[0]
    assert (deed.who, deed.action, deed.outcome) == ("vera", "refused", "role")


async def test_a_role_that_is_taken_away_ends_at_once(site: Site) -> None:
    await site.sign_in("anna")
    site.loaded = configuration(users=False)
    assert (await site.get("/"))[0] != 303
    assert "Audit log" not in (await site.get("/deeds"))[1]


# --- the console that is off -----------------------------------------------------------------------------


async def test_without_users_the_console_is_off_and_says_how_to_turn_it_on(open_site: OpenSite) -> None:
    async with open_site(configuration(users=False)) as site:
        status, text = await site.get("/")
        assert status == 200
        assert "sculpteo-bridge password" in text
        for path in ("/sign-in", "/deeds", "/account", "/live"):
            assert (await site.get(path))[0] == 404
        assert (await site.get("/", headers={"X-Forwarded-For": "192.0.2.7"}))[0] == 404
        assert (await site.post("/sign-in", {"name": "anna", "password": "x"})).status == 404


async def test_the_demo_is_open_to_this_machine_only(open_site: OpenSite) -> None:
    async with open_site(configuration(users=False), open_here=True) as site:
        assert (await site.get("/"))[0] == 200
        for headers in (
            {"X-Forwarded-For": "192.0.2.7"},
            {"Via": "1.1 proxy"},
            {"Forwarded": "for=192.0.2.7"},
        ):
            assert (await site.get("/", headers=headers))[0] == 403
        assert (await site.get("/", headers={"Host": "rebound.example.net"}))[0] == 421
        assert (await site.get("/", headers={"Host": "bridge.acme-prints.fr"}))[0] == 403
        token = auth.DEMO.session.csrf
        assert (await site.post("/alarms/1/clear", {"csrf": token})).status == 303
        assert (await site.post("/alarms/1/clear", {"csrf": "guessed"})).status == 403


# --- sign-in ---------------------------------------------------------------------------------------------


async def test_a_wrong_password_and_an_unknown_name_look_the_same(site: Site) -> None:
    wrong = await site.sign_in("anna", "not her password")
    unknown = await site.sign_in("nobody", "not her password")
    assert wrong.status == unknown.status == 403
    pages = [(await answer.text()).replace("nobody", "anna") for answer in (wrong, unknown)]
    assert pages[0] == pages[1]
    assert site.cookie("session") is None


async def test_an_unknown_name_takes_as_long_as_a_known_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time goes into the hash, so the same hashes are made."""
    made: list[str] = []
    real = passwords.fits

    def counted(password: str, line: str) -> bool:
        made.append(line.rsplit(":", 2)[0])
        return real(password, line)

    monkeypatch.setattr(passwords, "fits", counted)
    await site.sign_in("anna", "wrong words here")
    await site.sign_in("nobody", "wrong words here")
    assert len(made) == 2
    assert made[0] == made[1]


async def test_of_a_thousand_tries_nothing_gets_through_and_few_are_even_looked_at(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def fits(password: str, line: str) -> bool:
        looked.append(password)
        return False

    monkeypatch.setattr(passwords, "fits", fits)
    token = await site.token("/sign-in")

    async def tries(first: int) -> list[int]:
        found = []
        for number in range(first, 1000, 10):
            data = {"csrf": token, "name": "anna", "password": f"guess {number}"}
            found.append((await site.post("/sign-in", data)).status)
        return found

    statuses = [status for part in await asyncio.gather(*map(tries, range(10))) for status in part]
    assert len(statuses) == 1000
    assert set(statuses) == {403, 429}
    assert len(looked) == statuses.count(403) <= 15
    assert site.cookie("session") is None
    assert len(await site.store.sessions.list_audit_entries(limit=1000)) == len(looked)
    answer = await site.post("/sign-in", {"csrf": token, "name": "anna", "password": PASSWORDS["anna"]})
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0


async def test_the_password_that_somebody_typed_as_their_name_is_not_kept(site: Site) -> None:
    await site.sign_in("my secret password", "anna")
    assert all("secret" not in str(deed) for deed in await site.store.sessions.list_audit_entries())


async def test_each_sign_in_begins_a_new_session_and_ends_the_one_that_came_along(site: Site) -> None:
    await site.sign_in("vera")
    first = site.cookie("session")
    await site.sign_in_again("anna")
    second = site.cookie("session")
    assert first != second
    assert first is not None
    async with aiohttp.ClientSession() as other:
        answer = await other.get(site.url, cookies={"bridge-session": first}, allow_redirects=False)
        assert answer.status == 303


async def test_a_session_that_somebody_planted_stays_nobodys(site: Site) -> None:
    planted = "x" * 43
    site.client.cookie_jar.update_cookies({"bridge-session": planted}, URL(site.url))
    await site.sign_in("anna")
    assert site.cookie("session") != planted
    assert await site.store.sessions.find_session(auth.digest(planted)) is None


async def test_the_database_holds_no_secret_of_a_session(site: Site) -> None:
    await site.sign_in("anna")
    (session,) = await site.store.sessions.list_sessions("anna")
    assert str(site.cookie("session")) not in str(session)


async def test_signing_out_ends_this_session_and_everywhere_ends_all(site: Site) -> None:
    await site.sign_in("anna")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        phone = replace(site, client=client)
        await phone.sign_in("anna")
        assert (await phone.press("/sign-out")).headers["Location"] == "/sign-in"
        assert (await phone.get("/"))[0] == 303
        assert (await site.get("/"))[0] == 200
        await phone.sign_in("anna")
        await site.press("/sign-out-everywhere")
        assert (await phone.get("/"))[0] == (await site.get("/"))[0] == 303


async def test_a_new_password_ends_the_sessions_of_the_old_one(site: Site) -> None:
    await site.sign_in("anna")
    line = site.loaded.settings.console.users["anna"].password_hash.get_secret_value()
    changed = configuration()
    members = dict(changed.settings.console.users)
    members["anna"] = members["otto"].model_copy(update={"role": "owner"})
    assert members["anna"].password_hash.get_secret_value() != line
    object.__setattr__(changed.settings.console, "users", members)
    site.loaded = changed
    assert (await site.get("/"))[0] == 303


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "\\\\evil",
    ],
)
async def test_the_sign_in_leads_to_no_other_site(site: Site, wanted: str) -> None:
    data = {
        "csrf": await site.token("/sign-in"),
        "name": "anna",
        "password": PASSWORDS["anna"],
        "next": wanted,
    }
    assert (await site.post("/sign-in", data)).headers["Location"] == "/"
    async with site.client.get(
        f"{site.url}/sign-in", params={"next": wanted}, allow_redirects=False
    ) as answer:
        assert answer.headers["Location"] == "/"


# --- cookies and proxies ---------------------------------------------------------------------------------


async def test_behind_https_cookies_are_secure_and_bound_to_the_host(open_site: OpenSite) -> None:
    async with open_site(configuration(trusted_proxies="[127.0.0.1]")) as site:
        headers = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
        async with site.client.get(f"{site.url}/sign-in", headers=headers) as answer:
            cookie = answer.headers["Set-Cookie"]
            assert answer.headers["Strict-Transport-Security"]
    assert cookie.startswith("__Host-bridge-form=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


async def test_a_proxy_that_nobody_trusts_cannot_name_another_address(open_site: OpenSite) -> None:
    headers = {"X-Forwarded-For": "198.51.100.1, 192.0.2.7", "X-Forwarded-Proto": "https"}
    for trusted, address in (("[10.0.0.0/8]", "127.0.0.1"), ("[127.0.0.1]", "192.0.2.7")):
        async with open_site(configuration(trusted_proxies=trusted)) as site:
            jar = site.client.cookie_jar
            async with site.client.get(f"{site.url}/sign-in", headers=headers) as answer:
                form = answer.cookies["__Host-bridge-form"].value
            jar.clear()
            data = {"csrf": form, "name": "anna", "password": "wrong words here"}
            sent = {**headers, "Cookie": f"__Host-bridge-form={form}"}
            assert (await site.post("/sign-in", data, headers=sent)).status == 403
            deeds = await site.store.sessions.list_audit_entries()
            assert deeds[0].address == address


async def test_strangers_behind_a_proxy_on_this_machine_do_not_lock_the_owner_out(site: Site) -> None:
    """With the settings as they are: each counts by the address that the proxy tells."""
    token = await site.token("/sign-in")

    async def wrong(address: str) -> int:
        headers = {"X-Forwarded-For": address, "Cookie": f"__Host-bridge-form={token}"}
        data = {"csrf": token, "name": "nobody", "password": "wrong words here"}
        return (await site.post("/sign-in", data, headers=headers)).status

    for number in range(10):
        assert await wrong("198.51.100.66") == 403, number
    assert await wrong("198.51.100.66") == 429
    assert await wrong("203.0.113.9") == 403


async def test_an_owner_comes_in_from_a_browser_that_is_known_while_strangers_try_their_name(
    site: Site,
) -> None:
    assert (await site.sign_in("anna")).status == 303
    await site.press("/sign-out")
    gate = site.app[auth.GATE]
    for number in range(400):
        gate.take("anna", f"198.51.100.{number % 250}")
    token = await site.token("/sign-in")
    data = {"csrf": token, "name": "anna", "password": PASSWORDS["anna"]}
    assert (await site.post("/sign-in", {**data, "password": "wrong words here"})).status == 403
    assert (await site.post("/sign-in", data)).status == 303


async def test_refused_sign_ins_do_not_grow_the_log_without_end(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "REFUSED_KEPT", 20)
    monkeypatch.setattr(sessions, "PRUNE_EVERY", 10)
    await site.store.sessions.record_action("anna", "pause", "done")
    for number in range(100):
        await site.store.sessions.record_action("?", "sign_in", "refused", address=f"192.0.2.{number}")
    deeds = await site.store.sessions.list_audit_entries(limit=1000)
    assert 20 <= sum(one.action == "sign_in" for one in deeds) <= 31
    assert deeds[0].address == "192.0.2.99", "the newest are kept"
    assert [one.action for one in deeds if one.action != "sign_in"] == ["pause"]


async def test_a_proxy_that_nobody_trusts_is_remembered_for_check(open_site: OpenSite) -> None:
    headers = {"X-Forwarded-For": "192.0.2.7"}
    async with open_site(configuration(trusted_proxies="[10.0.0.0/8]")) as site:
        await site.get("/healthz", headers=headers)
        seen = await site.store.memory.get(stored_keys.UNTRUSTED_PROXY)
        assert seen is not None and seen.startswith("127.0.0.1 ")
        check = check_proxy(seen, site.loaded.settings, RealClock().now())
        assert check is not None and check.result == "warning"
        assert "127.0.0.1" in check.sentence and "server.trusted_proxies" in check.sentence
        assert check_proxy(seen, configuration().settings, RealClock().now()) is None, "it is trusted by now"
        assert check_proxy(seen, site.loaded.settings, RealClock().now() + timedelta(days=8)) is None
    async with open_site() as site:
        await site.get("/healthz", headers=headers)
        assert (
            check_proxy(
                await site.store.memory.get(stored_keys.UNTRUSTED_PROXY),
                site.loaded.settings,
                RealClock().now(),
            )
            is None
        )


async def test_a_name_of_somebody_elses_that_points_here_gets_no_answer(site: Site) -> None:
    for host, status in (
        ("rebound.example.net", 421),
        ("bridge.acme-prints.fr", 303),
        ("printer:8080", 303),
        ("192.168.1.5", 303),
        ("[::1]:80", 303),
    ):
        assert (await site.get("/", headers={"Host": host}))[0] == status, host


# --- forged requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_a_request_from_another_site_changes_nothing_even_with_the_token(
    site: Site, headers: dict[str, str]
) -> None:
    await site.sign_in("anna")
    answer = await site.post("/sign-out", {"csrf": await site.token()}, headers=headers)
    assert answer.status == 403
    assert (await site.get("/"))[0] == 200


@pytest.mark.parametrize("token", [None, "", "guessed", "é"])
async def test_a_request_without_its_token_changes_nothing(site: Site, token: str | None) -> None:
    await site.sign_in("anna")
    answer = await site.post("/sign-out", {} if token is None else {"csrf": token})
    assert answer.status == 403
    assert (await site.get("/"))[0] == 200


async def test_the_token_of_another_session_does_not_count(site: Site) -> None:
    await site.sign_in("vera")
    other = await site.token()
    await site.sign_in_again("anna")
    assert (await site.post("/sign-out", {"csrf": other})).status == 403


async def test_nobody_can_be_signed_in_as_somebody_else_by_a_foreign_page(site: Site) -> None:
    data = {"csrf": "x" * 32, "name": "anna", "password": PASSWORDS["anna"]}
    assert (await site.post("/sign-in", data)).status == 403
    assert site.cookie("session") is None


# --- what a browser is told ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/account", "/deeds", "/sign-in", "/nothing"])
async def test_every_page_forbids_frames_foreign_scripts_and_caches(site: Site, path: str) -> None:
    await site.sign_in("anna")
    async with site.client.get(site.url + path, headers=HTML, allow_redirects=False) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert {
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        } <= set(policy.split("; "))
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        text = await answer.text()
    assert " style=" not in text
    assert "<style" not in text
    assert text.count("<script") == text.count('<script src="/static/')


async def test_static_files_may_be_kept_and_no_other_file_can_be_named(site: Site) -> None:
    _, page = await site.get("/sign-in")
    start = page.index("/static/console")
    path = page[start : page.index('"', start)]
    async with site.client.get(site.url + path) as answer:
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
    for bad in ("../visit.py", "..%2fvisit.py", "%2e%2e/visit.py", "console.css", "%00", "..%5cvisit.py"):
        async with site.client.get(URL(f"{site.url}/static/{bad}", encoded=True)) as answer:
            assert answer.status == 404


async def test_unusual_methods_get_a_plain_answer(site: Site) -> None:
    await site.sign_in("anna")
    async with site.client.head(site.url) as answer:
        assert (answer.status, await answer.text()) == (200, "")
    async with site.client.head(f"{site.url}/live") as answer:
        assert answer.status == 405
    for method in ("OPTIONS", "PUT", "DELETE", "TRACE", "PATCH"):
        async with site.client.request(method, site.url, headers=HTML) as answer:
            assert answer.status == 405
            assert "GET" in answer.headers["Allow"]


async def test_huge_and_strange_forms_are_refused(site: Site) -> None:
    await site.sign_in("anna")
    token = await site.token()
    assert (await site.post("/sign-out", {"csrf": token, "x": "y" * LARGEST_FORM})).status == 413
    many = {f"field{number}": "" for number in range(301)}
    assert (await site.post("/sign-out", {"csrf": token, **many})).status == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for data, headers in (
        (b'{"csrf": "x"}', {"Content-Type": "application/json"}),
        (b"\xff\xfe=1", form),
        (b"csrf=x", {**form, "Content-Encoding": "gzip"}),
    ):
        async with site.client.post(f"{site.url}/sign-out", data=data, headers=headers) as answer:
            assert answer.status == 400
    assert (await site.get("/"))[0] == 200


async def test_a_form_that_does_not_come_to_its_end_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_context, "READ_WITHIN", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(site.url).port)
    writer.write(
        b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname=anna"
    )
    async with asyncio.timeout(20):
        assert await reader.readline() == b"HTTP/1.1 400 Bad Request\r\n"
    writer.close()


async def test_a_page_that_is_not_there_is_a_page_for_people_and_not_for_programs(site: Site) -> None:
    status, text = await site.get("/nothing", headers=HTML)
    assert status == 404
    assert "There is nothing here." in text
    assert "<html" not in (await site.get("/nothing"))[1]
    assert "<html" not in (await site.get("/webhooks/shopify/none", headers=HTML))[1]


async def test_a_notice_of_somebody_elses_making_is_shown_as_text(site: Site) -> None:
    for value in ("%5Btrue%2C%20%22%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%5D", "nonsense", "%5B", "1"):
        headers = {"Cookie": f"bridge-notice={value}"}
        status, text = await site.get("/sign-in", headers=headers)
        assert status == 200
        assert "<script>alert" not in text


async def test_a_long_notice_fits_into_its_cookie(site: Site) -> None:
    await site.sign_in("otto")
    why = "é" * 500
    await site.press("/pause", why=why)
    assert len(str(site.cookie("notice"))) < 4000
    (pause,) = await site.store.switch.list_pauses()
    assert pause.why == why[:200]


# --- live updates ----------------------------------------------------------------------------------------


async def test_the_stream_of_a_session_that_ended_ends_without_an_error(site: Site) -> None:
    headers = {"Accept": "text/event-stream"}
    status, text = await site.get("/live", headers=headers)
    assert (status, text) == (204, "")
    await site.sign_in("anna")
    await site.store.sessions.close_sessions("anna")
    status, text = await site.get("/live", headers=headers)
    assert (status, text) == (204, "")


async def test_the_stream_of_a_console_without_its_database_comes_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.sign_in("anna")

    async def away(*_: object) -> None:
        raise StoreUnavailable("it is away")

    monkeypatch.setattr(Sessions, "find_session", away)
    async with site.client.get(f"{site.url}/live", headers={"Accept": "text/event-stream"}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        assert await answer.text() == "retry: 5000\n\n"


async def test_an_open_page_is_told_when_something_happens(site: Site) -> None:
    await site.sign_in("anna")
    async with site.client.get(f"{site.url}/live") as answer:
        assert answer.content_type == "text/event-stream"
        assert await answer.content.readline() == b"retry: 5000\n"
        await site.store.orders.receive_signal(word())
        async with asyncio.timeout(10):
            while (line := await answer.content.readline()) != b"data: changed\n":
                assert line in {b"\n", b": here\n"}
