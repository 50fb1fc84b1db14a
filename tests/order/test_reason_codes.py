"""The reasons that adapters give are told in the reader's language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.i18n.formatter import build_formatter
from bridge.order.explanations import describe_state
from bridge.order.model import Address
from bridge.order.reason_codes import (
    REASONS,
    translate_reason,
)
from bridge.order.states import State, Wait
from bridge.sculpteo.address import address_problem
from bridge.sculpteo.order_response import judge

FRENCH = build_formatter("fr", None, None).translate
LYON = Address("Ada", "Example", None, "1 Rue Inventée", None, "Lyon", postal_code="69001", country_code="FR")

ADDRESSES = (
    None,
    replace(LYON, address1=None),
    replace(LYON, address1=None, city=None),
    replace(LYON, first_name=None, last_name=None, address1=None, city=None),
    replace(LYON, country_code="XX"),
    replace(LYON, postal_code=None),
    replace(LYON, city="Ly\x01on"),
    replace(LYON, company="A" * 400),
)
FACTS = {
    "status": "502",
    "who": "anna",
    "scope": "variant",
    "how": "TLS failed",
    "reference": "ABCD1234",
    "other": "#1",
    "old": "1Z0001",
    "until": "2026-12-01",
    "terms": "Net 30",
    "what": "items",
    "cost": "12.00 EUR",
    "before": "10.00 EUR",
}
ANSWERS = (
    (200, b""),
    (200, b"ABCD1234"),
    (200, b"not a reference at all"),
    (200, b"\xff\xfe\xff"),
    (200, b"x" * 100_000),
    (302, b""),
    (400, b""),
    (400, b"no"),
    (408, b""),
    (502, b""),
)


def worded() -> list[str]:
    problems = [problem for address in ADDRESSES if (problem := address_problem(address))]
    return problems + [judge(status, {}, body).why for status, body in ANSWERS]


@pytest.mark.parametrize("reason", worded())
def test_a_reason_of_an_adapter_is_one_that_can_be_told(reason: str) -> None:
    assert translate_reason(reason, lambda sentence: sentence) == reason
    assert translate_reason(reason, FRENCH) != reason


def test_several_parts_are_told_one_by_one() -> None:
    assert translate_reason("the name, the street and the city are missing", FRENCH) == (
        "il manque le nom, la rue et la ville"
    )


@pytest.mark.parametrize(
    "said",
    [
        "The email is missing and the phone is missing",
        "Inventory {of} “RING” is too low",
        "Line items are missing",
        "",
    ],
)
def test_the_words_of_an_upstream_are_shown_as_they_are(said: str) -> None:
    assert translate_reason(said, FRENCH) == said


def test_a_sentence_is_french_to_its_end() -> None:
    facts = {"why": "Sculpteo answered (HTTP 502) instead of giving a reference"}
    told = describe_state(State.UNKNOWN, None, None, facts, FRENCH)
    assert "Sculpteo a répondu (HTTP 502)" in told
    assert "élevé" in describe_state(State.WAITING, Wait.RISK, None, {"risk": "high"}, FRENCH)


def test_no_template_hides_another() -> None:
    for template in REASONS:
        reason = template.format_map(
            {"parts": "the street", **dict.fromkeys(("code", "count"), "7"), **FACTS}
        )
        assert str(translate_reason(reason, lambda sentence: f"<{sentence}>")).startswith(
            f"<{template}".split("{")[0]
        )
