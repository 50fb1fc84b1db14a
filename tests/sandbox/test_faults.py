from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bridge.sandbox import Sandbox
from bridge.sandbox.http.faults import (
    Fault,
    FaultMenu,
    Kind,
)
from tests.support.sandbox_factories import form
from tests.support.waiting import eventually

STATIC = {"X-Shopify-Access-Token": "shpat_sandbox"}
Outcome = tuple[int | str, str]


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        running.shop.add_product("Mug", [{"sku": "MUG"}])
        yield running


async def order(box: Sandbox, seconds: float = 5.0) -> Outcome:
    """Place an order on a fresh connection: (status or what went wrong, the answer's text)."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        try:
            url = f"{box.sculpteo_url}/en/api/store/3D/order/"
            async with http.post(url, data=form(), allow_redirects=False) as response:
                return response.status, (await response.read()).decode("latin-1")
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__, ""


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (Kind.STATUS, 503),
        (Kind.RESET, "ClientOSError"),
        (Kind.SILENCE, "TimeoutError"),
        (Kind.GARBAGE, 200),
        (Kind.HTML, 200),
        (Kind.REDIRECT, 302),
        (Kind.EMPTY, 200),
    ],
)
async def test_an_answer_is_spoilt_before_or_after_the_request_took_effect(
    box: Sandbox, kind: Kind, outcome: int | str, effect: bool
) -> None:
    box.faults.add("sculpteo.order", kind, status=503, effect=effect)
    # only a silent server is given up early: the others answer, however long that takes on a busy machine
    seen, text = await (order(box, seconds=0.5) if kind is Kind.SILENCE else order(box))
    assert seen == outcome or {seen, outcome} == {"ClientOSError", "ServerDisconnectedError"}
    if effect:
        await eventually(box.printer.books)
    assert len(box.printer.books()) == (1 if effect else 0)
    for book in box.printer.books():
        assert book.reference not in text
    assert (await order(box))[0] == 200, "a rule that applies once is used up"


async def test_a_truncated_answer_stops_in_the_middle_of_the_reference(box: Sandbox) -> None:
    box.faults.add("sculpteo.order", Kind.TRUNCATED)
    assert (await order(box))[0] == "ClientPayloadError"
    assert len(box.printer.books()) == 1


async def test_what_a_slow_server_was_asked_for_happens_though_the_client_has_gone(box: Sandbox) -> None:
    box.faults.add("sculpteo.order", Kind.SLOW, seconds=1.0)
    assert (await order(box, seconds=0.05))[0] == "TimeoutError"
    assert box.printer.books() == []
    await eventually(box.printer.books)


async def test_an_outage_refuses_connections(box: Sandbox) -> None:
    await box.stop_sculpteo()
    assert (await order(box))[0] == "ClientConnectorError"
    await box.start_sculpteo()
    assert (await order(box))[0] == 200


async def test_graphql_is_throttled_inside_a_200(box: Sandbox) -> None:
    box.faults.add("shopify.graphql", Kind.THROTTLE)
    answer = await query(box, "{ shop { id } }")
    assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "data" in await query(box, "{ shop { id } }")


async def test_a_rule_can_name_a_mutation_and_let_some_requests_pass(box: Sandbox) -> None:
    order = box.shop.create_order(["MUG"])
    tag = f'mutation {{ tagsAdd(id: "{order.gid}", tags: ["x"]) {{ userErrors {{ message }} }} }}'
    box.faults.add("shopify.graphql.tagsAdd", Kind.EMPTY, skip=1, effect=True)
    assert "data" in await query(box, "{ shop { id } }")
    assert "data" in await query(box, tag)
    assert await query(box, tag.replace('"x"', '"y"')) == {}
    assert order.tags == ["x", "y"]


async def test_a_token_that_ends_early_is_401_until_a_new_one_is_taken(box: Sandbox) -> None:
    box.faults.add("shopify.graphql", Kind.EXPIRE_TOKEN)
    token = {"X-Shopify-Access-Token": box.shop.issue_token()}
    url = f"{box.shopify_url}/admin/api/2026-10/graphql.json"
    async with aiohttp.ClientSession() as http:
        for _ in range(2):
            async with http.post(url, json={"query": "{ shop { id } }"}, headers=token) as response:
                assert response.status == 401
    assert box.shop.tokens == {}


async def query(box: Sandbox, text: str) -> dict[str, list[dict[str, dict[str, str]]]]:
    url = f"{box.shopify_url}/admin/api/2026-10/graphql.json"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, json={"query": text}, headers=STATIC) as response,
    ):
        answer: dict[str, list[dict[str, dict[str, str]]]] = (
            await response.json() if await response.read() else {}
        )
        return answer


async def test_rules_can_look_for_a_name_in_forms_of_either_kind(box: Sandbox) -> None:
    box.faults.add("sculpteo.order", Kind.STATUS, status=400, times=None, containing="Ada Brindille")
    multipart = aiohttp.FormData(form())
    multipart.add_field("ship_invoice", b"%PDF-", filename="i.pdf")
    url = f"{box.sculpteo_url}/en/api/store/3D/order/"
    async with aiohttp.ClientSession() as http:
        for data, status in ((form(), 400), (multipart, 400), (form(ship_addressee="Bo"), 200)):
            async with http.post(url, data=data) as response:
                assert response.status == status


def test_a_chance_is_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        menu = FaultMenu(seed)
        menu.add("x", Kind.RESET, times=None, probability=0.3)
        return [menu.draw(["x"]) is not None for _ in range(200)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 30 < sum(drawn(1)) < 90


def test_the_first_rule_that_fits_is_taken_and_used_up() -> None:
    menu = FaultMenu()
    menu.add("shopify.*", Kind.RESET)
    menu.add("shopify.graphql", Kind.EMPTY)
    drawn = [menu.draw(["shopify.graphql"]) for _ in range(3)]
    assert [fault.kind if fault else None for fault in drawn] == [Kind.RESET, Kind.EMPTY, None]


@pytest.mark.parametrize("options", [{"kind": "banana"}, {"kind": "reset", "probability": 2}])
def test_a_rule_that_means_nothing_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"banana|probability"):
        Fault("x", **options)  # type: ignore[arg-type]  # that is what is tested


async def test_the_sandbox_counts_who_called(box: Sandbox) -> None:
    await order(box)
    await query(box, "{ shop { id } }")
    assert (box.faults.count("sculpteo.order"), box.faults.count("shopify.graphql.shop")) == (1, 1)
    assert [visit.status for visit in box.faults.visits] == [200, 200]


@pytest.mark.parametrize(
    ("kind", "fake", "status"),
    [(Kind.AS_TEST, False, "API Test"), (Kind.AS_REAL, True, "New"), (Kind.AS_TEST, True, "API Test")],
)
async def test_an_order_is_taken_for_what_it_is_not(
    box: Sandbox, kind: Kind, fake: bool, status: str
) -> None:
    box.faults.add("sculpteo.order", kind)
    data = {**form(), "fake": "1"} if fake else form()
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{box.sculpteo_url}/en/api/store/3D/order/", data=data) as response,
    ):
        reference = await response.text()
    book = box.printer.book(reference)
    assert (book.fake, book.status) == (fake, status)
