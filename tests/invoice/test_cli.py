"""`sculpteo-bridge invoice` as a merchant types it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from bridge.cli import _invoice_preview as invoice_cli
from bridge.cli.invoice import command
from bridge.config.settings import Invoice
from bridge.invoice.data import no_safety
from bridge.invoice.sample import build_sample_order
from bridge.invoice.template import read_shipped_template
from bridge.order.clock import SystemClock
from bridge.order.model import ShopOrder
from bridge.order.records import OrderSignal, Transition
from bridge.order.states import State
from bridge.store import Store
from tests.invoice.sample_orders import text


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(command, list(arguments))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_sample_needs_no_configuration(tmp_path: Path) -> None:
    code, _, errors = run("--sample", "-o", "sample.pdf")
    assert (code, errors) == (0, "")
    shown = text((tmp_path / "sample.pdf").read_bytes())
    assert "Sample Company" in shown
    assert "€280.10" in shown


def test_a_sample_in_another_language(tmp_path: Path) -> None:
    assert run("--sample", "--language", "de", "-o", "de.pdf")[0] == 0
    assert "Rechnung" in text((tmp_path / "de.pdf").read_bytes())
    code, _, errors = run("--sample", "--language", "xx", "-o", "xx.pdf")
    assert code == 1
    assert "`invoice.language` 'xx' is not a language" in errors
    assert not (tmp_path / "xx.pdf").exists()


def test_the_data_of_a_template_can_be_read() -> None:
    code, output, _ = run("--sample", "--json")
    assert code == 0
    assert json.loads(output)["total"]["text"] == "€280.10"


def test_the_shipped_template_can_be_copied() -> None:
    assert run("--show-template")[:2] == (0, read_shipped_template())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "name an order, or use --sample"),
        (["--sample", "#1001", "-o", "x.pdf"], "name an order, or use --sample"),
        (["--sample"], "say where the PDF goes"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], why: str) -> None:
    code, _, errors = run(*arguments)
    assert code == 2
    assert why in errors


# --- with a configuration and a database ------------------------------------------------------------------


async def remembered(database: str, *orders: ShopOrder) -> None:
    """Put orders into the database, as the bridge has read them."""
    async with Store.open(database, clock=SystemClock()) as store:
        for shop_order in orders:
            await store.orders.receive_signal(OrderSignal("acme", shop_order.id, "import", shop_order.name))
        for record in await store.orders.claim_orders("test", limit=10, lease_for=timedelta(minutes=1)):
            (read,) = [found for found in orders if found.id == record.order_id]
            if read.name != "#UNREAD":
                await store.orders.record_transition(
                    record, Transition(State.RECEIVED, None, values={"snapshot": read})
                )


def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoice: dict[str, object]) -> str:
    """A configuration that loads, with these settings of the invoice; gives the database's URL."""
    database = f"sqlite:///{tmp_path / 'bridge.db'}"
    shop = SimpleNamespace(domain="acme.myshopify.com", former_domain=None)
    settings = SimpleNamespace(
        invoice=Invoice.model_validate(invoice), shops={"acme": shop}, database=SecretStr(database)
    )
    (tmp_path / "config.yaml").write_text("mode: test\n")
    catalog = SimpleNamespace(find_safety_text=no_safety)
    found = SimpleNamespace(settings=settings, path=tmp_path / "config.yaml", catalog=catalog)
    monkeypatch.setattr(invoice_cli, "load_or_exit", lambda _: found)
    return database


def test_an_order_of_the_database_is_previewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = loaded(tmp_path, monkeypatch, {"mode": "template", "number": "INV-{order}"})
    asyncio.run(remembered(database, build_sample_order()))
    code, output, errors = run("1001", "-o", "out.pdf")
    assert (code, output, errors) == (0, "", "")
    shown = text((tmp_path / "out.pdf").read_bytes())
    assert "INV-1001" in shown
    assert "Ada Example" in shown


def test_orders_that_cannot_be_previewed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = loaded(tmp_path, monkeypatch, {"mode": "template"})
    assert "there is no" in run("1001", "--json")[2]
    unread = replace(build_sample_order(), id="gid://shopify/Order/9", name="#UNREAD")
    asyncio.run(remembered(database, build_sample_order(), unread))
    assert "no order is called 777" in run("777", "--json")[2]
    assert "has not been read from the shop yet" in run("#UNREAD", "--json")[2]


def test_a_broken_template_is_told_with_its_line_and_keeps_the_last_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.typ").write_text("hello\n#nothing")
    (tmp_path / "out.pdf").write_bytes(b"the last one")
    loaded(tmp_path, monkeypatch, {"mode": "template", "template": "mine.typ"})
    code, _, errors = run("--sample", "-o", "out.pdf")
    assert code == 1
    assert "mine.typ:2:1: unknown variable: nothing" in errors
    assert (tmp_path / "out.pdf").read_bytes() == b"the last one"


def test_a_mode_that_sends_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(tmp_path, monkeypatch, {"mode": "none"})
    code, _, errors = run("--sample", "-o", "out.pdf")
    assert code == 0
    assert "no invoice is sent" in errors
    loaded(tmp_path, monkeypatch, {"mode": "url", "url": "https://invoices.example/{order_number}"})
    code, _, errors = run("--sample", "-o", "out.pdf")
    assert code == 1
    assert "name an order" in errors


def test_missing_characters_are_a_warning_of_the_preview(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(tmp_path, monkeypatch, {"mode": "template", "seller": {"name": "工房"}})
    code, _, errors = run("--sample", "-o", "out.pdf")
    assert code == 0
    assert "warning: No font has “工” (U+5DE5), “房” (U+623F)" in errors
