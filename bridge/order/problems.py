"""Everything that can need a person: a closed list, each with a sentence and a remedy.

A *problem* stops its order (state `attention`). An *alarm* stands beside an order that goes on, because
Sculpteo cannot be told to stop. `{names}` are filled from the facts recorded with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Problem(StrEnum):
    UNMAPPED = "unmapped"
    OPTION = "option"
    VARIANT = "variant"
    ADDRESS = "address"
    ADDRESS_WRONG = "address_wrong"
    ADDRESS_DOUBTFUL = "address_doubtful"
    POSTAL_CODE = "postal_code"
    NO_COURIER = "no_courier"
    REFUSED = "refused"
    BLOCKED = "blocked"
    CANCELLED_AT_SCULPTEO = "cancelled_at_sculpteo"
    STATUS_WORDS = "status_words"
    LIVE_IS_TEST = "live_is_test"
    LIMIT_ORDER = "limit_order"
    ABOVE_DAY_LIMIT = "above_day_limit"
    NO_PRICE = "no_price"
    INVOICE = "invoice"
    MOVED = "moved"
    LOCATION = "location"
    NO_FULFILLMENT_ORDER = "no_fulfillment_order"
    LEDGER_UNREADABLE = "ledger_unreadable"
    SHOP_ACCESS = "shop_access"
    CANNOT_FULFILL = "cannot_fulfill"
    REFERENCE_TAKEN = "reference_taken"
    INTERNAL = "internal"


class Alarm(StrEnum):
    CANCELLED_AFTER_PLACING = "cancelled_after_placing"
    REFUNDED_AFTER_PLACING = "refunded_after_placing"
    UNPAID_AFTER_PLACING = "unpaid_after_placing"
    EDITED_AFTER_PLACING = "edited_after_placing"
    ADDRESS_AFTER_PLACING = "address_after_placing"
    DELETED_AFTER_PLACING = "deleted_after_placing"
    FULFILLED_ELSEWHERE = "fulfilled_elsewhere"
    SECOND_REFERENCE = "second_reference"
    TWO_PURCHASES = "two_purchases"
    LATE_ANSWER = "late_answer"
    CLOSED_ALIVE = "closed_alive"
    LIVE_IS_TEST = "live_is_test"
    TEST_IS_REAL = "test_is_real"
    NO_TRACKING_NUMBER = "no_tracking_number"
    LEDGER_NOT_WRITTEN = "ledger_not_written"
    NOTE_UNREADABLE = "note_unreadable"
    DATA_REQUEST = "data_request"


@dataclass(frozen=True, slots=True)
class Text:
    sentence: str
    remedy: str


PROBLEMS: dict[Problem, Text] = {
    Problem.UNMAPPED: Text(
        "No design is mapped to {skus}.",
        "Add the SKU to `products` (or to `ignore`) in the configuration; the order then goes on by itself.",
    ),
    Problem.OPTION: Text(
        "The mapping of {sku} has no value for {option} = {value}.",
        "Add this value under the product in the configuration; the order then goes on by itself.",
    ),
    Problem.VARIANT: Text(
        "{sku} was sold as “{sold}”, and its variant in the shop is now “{live}”: the {option} that was sold is not clear.",
        "Decide what to print for this line: open it in the console, or use `sculpteo-bridge orders map {name}`.",
    ),
    Problem.ADDRESS: Text(
        "Sculpteo cannot take the address: {why}.",
        "Correct the shipping address on the order in Shopify; the order then goes on by itself.",
    ),
    Problem.ADDRESS_WRONG: Text(
        "Shopify has checked the address and says that it is very likely wrong.",
        "Ask the customer and correct the shipping address on the order in Shopify; the order then goes on by "
        "itself. If the address is right, approve the order to have it sent there.",
    ),
    Problem.ADDRESS_DOUBTFUL: Text(
        "Shopify has checked the address and says that something in it may be wrong.",
        "Look at the warning on the order in Shopify and correct the address, or approve the order to have it sent "
        "there. With `warning: pass` under `address_check`, such orders are not stopped.",
    ),
    Problem.POSTAL_CODE: Text(
        "The postal code is missing, and the post of the country ({country}) uses postal codes.",
        "Ask the customer for it and add it to the shipping address on the order in Shopify, also where Shopify "
        "does not ask for one; the order then goes on by itself. Or approve the order to have it sent without one.",
    ),
    Problem.NO_COURIER: Text(
        "The order is to be shipped with `express`, and UPS may not deliver to this address: {why}.",
        "Ask the customer for a street address and correct it on the order in Shopify, or choose another method for "
        "its shipping rate under `shipping`; the order then goes on by itself. Or approve the order to send it so.",
    ),
    Problem.REFUSED: Text(
        "Sculpteo refused the order with HTTP status {status}; nothing was bought.",
        "Check login, password, invoice payment, designs and materials (`sculpteo-bridge check`), then retry.",
    ),
    Problem.BLOCKED: Text(
        "Sculpteo has blocked order {reference}.",
        "Ask Sculpteo's support what is wrong with it; when they release it, it goes on by itself.",
    ),
    Problem.CANCELLED_AT_SCULPTEO: Text(
        "Sculpteo says that order {reference} was cancelled.",
        "If you asked for that, ignore the order; else ask Sculpteo's support, or print it again.",
    ),
    Problem.STATUS_WORDS: Text(
        "Sculpteo says “{words}” of order {reference}, which the bridge does not know.",
        "Look at the tracking page; the order goes on by itself at the next status that is known.",
    ),
    Problem.LIVE_IS_TEST: Text(
        "Sculpteo says “API Test” of order {reference}: it was taken as a test, so it is neither made nor billed.",
        "Ask Sculpteo's support why. If they make it after all, it goes on by itself; else print it again.",
    ),
    Problem.LIMIT_ORDER: Text(
        "It would cost {cost}, more than the limit of {limit} per order.",
        "Approve it to order it all the same, or ignore it.",
    ),
    Problem.ABOVE_DAY_LIMIT: Text(
        "The order would cost {cost}, more than the whole limit of {limit} per day, so it fits on no day.",
        "Approve the order to order it all the same, ignore it, or raise `limits.per_day`: it then goes on by itself.",
    ),
    Problem.NO_PRICE: Text(
        "Sculpteo gives no price for {designs}: {why}.",
        "Check the design and its material in the configuration; then retry.",
    ),
    Problem.INVOICE: Text(
        "The invoice could not be made: {why}.",
        "Correct the invoice settings (`sculpteo-bridge invoice {name}` shows it), then retry.",
    ),
    Problem.MOVED: Text(
        "The order was moved to another location in Shopify ({location}).",
        "Approve it if Sculpteo is still to print it, or ignore it.",
    ),
    Problem.LOCATION: Text(
        "The order is sent from {places}, and the configured location {locations} is none that the shop has.",
        "Correct `locations` in the configuration (`sculpteo-bridge check` lists the shop's), or approve the order "
        "to have all of it printed.",
    ),
    Problem.NO_FULFILLMENT_ORDER: Text(
        "The app sees no fulfillment order for {lines}: another app's fulfillment service may have it.",
        "Give it to a location of your own in Shopify (in the product's inventory, or on the order); or approve the "
        "order to have the rest printed without it.",
    ),
    Problem.LEDGER_UNREADABLE: Text(
        "The bridge's own note on the Shopify order cannot be read: {why}.",
        "It may have been ordered already: look for it at Sculpteo, then resolve it.",
    ),
    Problem.SHOP_ACCESS: Text(
        "The shop does not let the bridge do this: {why}.",
        "Give the app the missing permission (`sculpteo-bridge check` names it), then retry.",
    ),
    Problem.CANNOT_FULFILL: Text(
        "Parcel {number} could not be brought to the shop: {why}.",
        "Look at the order in Shopify; fulfill it there with this number, or retry.",
    ),
    Problem.REFERENCE_TAKEN: Text(
        "The reference {reference} belongs to order {other} already.",
        "Compare both orders at Sculpteo, then resolve this one.",
    ),
    Problem.INTERNAL: Text(
        "The bridge itself failed: {why}.",
        "Retry; if it stays, report it with the log lines of this order.",
    ),
}

ORDER_CANCELLED = Text(
    "The order was cancelled in Shopify, so the shop cannot take parcel {number}, which Sculpteo has sent.",
    "Give the customer this number yourself, or ask for the parcel back. Then mark the order as handled.",
)
ITEMS_LOST = Text(
    "Parcel {number} could not be brought to the shop: {why}.",
    "Fulfill its lines in Shopify by hand, with this number. Or, if its SKU was taken out of `products`, add it again "
    "as it was, and retry.",
)
RECORD_DAMAGED = Text(
    "The bridge cannot go on with it: {why}.",
    "Retry: what is damaged is left out, and the order is read anew from the shop. Nothing that is bought is "
    "bought again. If it comes back, restore the database from a backup.",
)
TOLD_WITHOUT_NUMBER = Text(
    "Sculpteo says that order {reference} has shipped, but gives no tracking number.",
    "Shopify told the customer that it is on its way, without a number. Ask Sculpteo's support for the number and "
    "add it in Shopify.",
)
VARIANTS: dict[tuple[Problem | Alarm, str], Text] = {
    (Problem.CANNOT_FULFILL, "cancelled"): ORDER_CANCELLED,
    (Problem.CANNOT_FULFILL, "lost"): ITEMS_LOST,
    (Problem.INTERNAL, "damaged"): RECORD_DAMAGED,
    (Alarm.NO_TRACKING_NUMBER, "told"): TOLD_WITHOUT_NUMBER,
}
"""Other words for a problem or alarm that has another cause, and so another remedy; the fact of this name says so."""


def find_text(code: Problem | Alarm, facts: Mapping[str, Any]) -> Text:
    """What to tell of a problem or an alarm: by its facts, since the same one may ask for another remedy."""
    variants = (text for (known, fact), text in VARIANTS.items() if known is code and facts.get(fact))
    return next(variants, PROBLEMS[code] if isinstance(code, Problem) else ALARMS[code])


ALARMS: dict[Alarm, Text] = {
    Alarm.CANCELLED_AFTER_PLACING: Text(
        "The order was cancelled in the shop after Sculpteo order {reference} was placed.",
        "Ask Sculpteo's support to cancel it; they can only while it is queuing. Else it is printed and billed.",
    ),
    Alarm.REFUNDED_AFTER_PLACING: Text(
        "The order was refunded after Sculpteo order {reference} was placed.",
        "If it is not to be printed, ask Sculpteo's support; they can cancel only while it is queuing.",
    ),
    Alarm.UNPAID_AFTER_PLACING: Text(
        "The payment of the order lapsed or was taken back after Sculpteo order {reference} was placed: Shopify says "
        "“{payment}” of it.",
        "Collect the payment in Shopify; or ask Sculpteo's support to cancel their order, which they can only while it "
        "is queuing. Else it is printed and billed to you, and you are not paid.",
    ),
    Alarm.EDITED_AFTER_PLACING: Text(
        "The order was edited after Sculpteo order {reference} was placed: {what}.",
        "What was added is not printed by itself: order it by hand or by a new Shopify order.",
    ),
    Alarm.ADDRESS_AFTER_PLACING: Text(
        "The address was changed after Sculpteo order {reference} was placed.",
        "Tell Sculpteo's support the new address; they can change it only before it ships.",
    ),
    Alarm.DELETED_AFTER_PLACING: Text(
        "The shop does not show the order any more, although Sculpteo order {reference} was placed for it.",
        "If it was deleted and is not wanted, ask Sculpteo's support; they can cancel only while it is queuing.",
    ),
    Alarm.FULFILLED_ELSEWHERE: Text(
        "Lines that Sculpteo prints ({reference}) were fulfilled in the shop, and the bridge has no record of doing that.",
        "Check that the customer does not get them twice.",
    ),
    Alarm.SECOND_REFERENCE: Text(
        "Sculpteo told of a second order {reference} for this order.",
        "It may be printed twice: call Sculpteo's support now.",
    ),
    Alarm.TWO_PURCHASES: Text(
        "Sculpteo has two orders for this one: {other}, and {reference}, which counted as closed.",
        "It may be printed twice: call Sculpteo's support now, and have one of them cancelled.",
    ),
    Alarm.LATE_ANSWER: Text(
        "Sculpteo has order {reference}, although a person had said that it does not exist or was cancelled.",
        "It counts as ordered again. If another one was ordered meanwhile, call Sculpteo's support now.",
    ),
    Alarm.CLOSED_ALIVE: Text(
        "Sculpteo has order {reference} for {name}, although {name} is closed here.",
        "If it is wanted, take it over: `sculpteo-bridge orders adopt {order}`. Else ask Sculpteo's support to cancel {reference} now; they can only while it is queuing.",
    ),
    Alarm.LIVE_IS_TEST: Text(
        "Sculpteo says “API Test” of order {reference}, which was ordered for real: it will not be made.",
        "Ask Sculpteo's support why, before you print it again.",
    ),
    Alarm.TEST_IS_REAL: Text(
        "Sculpteo shows the test order {reference} (fake=1) as a real one: it may be made and billed.",
        "Ask Sculpteo's support to cancel it now. In live mode nothing is ordered until you clear this alarm.",
    ),
    Alarm.NO_TRACKING_NUMBER: Text(
        "Sculpteo says that order {reference} has shipped, but gives no tracking number.",
        "The bridge did not tell the customer. Ask Sculpteo's support for the number and add it in Shopify.",
    ),
    Alarm.LEDGER_NOT_WRITTEN: Text(
        "The reference {reference} could not be written on the Shopify order.",
        "Give the app the `write_orders` scope; without it a lost database could order this again.",
    ),
    Alarm.NOTE_UNREADABLE: Text(
        "The bridge's own note on the Shopify order cannot be read ({why}), so the bridge does not write over it.",
        "If a newer release of the bridge wrote the note, go back to that release; else look for the order at "
        "Sculpteo. What the bridge knows since then is not on the Shopify order.",
    ),
    Alarm.DATA_REQUEST: Text(
        "A customer asked, through Shopify, which data is stored about them (request {request}).",
        "Answer within 30 days: `sculpteo-bridge customer-data --request {request}` prints all that the bridge stores "
        "about them, as JSON.",
    ),
}

HEALS_ON_CHANGE: frozenset[Problem] = frozenset(
    {
        Problem.UNMAPPED,
        Problem.OPTION,
        Problem.VARIANT,
        Problem.ADDRESS,
        *(Problem.ADDRESS_WRONG, Problem.ADDRESS_DOUBTFUL, Problem.POSTAL_CODE, Problem.NO_COURIER),
        Problem.NO_PRICE,
        Problem.SHOP_ACCESS,
        Problem.MOVED,
        Problem.LOCATION,
        Problem.NO_FULFILLMENT_ORDER,
    }
)
"""Problems that came before any purchase: a change of the order or of the mapping has it looked at anew."""

BEFORE_PURCHASE: frozenset[Problem] = HEALS_ON_CHANGE | {
    *(Problem.LIMIT_ORDER, Problem.ABOVE_DAY_LIMIT, Problem.REFUSED),
    *(Problem.INVOICE, Problem.INTERNAL),
}
"""Problems of orders that may still be bought: another mapping may change what they would be printed as."""


NOT_CONFIGURED = "the shop “{shop}” is no longer in the configuration"
"""Why a step of an order failed whose shop this process does not have; it goes on once the shop is there again."""


def fill_sentence(text: str, facts: dict[str, object]) -> str:
    """Fill a sentence; a fact that is missing shows as "?", never as an error."""

    class Facts(dict[str, object]):
        def __missing__(self, key: str) -> str:
            return "?"

    return text.format_map(Facts(facts))
