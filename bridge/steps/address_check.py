"""What of an address that can be sent is still for a person to decide: Shopify's own check of it, a postal code
that is missing, a box to which no courier goes. Pure.

An approval of these very prints, sent to this very address, lets each question go that stood in the way when it was
given; another address asks anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bridge.i18n.postal import (
    country_code,
    lacks_postal_code,
    no_courier,
)
from bridge.order.model import ShopOrder
from bridge.order.policy import Policy
from bridge.order.problems import Problem
from bridge.steps.line_selection import Trouble

WRONG, DOUBTFUL, FINE = "ERROR", "WARNING", "NO_ISSUES"
"""Shopify's verdicts; none where it has not checked the address.

https://shopify.dev/docs/api/admin-graphql/latest/enums/MailingAddressValidationResult
"""


def address_question(order: ShopOrder, policy: Policy, allows: Callable[[Problem], bool]) -> Trouble | None:
    """The first question about the address that no approval answers (`allows`); None = none."""
    return next((trouble for trouble in _questions(order, policy) if not allows(trouble.problem)), None)


def _questions(order: ShopOrder, policy: Policy) -> Iterator[Trouble]:
    if order.address is None:
        return
    verdict = order.address_verdict
    if verdict == WRONG:
        yield Trouble(Problem.ADDRESS_WRONG)
    elif (
        verdict not in {FINE, None} and policy.ask_about_warnings
    ):  # a verdict that we do not know is a warning
        yield Trouble(Problem.ADDRESS_DOUBTFUL)
    if lacks_postal_code(order.address):
        yield Trouble(Problem.POSTAL_CODE, {"country": country_code(order.address.country_code)})
    why = no_courier(order.address)
    if why and policy.ship_method(order) == "express":
        yield Trouble(Problem.NO_COURIER, {"why": why})
