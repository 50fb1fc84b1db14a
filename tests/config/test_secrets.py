"""Secrets come from outside, and are shown nowhere."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from sqlalchemy.engine import make_url

from bridge.config.show import build_effective_settings, dump_yaml
from tests.config.valid_configuration import ENV, GOOD, faults, loaded

PASSWORD = "password: ${SCULPTEO_PASSWORD}"


def password(text: str, folder: Path = Path()) -> str:
    return loaded(text, folder=folder).settings.sculpteo.password.get_secret_value()


def test_a_variable_is_filled_in() -> None:
    assert password(GOOD) == ENV["SCULPTEO_PASSWORD"]


def test_a_variable_may_be_a_part_of_a_text() -> None:
    assert password(GOOD.replace(PASSWORD, "password: a-${SCULPTEO_PASSWORD}-${SHOPIFY_SECRET}")) == (
        "a-s3cr3t-of-sculpteo-s3cr3t-of-shopify"
    )


def test_a_variable_may_stand_unquoted_in_braces() -> None:
    text = GOOD.replace(
        "sculpteo:\n", "sculpteo: {password: ${SCULPTEO_PASSWORD}, login: me, currency: EUR}\nx:\n"
    )
    text = text[: text.index("x:\n")] + text[text.index("shipping:") :]
    assert password(text) == ENV["SCULPTEO_PASSWORD"]


def test_a_doubled_dollar_keeps_the_text() -> None:
    assert password(GOOD.replace(PASSWORD, "password: a$${SCULPTEO_PASSWORD}")) == "a${SCULPTEO_PASSWORD}"


def test_what_a_variable_holds_is_not_looked_into() -> None:
    env = {**ENV, "SCULPTEO_PASSWORD": "${SHOPIFY_SECRET} # null: [*x"}
    settings = loaded(GOOD, env).settings
    assert settings.sculpteo.password.get_secret_value() == "${SHOPIFY_SECRET} # null: [*x"


def test_a_placeholder_in_a_variable_is_refused_without_being_shown() -> None:
    (fault,) = faults(GOOD, {**ENV, "SCULPTEO_PASSWORD": "changeme"})
    assert fault.path == "sculpteo.password"
    assert "changeme" not in str(fault)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_a_secret_file_is_read_without_the_line_break_at_its_end(tmp_path: Path, end: str) -> None:
    (tmp_path / "pw.txt").write_bytes(b" s3cr3t " + end.encode())
    assert password(GOOD.replace(PASSWORD, "password: {file: pw.txt}"), tmp_path) == " s3cr3t "


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "which is empty"),
        (b"\n\n", "which is empty"),
        (b"s3cr3t\nmore", "which holds several lines"),
        (b"s3cr3t\xff\xfe", "which is not text"),
        (b"x" * 70_000, "which is too large"),
        (b"...\n", "still holds a placeholder"),
    ],
)
def test_an_unusable_secret_file_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "pw.txt").write_bytes(content)
    (fault,) = faults(GOOD.replace(PASSWORD, "password: {file: pw.txt}"), folder=tmp_path)
    assert (fault.line, fault.path) == (13, "sculpteo.password")
    assert said in fault.what
    assert "s3cr3t" not in str(fault)


def test_a_secret_file_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pw")
    (fault,) = faults(GOOD.replace(PASSWORD, "password: {file: pw}"), folder=tmp_path)
    assert "is not a file" in fault.what


def test_a_secret_file_that_everybody_can_read_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "pw.txt"
    path.write_text("s3cr3t")
    path.chmod(0o644)
    (warning,) = loaded(GOOD.replace(PASSWORD, "password: {file: pw.txt}"), folder=tmp_path).warnings
    assert "can be read by every user" in warning.what
    other = GOOD.replace(PASSWORD, "password: {file: pw.txt}").replace("${SHOPIFY_SECRET}", "{file: two.txt}")
    (tmp_path / "two.txt").write_text("s3cr3t")
    assert len(loaded(other, folder=tmp_path).warnings) == 2
    path.chmod(0o600)
    assert loaded(GOOD.replace(PASSWORD, "password: {file: pw.txt}"), folder=tmp_path).warnings == ()


@pytest.mark.parametrize(
    "text", ["*s3cr3t", "&s3cr3t", "!s3cr3t x", "@s3cr3t", "s3cr3t: x", "[s3cr3t", '"s3cr3t']
)
def test_a_password_that_is_no_yaml_is_not_quoted_back(text: str) -> None:
    found = faults(GOOD.replace(PASSWORD, f"password: {text}"))
    assert found
    assert not any("s3cr3t" in str(one) for one in found)


def test_nothing_that_is_printed_shows_a_secret() -> None:
    text = GOOD.replace("sqlite:///bridge.db", "postgresql://bridge:${SCULPTEO_PASSWORD}@db.acme.fr/bridge")
    text = text.replace("client_id: 9c2f6a1e", "client_id: ${SHOPIFY_SECRET}")
    text = text.replace("json://127.0.0.1/alert", "json://u:s3cr3t-alert@127.0.0.1/")
    found = loaded(text)
    shown = dump_yaml(build_effective_settings(found))
    assert "postgresql://***@db.acme.fr/bridge" in shown
    printed = [
        shown,
        repr(found.warnings),
        repr(found.settings.sculpteo),
        repr(found.settings.shops["acme"].client_secret),
    ]
    printed += [
        found.settings.sculpteo.model_dump_json(),
        repr(found.settings.database),
        repr(found.settings.alerts),
    ]
    for one in printed:
        assert "s3cr3t" not in one


def test_the_effective_configuration_holds_every_default_in_the_form_of_the_file() -> None:
    shown = yaml.safe_load(dump_yaml(build_effective_settings(loaded(GOOD))))
    assert shown["sculpteo"]["poll"] == "30m"
    assert shown["tracking"]["without_number_after"] == "2d"
    assert shown["limits"]["per_order"] == "300 EUR"
    assert shown["products"][0]["scale"] == 0.87
    assert shown["shops"]["acme"]["client_secret"] == "***"
    assert shown["database"] == f"sqlite:///{Path.cwd() / 'bridge.db'}"  # beside the file


SPECIAL = {
    "at": "p@ss",
    "slash": "pa/ss",
    "hash": "pa#ss",
    "question": "pa?ss",
    "percent": "pa%ss",
    "space": "pa ss",
    "bracket": "pa]ss",
    "backslash": "pa\\ss",
    "all of it": "p@s:/?#%s",
}
URLS = {
    "database": (
        "database: sqlite:///bridge.db",
        "database: postgresql://bridge:${URL_PART}@db.invalid/bridge",
    ),
    "alert": ('alerts: ["json://127.0.0.1/alert"]', 'alerts: ["mailto://me:${URL_PART}@mail.invalid"]'),
    "alert with more": (
        'alerts: ["json://127.0.0.1/alert"]',
        'alerts: [{url: "mailto://me:${URL_PART}@mail.invalid", on: [alarm]}]',
    ),
    "sculpteo": ("  currency: EUR\n", "  currency: EUR\n  base_url: https://me:${URL_PART}@proxy.invalid\n"),
    "shop": ("    client_id:", "    admin_url: https://me:${URL_PART}@proxy.invalid\n    client_id:"),
}


@pytest.mark.parametrize("value", SPECIAL.values(), ids=SPECIAL)
@pytest.mark.parametrize(("old", "new"), URLS.values(), ids=URLS)
def test_a_secret_that_would_end_a_part_of_its_url_is_refused_without_being_shown(
    old: str, new: str, value: str
) -> None:
    found = faults(GOOD.replace(old, new), {**ENV, "URL_PART": value})
    assert found, "nothing is resolved: it does not start"
    told = "\n".join(map(str, found))
    assert "write @ as %40" in told and "URL_PART" in told
    assert not any(part in told for part in ("p@s", "pa/ss", "pa#ss", "pa?ss", "pa%ss", "pa ss", "pa]ss"))


@pytest.mark.parametrize("value", ["pa:ss", "p%40ss", "pa+s&s=", "päss", "$ecret!"])
def test_a_secret_that_a_url_can_hold_is_the_one_that_the_database_gets(value: str) -> None:
    old, new = URLS["database"]
    url = make_url(
        loaded(GOOD.replace(old, new), {**ENV, "URL_PART": value}).settings.database.get_secret_value()
    )
    assert (url.host, url.username, url.password) == ("db.invalid", "bridge", unquote(value))


@pytest.mark.parametrize(
    "whole",
    [
        "postgresql://bridge:s3c@ret@db/bridge",
        "postgresql://bridge:s3c/ret@db/bridge",
        "postgresql://bridge:s3c#ret@db/bridge",
        "postgresql://bridge:s3c?ret@db/bridge",
        "postgresql://bridge:s3cret/bridge",
        "postgresql://db/bridge?password=s3c@ret",
        "postgresql://bridge:s3c ret@db/bridge",
        "postgresql://bridge:pw@s3cret:x/bridge",
    ],
)
def test_a_whole_url_in_which_a_secret_could_be_taken_for_a_host_is_refused(whole: str) -> None:
    (fault,) = faults(GOOD.replace("sqlite:///bridge.db", "${DATABASE_URL}"), {**ENV, "DATABASE_URL": whole})
    assert fault.path == "database" and "write @ as %40" in fault.remedy
    assert "s3c" not in str(fault) and "ret" not in str(fault)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db/bridge",
        "postgresql:///bridge?host=/var/run/postgresql",
        "postgresql+psycopg://bridge:p%40ss@[::1]:5432/bridge?sslmode=require",
        "postgresql://bridge@db.internal:5432/bridge",
    ],
)
def test_other_urls_of_databases_are_taken(url: str) -> None:
    assert loaded(GOOD.replace("sqlite:///bridge.db", url)).settings.database.get_secret_value() == url


@pytest.mark.parametrize(
    ("url", "env"),
    [
        ("tgram://${BOT}/@prints", {"BOT": "123456:AAH-x_y"}),
        ("discord://${HOOK}", {"HOOK": "4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"}),
        ("ntfy://${HOST}/prints", {"HOST": "ntfy.acme-prints.fr:8443"}),
        ("slack://${A}/${B}/#general", {"A": "T1JJ3T3L2", "B": "A1BRTD4JD"}),
        ("mailtos://${WHO}:pw@acme-prints.fr", {"WHO": "me"}),
        ("${URL}", {"URL": "json://user:p%40ss@example.org/a@b"}),
    ],
)
def test_alerts_whose_services_have_an_at_or_a_colon_of_their_own_are_taken(
    url: str, env: dict[str, str]
) -> None:
    text = GOOD.replace("json://127.0.0.1/alert", url)
    assert loaded(text, {**ENV, **env}).settings.alerts


@pytest.mark.parametrize("quote", ['"', "'", "`"])
def test_a_secret_in_quotes_of_its_own_is_warned_of(tmp_path: Path, quote: str) -> None:
    value = f"{quote}s3cr3t{quote}"
    by_variable = loaded(GOOD, {**ENV, "SCULPTEO_PASSWORD": value}).warnings
    (tmp_path / "pw.txt").write_text(value)
    by_file = loaded(GOOD.replace(PASSWORD, "password: {file: pw.txt}"), folder=tmp_path).warnings
    written = yaml.safe_dump({"password": value}).strip()
    in_the_file = loaded(GOOD.replace(PASSWORD, written)).warnings
    for warnings in (by_variable, by_file, in_the_file):
        told = [str(one) for one in warnings if "same quote" in one.what]
        assert len(told) == 1 and "s3cr3t" not in told[0]
    assert not [
        one for one in loaded(GOOD, {**ENV, "SCULPTEO_PASSWORD": '"half'}).warnings if "quote" in one.what
    ]
