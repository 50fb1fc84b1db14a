"""`sculpteo-bridge probe` as a person runs it, against the sandbox's Sculpteo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.sandbox.http.faults import Kind
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.sculpteo.model import Book
from bridge.store import Store
from tests.support.clocks import RealClock

CONFIG = """\
mode: live
server: {{public_url: https://bridge.shop.example}}
shops:
  acme: {{domain: acme.myshopify.com, admin_url: "{shopify}", access_token: shpat_0123456789abcdef0123456789abcdef, webhook_secrets: [hush-hush-hush-hush]}}
sculpteo: {{login: acme, password: {password}, base_url: "{url}"}}
products:
  - {{sku: RING-S, uuid: QfGQC4YQ, material: silver, scale: 0.87, unit: cm}}
"""


@dataclass
class Running:
    """A sandbox in a thread of its own: the command has its own event loop."""

    box: Sandbox
    folder: Path

    @property
    def books(self) -> list[Book]:
        return self.box.printer.books()

    def probe(
        self, *arguments: str, password: str | None = None, keys: str = "", database: str | None = None
    ) -> Result:
        path = self.folder / "config.yaml"
        text = CONFIG.format(
            password=password or self.box.sculpteo.password,
            url=self.box.sculpteo_url,
            shopify=self.box.shopify_url,
        )
        path.write_text(text + (f"database: {database}\n" if database else ""))
        return CliRunner().invoke(main, ["probe", "-c", str(path), *arguments], input=keys)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    box = Sandbox()
    asyncio.run_coroutine_threadsafe(box.__aenter__(), loop).result(10)
    try:
        yield Running(box, tmp_path)
    finally:
        asyncio.run_coroutine_threadsafe(box.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_programs_are_told_in_json_and_asked_nothing(sandbox: Running) -> None:
    result = sandbox.probe("--json", "--save", str(sandbox.folder / "sample"))
    assert result.exit_code == 0, result.output
    (book,) = sandbox.books
    assert book.fake
    told = json.loads(result.stdout)
    assert (told["placed"], told["read"]["reference"]) == (True, book.reference)
    assert told["sent"]["fake"] == "1"
    assert told["answers"]["order"]["status"] == 200
    assert all(Path(file).exists() for file in told["kept"])
    refused = sandbox.probe("--json", password="wrong")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["placed"] is False


def test_one_fake_order_is_placed_even_in_live_mode_and_everything_is_shown(sandbox: Running) -> None:
    result = sandbox.probe("--yes", "--save", str(sandbox.folder / "sample"))
    assert result.exit_code == 0, result.output
    (book,) = sandbox.books
    assert book.fake
    assert [(one.uuid, one.quantity, one.material) for one in book.items] == [("QfGQC4YQ", 1, "silver")]
    assert "nothing is made and nothing is billed" in result.output
    for shown in ("Answer to the order call", "the page", '"status": "api_test"', book.reference):
        assert shown in result.output
    assert "sandbox-password" not in result.output
    assert {path.name for path in (sandbox.folder / "sample").iterdir()} == {
        "form.json",
        "order.json",
        "json.json",
        "page.json",
        "read.json",
    }


def test_the_address_is_asked_for_and_the_order_only_placed_after_a_yes(sandbox: Running) -> None:
    refused = sandbox.probe(keys="Jo Sample\n2 High Street\nBath\nBA1 1AA\nGB\nn\n")
    assert refused.exit_code == 1
    assert sandbox.books == []
    agreed = sandbox.probe(
        "--name", "Jo Sample", "--design", "YLXNMztE", keys="2 High Street\nBath\nBA1 1AA\nGB\ny\n"
    )
    assert agreed.exit_code == 0, agreed.output
    (book,) = sandbox.books
    assert book.address["ship_addressee"] == "Jo Sample"
    assert book.address["ship_country"] == "GB"
    assert book.items[0].uuid == "YLXNMztE"


def test_a_refusal_is_shown_and_ends_with_an_error(sandbox: Running) -> None:
    result = sandbox.probe("--yes", password="another-password")
    assert result.exit_code == 1
    assert "HTTP 401" in result.output
    assert '"verdict": "refused"' in result.output


def test_what_cannot_be_sent_is_said_before_anything_leaves(sandbox: Running) -> None:
    for arguments, why in (
        (("--country", "FRA"), "“FRA” is not an ISO 3166-1 country code"),
        (("--design", "a:b"), "cannot be a design's UUID"),
    ):
        result = sandbox.probe("--yes", *arguments)
        assert result.exit_code != 0
        assert why in result.output
    assert sandbox.books == []


def test_a_sample_that_exists_is_not_written_over(sandbox: Running) -> None:
    sandbox.probe("--yes", "--save", str(sandbox.folder / "sample"))
    result = sandbox.probe("--yes", "--save", str(sandbox.folder / "sample"))
    assert result.exit_code == 1
    assert "cannot keep the sample" in result.output


def test_a_test_order_that_sculpteo_takes_for_a_real_one_is_an_alarm(sandbox: Running) -> None:
    sandbox.box.faults.add("sculpteo.order", Kind.AS_REAL, times=2)
    result = sandbox.probe("--yes")
    assert result.exit_code == 1
    (book,) = sandbox.books
    assert (
        f"Sculpteo says “New” (the order is ready to be produced) of the test order {book.reference}"
        in result.output
    )
    told = sandbox.probe("--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["real"] is True
    assert json.loads(sandbox.probe("--json").stdout)["real"] is False


def test_after_a_probe_that_was_taken_for_real_nothing_is_ordered_in_live_until_a_person_has_seen_to_it(
    sandbox: Running,
) -> None:
    url = f"sqlite:///{sandbox.folder / 'bridge.db'}"

    async def held() -> str | None:
        async with Store.open(url, clock=RealClock()) as store:
            return await store.orders.find_billed_test_order()

    assert asyncio.run(held()) is None
    sandbox.box.faults.add("sculpteo.order", Kind.AS_REAL)
    assert "nothing is ordered until" in sandbox.probe("--yes", database=url).output
    (book,) = sandbox.books
    assert asyncio.run(held()) == book.reference
    assert "go on" in sandbox.probe("--seen-to", database=url).output
    assert asyncio.run(held()) is None
    assert len(sandbox.books) == 1
