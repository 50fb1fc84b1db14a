"""What of an address that can be sent is still for a person to decide: Shopify's own check of it, a postal code
that is missing, a box to which no courier goes. Pure.

An approval of these very prints, sent to this very address, lets each question go that stood in the way when it was
given; another address asks anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bridge.i18n.postal import (
    find_courier_obstacle,
    is_postal_code_missing,
    normalize_country_code,
)
from bridge.order.model import ShopOrder
from bridge.order.policy import Policy
from bridge.order.problems import Problem
from bridge.steps.line_selection import Blocked

WRONG, DOUBTFUL, FINE = "ERROR", "WARNING", "NO_ISSUES"
"""Shopify's verdicts; none where it has not checked the address.

https://shopify.dev/docs/api/admin-graphql/latest/enums/MailingAddressValidationResult
"""


def find_address_question(
    order: ShopOrder, policy: Policy, allows: Callable[[Problem], bool]
) -> Blocked | None:
    """The first question about the address that no approval answers (`allows`); None = none."""
    return next(
        (trouble for trouble in _collect_questions(order, policy) if not allows(trouble.problem)), None
    )


def _collect_questions(order: ShopOrder, policy: Policy) -> Iterator[Blocked]:
    if order.address is None:
        return
    verdict = order.address_verdict
    if verdict == WRONG:
        yield Blocked(Problem.ADDRESS_WRONG)
    elif (
        verdict not in {FINE, None} and policy.ask_about_warnings
    ):  # a verdict that we do not know is a warning
        yield Blocked(Problem.ADDRESS_DOUBTFUL)
    if is_postal_code_missing(order.address):
        yield Blocked(Problem.POSTAL_CODE, {"country": normalize_country_code(order.address.country_code)})
    why = find_courier_obstacle(order.address)
    if why and policy.ship_method(order) == "express":
        yield Blocked(Problem.NO_COURIER, {"why": why})
