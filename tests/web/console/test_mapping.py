"""The Mapping page: read beside the requests, shown as it is known, and safe with whatever a shop is called."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from bridge.config.mapping import Mapping
from bridge.config.settings import Product
from bridge.errors import NeedsPerson, TryAgain, shopify_upstream
from bridge.mapping_review.prices import (
    Offered,
    Prices,
)
from bridge.mapping_review.variants import ShopCatalog
from bridge.order.model import Design, Money, Quote, Variant
from bridge.web.console.catalog_refresh import SURVEYS
from bridge.web.console.context import CONSOLE
from bridge.web.console.mapping import ROWS
from tests.support.catalog_factories import stock, variant
from tests.support.clocks import RealClock
from tests.web.console.conftest import Site

HOSTILE = "<script>alert(1)</script>{{ 7 * 7 }}\"'`"
RING = variant(1, "RING-S", "40.00", title="Small", product_title="Ring")
NEW = variant(2, "NEW-2026", "60.00", product_title="Prototype")


@dataclass(frozen=True)
class Material:
    id: str


@dataclass
class World:
    """The shop and Sculpteo, as the page asks them. While `gate` is closed, prices are waited for."""

    site: Site
    variants: tuple[Variant, ...] = (RING, NEW)
    currency: str = "EUR"
    fault: Exception | None = None
    reads: int = 0
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def stock(self, shop: str) -> ShopCatalog:
        self.reads += 1
        if self.fault:
            raise self.fault
        return stock(*self.variants, shop=shop, currency=self.currency)

    def prices(self) -> Prices:
        return Prices(self, self.site.store.memory, RealClock(), "EUR")

    async def fetch_price(self, design: Design, quantity: int, currency: str) -> Quote:
        await self.gate.wait()
        self.asked.append(design.uuid)
        return Quote(Money(Decimal("12.50"), currency))

    async def fetch_materials(self) -> Sequence[Offered]:
        return [Material("silver"), Material("white_plastic")]

    async def settled(self) -> None:
        """Wait until the survey that is under way is over."""
        task = self.site.app[SURVEYS].task
        assert task is not None
        await asyncio.wait_for(asyncio.shield(task), 10)


@pytest.fixture
async def world(site: Site) -> World:
    """Somebody who owns the console is signed in; prices come at once."""
    made = World(site)
    made.gate.set()
    site.app[CONSOLE].outside = made
    await site.sign_in("anna")
    return made


async def shown(world: World, query: str = "", **more: object) -> str:
    """The page once everything is known."""
    await world.site.get("/mapping")
    if world.site.app[SURVEYS].running:
        await world.settled()
    status, text = await world.site.get(f"/mapping{query}", **more)
    assert status == 200
    return text


def skus(text: str) -> list[str]:
    return re.findall(r"<code>([A-Z0-9-]+)</code>\s*(?:<span|</td>)", text)


async def test_the_first_look_says_what_is_coming_and_the_next_shows_it(world: World) -> None:
    world.gate.clear()
    status, first = await world.site.get("/mapping")
    assert (status, "The shops are being read." in first) == (200, True)
    assert 'id="variants" data-fresh' in first
    for _ in range(100):
        await asyncio.sleep(0.01)
        _, halfway = await world.site.get("/mapping")
        if "RING-S" in halfway and "Sculpteo is being asked: 0 of 1" in halfway:
            break
    else:
        pytest.fail("the catalogue was not shown before the prices were there")
    assert "€12.50" not in halfway
    world.gate.set()
    await world.settled()
    _, text = await world.site.get("/mapping")
    for expected in ("Ring / Small", "QfGQC4YQ", "silver", "€40.00", "€12.50", "€27.50", "69%"):
        assert expected in text
    assert "No rule of the configuration fits NEW-2026" in text
    assert "https://acme.myshopify.com/admin/products/1" in text


async def test_looking_often_asks_once(world: World) -> None:
    await shown(world)
    for _ in range(20):
        await world.site.get("/mapping")
    assert (world.reads, world.asked) == (1, ["QfGQC4YQ"])


async def test_an_operator_has_it_checked_now_and_pressing_twice_runs_once(world: World) -> None:
    await shown(world)
    world.gate.clear()
    answers = [await world.site.press("/mapping/check") for _ in range(2)]
    assert [answer.status for answer in answers] == [303, 303]
    world.gate.set()
    await world.settled()
    assert (world.reads, world.asked) == (2, ["QfGQC4YQ"] * 2)
    deeds = [deed.action for deed in await world.site.store.sessions.list_audit_entries()]
    assert deeds.count("survey") == 1


async def test_a_viewer_sees_the_page_but_checks_nothing(site: Site) -> None:
    made = World(site)
    made.gate.set()
    site.app[CONSOLE].outside = made
    await site.sign_in("vera")
    assert "/mapping/check" not in await shown(made)
    assert (await site.press("/mapping/check")).status == 403
    assert made.reads == 1


async def test_nobody_sees_it_without_signing_in(site: Site) -> None:
    status, _ = await site.get("/mapping")
    assert status == 303
    assert site.app[SURVEYS].task is None


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            TryAgain("Shopify cannot be reached", upstream=shopify_upstream("acme")),
            "Shopify cannot be reached",
        ),
        (NeedsPerson("shop_access", why="read_products is missing"), "read_products is missing"),
    ],
)
async def test_a_shop_that_cannot_be_read_is_named_and_what_was_known_stays(
    world: World, fault: Exception, told: str
) -> None:
    await shown(world)
    world.fault = fault
    await world.site.press("/mapping/check")
    await world.settled()
    _, text = await world.site.get("/mapping")
    assert "The shop acme could not be read." in text
    assert told in text
    assert "RING-S" in text


async def test_an_error_of_its_own_leaves_the_page_as_it_was(world: World) -> None:
    await shown(world)
    world.fault = RuntimeError("a bug")
    await world.site.press("/mapping/check")
    await world.settled()
    status, text = await world.site.get("/mapping")
    assert (status, "RING-S" in text) == (200, True)


async def test_filters_and_search_narrow_the_list(world: World) -> None:
    world.variants = (RING, NEW, variant(3, "GIFT-1"), variant(4, "OLD-1", status="ARCHIVED"))
    assert skus(await shown(world)) == ["RING-S", "NEW-2026", "GIFT-1", "OLD-1"]
    for query, expected in {
        "?show=amiss": ["NEW-2026"],
        "?show=unmapped": ["NEW-2026"],
        "?show=printed": ["RING-S"],
        "?show=ignored": ["GIFT-1"],
        "?show=off": ["OLD-1"],
        "?q=proto": ["NEW-2026"],
        "?q=RING&show=printed&shop=acme": ["RING-S"],
        "?q=nothing": [],
    }.items():
        assert skus(await shown(world, query)) == expected, query


async def test_dead_products_are_named(world: World) -> None:
    text = await shown(world)
    assert "2 products of the configuration are in no shop" in text
    assert "CHESS is mapped, but decides on no variant of acme." in text


@pytest.mark.parametrize(
    "query", ["?show=all", "?shop=nobody", "?page=0", "?page=-1", "?page=x", "?page=1234567"]
)
async def test_an_address_that_no_link_has_is_refused(world: World, query: str) -> None:
    await shown(world)
    status, _ = await world.site.get(f"/mapping{query}")
    assert status == 400


async def test_a_long_list_comes_in_pages(world: World) -> None:
    world.variants = tuple(variant(number, f"ART-{number}") for number in range(2 * ROWS + 1))
    text = await shown(world)
    assert (len(skus(text)), "1 to 100 of 201" in text, "/mapping?page=2" in text) == (ROWS, True, True)
    last = await shown(world, "?page=3&show=unmapped")
    assert (skus(last), "/mapping?show=unmapped&amp;page=2" in last) == (["ART-200"], True)
    beyond = await shown(world, "?page=99")
    assert skus(beyond) == ["ART-200"]


async def test_prices_in_another_currency_are_shown_and_not_compared(world: World) -> None:
    world.currency = "USD"
    text = await shown(world, headers={"Accept-Language": "en-US"})
    assert "$40.00" in text
    assert "€12.50" in text
    assert "27.50" not in text
    assert "Prices in USD are not compared" in text


async def test_what_a_shop_wrote_is_text(world: World) -> None:
    world.variants = (replace(RING, product_title=HOSTILE, title=HOSTILE), replace(NEW, sku=HOSTILE))
    text = await shown(world)
    assert "<script>alert" not in text
    assert "49" not in re.sub(r"\d{3,}", "", text.split("<main")[1])
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }}" in text
    _, found = await world.site.get("/mapping", params={"q": HOSTILE})
    assert "<script>alert" not in found


async def test_another_mapping_is_laid_beside_the_catalogue_at_once(world: World) -> None:
    await shown(world)
    loaded = world.site.loaded
    products = (*loaded.settings.products, Product(sku="NEW-2026", uuid="Brand-New"))
    mapping = Mapping(loaded.settings.model_copy(update={"products": products}))
    world.site.loaded = replace(loaded, catalog=mapping)
    _, text = await world.site.get("/mapping?show=amiss")
    assert skus(text) == []
    await world.settled()
    assert world.asked == ["QfGQC4YQ", "Brand-New"]


async def test_a_reader_of_french_reads_french(world: World) -> None:
    text = await shown(world, headers={"Accept-Language": "fr-FR"})
    assert "Aucune règle de la configuration ne convient à NEW-2026" in text
    assert "27,50" in text
    assert "Correspondances" in text
