"""Nothing of an order or a customer reaches the log by way of an error."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa
import structlog
from pydantic import TypeAdapter

from bridge.errors import TryAgain, shopify_upstream
from bridge.order.model import ShopOrder
from bridge.runtime import logging as logs
from bridge.store.engine import create_engines, parse_url

NAME = "Ada Example"


def validation() -> None:
    TypeAdapter(ShopOrder).validate_python({"customer_name": NAME})


def lookup() -> None:
    known: dict[str, int] = {}
    known[NAME] += 1


def value() -> None:
    int(NAME)


def chained() -> None:
    try:
        int(NAME)
    except ValueError as error:
        raise RuntimeError("the sum could not be made") from error


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What is logged from here on."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level, configured = root.handlers[:], root.level, structlog.get_config()
    yield stream
    root.handlers[:], root.level = before, level
    structlog.configure(**configured)


def logged(said: io.StringIO, form: Literal["plain", "json"], what: object) -> str:
    logs.configure_logging(form)
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(said)
    try:
        what()  # type: ignore[operator] # one of the functions above
    except Exception:
        structlog.get_logger("bridge.test").exception("it failed", order="#1001")
        logging.getLogger("a.library").exception("so it says")
    return said.getvalue()


@pytest.mark.parametrize("form", ["plain", "json"])
@pytest.mark.parametrize("what", [validation, lookup, value, chained])
def test_an_error_is_logged_by_its_place_and_kind_without_its_values(
    said: io.StringIO, form: Literal["plain", "json"], what: object
) -> None:
    text = logged(said, form, what)
    assert NAME not in text
    assert "test_logging.py" in text
    assert "Error" in text
    if form == "json":
        assert all("Traceback" in json.loads(line)["exception"] for line in text.splitlines())


def test_the_text_of_an_error_that_holds_no_data_is_kept(said: io.StringIO) -> None:
    def fails() -> None:
        raise TryAgain("the shop answered 503", upstream=shopify_upstream("acme"))

    assert "the shop answered 503" in logged(said, "plain", fails)


def test_the_values_of_a_statement_are_in_no_error(said: io.StringIO, tmp_path: Path) -> None:
    _, writing = create_engines(parse_url(f"sqlite:///{tmp_path / 'bridge.db'}"))

    def fails() -> None:
        with writing.begin() as connection:
            connection.execute(sa.text("SELECT nothing FROM nowhere WHERE name = :name"), {"name": NAME})

    with pytest.raises(sa.exc.OperationalError) as error:
        fails()
    assert NAME not in str(error.value)
    assert NAME not in logged(said, "plain", fails)
    writing.dispose()


# --- for a person's terminal -------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_sentences_and_a_pipe_key_and_value(
    said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    def lines(stream: io.StringIO) -> str:
        monkeypatch.setattr("sys.stderr", stream)
        logs.configure_logging("plain")
        log = structlog.get_logger("bridge.runtime.worker")
        log.warning(
            "moved", shop="acme", order="#1001", state="placing", to="unknown", reason="no \x1b[31manswer"
        )
        return stream.getvalue()

    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  warning  moved from placing to unknown  #1001 \(acme\)  \[reason: no  \[31manswer\]\n",
        lines(Terminal()),
    )
    assert "level=warning" in lines(io.StringIO())


def test_a_command_prints_no_log_line_into_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()
    logs.configure_for_commands()
    try:
        log = structlog.get_logger("bridge.store")
        log.info("nobody asked")
        log.warning("the disk is almost full", free="1 MB")
    finally:
        structlog.reset_defaults()
    told = capsys.readouterr()
    assert told.out == ""
    assert "the disk is almost full" in told.err and "nobody asked" not in told.err
