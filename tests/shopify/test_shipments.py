"""What is written back to the shop: shipments and their tracking, and what the merchant sees of the print."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.errors import NeedsPerson, TryAgain
from bridge.order.model import Annotation, FulfillmentLines, Mode, NewFulfillment, Tracking
from bridge.shopify.orders import ShopifyShop
from bridge.shopify.shipments import fulfillment_input, tracking_input
from tests.shopify.fake_shopify import Fault, Shop, denied
from tests.shopify.sample_order import ORDER

UNIT = "gid://shopify/FulfillmentOrder/1"
LINES = (FulfillmentLines(UNIT, (("gid://shopify/FulfillmentOrderLineItem/1", 2),)),)
ONE = (Tracking("1Z999AA10123456784", "ups", None),)


def new(tracking: tuple[Tracking, ...] = ONE, country: str | None = None) -> NewFulfillment:
    return NewFulfillment(LINES, tracking, notify_customer=True, country_code=country)


@pytest.fixture
def logged() -> list[str]:
    return []


@pytest.fixture
def port(shop: Shop, logged: list[str]) -> ShopifyShop:
    return ShopifyShop(shop.admin, mode=Mode.LIVE, log=logged.append)


# --- the inputs ---


def test_a_shipment_names_lines_quantities_carrier_number_and_link() -> None:
    assert fulfillment_input(new()) == {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": UNIT,
                "fulfillmentOrderLineItems": [
                    {"id": "gid://shopify/FulfillmentOrderLineItem/1", "quantity": 2}
                ],
            }
        ],
        "notifyCustomer": True,
        "trackingInfo": {
            "number": "1Z999AA10123456784",
            "company": "UPS",
            "url": "https://www.ups.com/track?tracknum=1Z999AA10123456784",
        },
    }


def test_a_shipment_without_a_number_has_no_tracking() -> None:
    assert "trackingInfo" not in fulfillment_input(new(()))
    assert tracking_input((Tracking(None, "UPS"),), None) == {}


def test_several_numbers_go_with_their_links_in_order() -> None:
    several = (Tracking("6A1", "La Poste", "https://parcels.example/6A1"), Tracking("6A2", "La Poste"))
    assert tracking_input(several, "FR") == {
        "numbers": ["6A1", "6A2"],
        "company": "Colissimo",
        "urls": ["https://parcels.example/6A1", "https://www.laposte.fr/outils/suivre-vos-envois?code=6A2"],
    }


def test_links_are_left_out_when_one_is_missing_since_they_match_by_place() -> None:
    told = tracking_input(
        (Tracking("A", "Snail Mail", "https://snail.example/A"), Tracking("B", "Snail Mail")), None
    )
    assert told == {"numbers": ["A", "B"], "company": "Snail Mail"}


def test_numbers_of_two_carriers_name_both() -> None:
    told = tracking_input((Tracking("A", "UPS"), Tracking("B", "chronopost")), None)
    assert told["company"] == "UPS, Chronopost"


def test_a_number_of_an_unknown_carrier_stands_alone() -> None:
    assert tracking_input((Tracking("X1"),), None) == {"number": "X1"}


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://x.example/1", "https://", "https://a b/", "//x", "http://["]
)
def test_a_link_that_no_customer_should_click_is_left_out(url: str) -> None:
    assert tracking_input((Tracking("X1", None, url),), None) == {"number": "X1"}


# --- fulfilling ---


async def test_a_fulfillment_is_created_with_valid_input_and_gives_its_id(
    shop: Shop, port: ShopifyShop
) -> None:
    got: list[dict[str, Any]] = []

    def create(info: Any, fulfillment: dict[str, Any]) -> dict[str, Any]:
        got.append(fulfillment)
        return {"fulfillment": {"id": "gid://shopify/Fulfillment/5", "status": "SUCCESS"}, "userErrors": []}

    shop.stub.root["fulfillmentCreate"] = create
    assert await port.create_fulfillment(ORDER, new(country="FR")) == "gid://shopify/Fulfillment/5"
    assert got[0]["trackingInfo"]["company"] == "UPS"
    assert got[0]["notifyCustomer"] is True
    assert got[0]["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderLineItems"][0]["quantity"] == 2


async def test_a_merchants_own_carrier_names_come_first(shop: Shop) -> None:
    shop.stub.root["fulfillmentCreate"] = {
        "fulfillment": {"id": "gid://shopify/Fulfillment/5", "status": "SUCCESS"},
        "userErrors": [],
    }
    port = ShopifyShop(shop.admin, mode=Mode.LIVE, carriers={"Ups": "UPS Mail Innovations"})
    await port.create_fulfillment(ORDER, new())
    assert (
        shop.stub.of("FulfillmentCreate")[0]["fulfillment"]["trackingInfo"]["company"]
        == "UPS Mail Innovations"
    )


async def test_a_refused_fulfillment_needs_a_person_with_the_number_and_the_reason(
    shop: Shop, port: ShopifyShop
) -> None:
    error = {"message": "Fulfillment order does not exist.", "field": ["fulfillment"]}
    shop.stub.root["fulfillmentCreate"] = {"fulfillment": None, "userErrors": [error, error]}
    with pytest.raises(NeedsPerson) as caught:
        await port.create_fulfillment(ORDER, new())
    assert caught.value.problem == "cannot_fulfill"
    assert caught.value.facts == {"number": "1Z999AA10123456784", "why": "Fulfillment order does not exist."}


@pytest.mark.parametrize("fault", [Fault(500), Fault(502), Fault(drop=True), Fault(200, b"")])
async def test_a_fulfillment_whose_answer_is_lost_is_sent_only_once(
    shop: Shop, port: ShopifyShop, fault: Fault
) -> None:
    shop.stub.faults.append(fault)
    with pytest.raises(TryAgain):
        await port.create_fulfillment(ORDER, new())
    assert len(shop.stub.requests) == 1


async def test_a_fulfillment_without_an_id_is_for_a_later_look(shop: Shop, port: ShopifyShop) -> None:
    shop.stub.root["fulfillmentCreate"] = {"fulfillment": None, "userErrors": []}
    with pytest.raises(TryAgain):
        await port.create_fulfillment(ORDER, new())


async def test_tracking_is_replaced_by_the_whole_list(shop: Shop, port: ShopifyShop) -> None:
    shop.stub.root["fulfillmentTrackingInfoUpdate"] = {
        "fulfillment": {"id": "gid://shopify/Fulfillment/5"},
        "userErrors": [],
    }
    both = (
        Tracking("A", "UPS", "https://parcels.example/A"),
        Tracking("B", "UPS", "https://parcels.example/B"),
    )
    await port.extend_tracking("gid://shopify/Fulfillment/5", both, notify_customer=False)
    assert shop.stub.of("FulfillmentTrackingUpdate") == [
        {
            "id": "gid://shopify/Fulfillment/5",
            "tracking": {
                "numbers": ["A", "B"],
                "company": "UPS",
                "urls": ["https://parcels.example/A", "https://parcels.example/B"],
            },
            "notifyCustomer": False,
        }
    ]


async def test_refused_tracking_needs_a_person(shop: Shop, port: ShopifyShop) -> None:
    error = {"message": "Fulfillment is cancelled", "field": None}
    shop.stub.root["fulfillmentTrackingInfoUpdate"] = {"fulfillment": None, "userErrors": [error]}
    with pytest.raises(NeedsPerson) as caught:
        await port.extend_tracking("gid://shopify/Fulfillment/5", ONE, notify_customer=True)
    assert caught.value.problem == "cannot_fulfill"


# --- what the merchant sees ---


class Seen:
    """The tags and metafields of an order."""

    def __init__(self, shop: Shop, *tags: str) -> None:
        self.tags = list(tags)
        self.metafields: dict[str, str] = {}
        self.progress: dict[str, str] = {}
        root = shop.stub.root
        root["order"] = lambda info, id: {"tags": list(self.tags)}
        root["tagsAdd"] = self.add
        root["tagsRemove"] = self.remove
        root["metafieldsSet"] = self.set
        root["fulfillmentOrderReportProgress"] = self.report

    def add(self, info: Any, id: str, tags: list[str]) -> dict[str, Any]:
        self.tags += tags
        return {"userErrors": []}

    def remove(self, info: Any, id: str, tags: list[str]) -> dict[str, Any]:
        self.tags = [tag for tag in self.tags if tag not in tags]
        return {"userErrors": []}

    def set(self, info: Any, metafields: list[dict[str, Any]]) -> dict[str, Any]:
        for entry in metafields:
            assert entry["namespace"] == "sculpteo"
            assert "compareDigest" not in entry
            self.metafields[entry["key"]] = entry["value"]
        return {"metafields": [], "userErrors": []}

    def report(self, info: Any, id: str, progressReport: dict[str, str]) -> dict[str, Any]:
        self.progress[id] = progressReport["reasonNotes"]
        return {"fulfillmentOrder": None, "userErrors": []}


PLACED = Annotation(state="placed", reference="QX3B9K2M", fake=False, progress=(UNIT,))


async def test_an_order_shows_one_tag_of_ours_reference_state_and_progress(
    shop: Shop, port: ShopifyShop
) -> None:
    seen = Seen(shop, "vip", "sculpteo-waiting", "Sculpteo-Received", "sculpteo-favourite")
    await port.annotate_order(ORDER, PLACED)
    assert seen.tags == ["vip", "sculpteo-favourite", "sculpteo-placed"]
    assert seen.metafields == {"state": "placed", "reference": "QX3B9K2M"}
    assert seen.progress == {UNIT: "Sculpteo prints it: QX3B9K2M"}


async def test_shown_twice_is_shown_once(shop: Shop, port: ShopifyShop) -> None:
    seen = Seen(shop)
    await port.annotate_order(ORDER, PLACED)
    await port.annotate_order(ORDER, PLACED)
    assert seen.tags == ["sculpteo-placed"]
    assert shop.stub.operations().count("TagsAdd") == 1


async def test_a_test_order_is_never_shown_as_a_real_one(shop: Shop, port: ShopifyShop) -> None:
    seen = Seen(shop, "sculpteo-test-waiting")
    await port.annotate_order(ORDER, Annotation("placed", "FAKE1234", fake=True))
    assert seen.tags == ["sculpteo-test-placed"]
    assert seen.metafields == {"state": "placed (test)", "reference": "FAKE1234"}
    await port.annotate_order(ORDER, Annotation("placed", "QX3B9K2M", fake=False))
    assert seen.tags == ["sculpteo-placed"]


async def test_without_a_reference_only_the_state_is_shown(shop: Shop, port: ShopifyShop) -> None:
    seen = Seen(shop)
    await port.annotate_order(ORDER, Annotation("attention", None, fake=False))
    assert seen.metafields == {"state": "attention"}


async def test_progress_that_cannot_be_reported_is_only_logged(
    shop: Shop, port: ShopifyShop, logged: list[str]
) -> None:
    seen = Seen(shop)
    error = {"message": "cannot be reported", "code": "FULFILLMENT_ORDER_STATUS_INVALID", "field": None}
    shop.stub.root["fulfillmentOrderReportProgress"] = {"fulfillmentOrder": None, "userErrors": [error]}
    await port.annotate_order(ORDER, PLACED)
    shop.stub.root["fulfillmentOrderReportProgress"] = denied("fulfillmentOrderReportProgress", "write_x")
    await port.annotate_order(ORDER, PLACED)
    assert seen.tags == ["sculpteo-placed"]
    assert len(logged) == 2
    assert UNIT in logged[0]


async def test_one_part_that_is_not_allowed_does_not_keep_the_other_from_being_shown(
    shop: Shop, port: ShopifyShop
) -> None:
    seen = Seen(shop)
    shop.stub.root["tagsAdd"] = denied("tagsAdd", "write_orders")
    await port.annotate_order(ORDER, PLACED)
    assert seen.metafields["reference"] == "QX3B9K2M"


async def test_an_app_that_may_show_nothing_is_told_so(shop: Shop, port: ShopifyShop) -> None:
    seen = Seen(shop)
    shop.stub.root["tagsAdd"] = denied("tagsAdd", "write_orders")
    shop.stub.root["metafieldsSet"] = denied("metafieldsSet", "write_orders")
    with pytest.raises(NeedsPerson) as caught:
        await port.annotate_order(ORDER, PLACED)
    assert caught.value.problem == "shop_access"
    assert seen.progress, "what is allowed was shown"


async def test_a_refused_tag_is_logged(shop: Shop, port: ShopifyShop, logged: list[str]) -> None:
    Seen(shop)
    shop.stub.root["tagsAdd"] = {"userErrors": [{"message": "Too many tags", "field": ["tags"]}]}
    await port.annotate_order(ORDER, PLACED)
    assert logged == [f"tagsAdd on {ORDER}: Too many tags"]


async def test_a_shop_in_trouble_is_asked_again_later(shop: Shop, port: ShopifyShop) -> None:
    Seen(shop)
    shop.stub.faults.append(Fault(500))
    with pytest.raises(TryAgain):
        await port.annotate_order(ORDER, PLACED)
