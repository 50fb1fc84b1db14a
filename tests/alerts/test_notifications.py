"""What is news, to whom, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.alerts.message import (
    MOST,
    render_alert,
)
from bridge.order.explanations import to_english
from bridge.order.notifications import (
    OF_PROBLEM,
    TEXTS,
    TOPICS,
    News,
    Topic,
    describe_news,
    find_code,
    find_topic,
    is_loud,
)
from bridge.order.problems import Alarm, Problem
from bridge.order.states import State, Wait
from bridge.store.outbox import Message

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "target", "reason", "code"),
    [
        ("move", State.ATTENTION, None, "attention"),
        ("reason", State.ATTENTION, None, "attention"),
        ("move", State.UNKNOWN, None, "unknown"),
        ("move", State.PLACED, None, "placed"),
        ("move", State.SHIPPED, None, "shipped"),
        ("move", State.DONE, None, "done"),
        ("move", State.CANCELLED, "refunded", "cancelled"),
        ("move", State.WAITING, Wait.APPROVAL, "approval"),
        ("reason", State.WAITING, Wait.RISK, "approval"),
        ("reason", State.WAITING, Wait.LIMIT_DAY, "limit_day"),
        ("move", State.WAITING, Wait.PAYMENT, None),
        ("move", State.PLACING, None, None),
        ("reason", State.PLACED, None, None),
        ("alarm", None, None, "alarm"),
        ("parcel", None, None, "parcel"),
        ("seen", None, None, None),
        ("failed", None, None, None),
    ],
)
def test_which_lines_of_a_timeline_are_news(
    kind: str, target: State | None, reason: str | None, code: str | None
) -> None:
    assert find_code(kind, target, reason) == code


def test_each_problem_alarm_and_code_has_a_topic_that_is_explained() -> None:
    assert set(TOPICS) == set(Topic)
    for problem in Problem:
        found = find_topic(News("k", "attention", AT, {"problem": problem}))
        assert found is OF_PROBLEM.get(problem, Topic.PERSON)
    for code in (*TEXTS, "alarm", "approval", "limit_day", "unknown"):
        assert find_topic(News("k", code, AT)) in TOPICS
    for code in ("placed", "shipped", "done", "cancelled", "ignored", "parcel"):
        assert find_topic(News("k", code, AT)) is None
    used = {topic for topic, _ in TEXTS.values()} | set(OF_PROBLEM.values())
    used |= {Topic.PERSON, Topic.ALARM, Topic.APPROVAL, Topic.LIMIT, Topic.UNKNOWN}
    assert used == set(Topic)


def test_each_condition_that_begins_can_be_told_to_end() -> None:
    began = {"upstream", "subscription", "reconciliation", "access", "configuration", "shop_gone"}
    began |= {"location", "location_renamed", "designs"}
    assert {f"{code}_over" for code in began} == {code for code in TEXTS if code.endswith("_over")}


def test_only_alarms_wait_for_no_digest() -> None:
    assert is_loud(News("k", "alarm", AT, {"alarm": Alarm.SECOND_REFERENCE}))
    assert not is_loud(News("k", "attention", AT, {"problem": Problem.UNMAPPED}))


@pytest.mark.parametrize(
    ("news", "said", "do"),
    [
        (
            News("k", "attention", AT, {"problem": "unmapped", "skus": "“VASE”"}),
            "No design is mapped to “VASE”.",
            "Add the SKU",
        ),
        (
            News("k", "alarm", AT, {"alarm": "second_reference", "reference": "ABCD1234"}),
            "Sculpteo told of a second order ABCD1234 for this order.",
            "It may be printed twice",
        ),
        (
            News("k", "unknown", AT, {"why": "HTTP 502"}),
            "Sculpteo may or may not have it: HTTP 502.",
            "resolve acme/#1 --placed-as",
        ),
        (
            News("k", "approval", AT, {"reason": "risk", "risk": "high"}),
            "Shopify's fraud analysis says high; a person must approve it.",
            "Open the order",
        ),
        (
            News(
                "k",
                "still_waiting",
                AT,
                {"of": "Shopify holds it: {reason}.", "reason": "X", "since": "Monday"},
            ),
            "The order has been waiting since Monday: Shopify holds it: X.",
            "Decide on the order",
        ),
        (News("k", "attention", AT, {"problem": "of tomorrow"}), "There is news of it.", "Open the order"),
        (News("k", "alarm", AT), "There is news of it.", "Open the order"),
    ],
)
def test_news_is_told_by_a_sentence_and_what_to_do(news: News, said: str, do: str) -> None:
    sentence, remedy = describe_news(news, "acme/#1", to_english)
    assert sentence == said
    assert do in remedy


def message(number: int, **facts: object) -> Message:
    news = News(f"k{number}", "attention", AT, {"problem": "unmapped", "skus": "“VASE”", **facts}, number)
    return Message(number, news, False, None, 0, f"#{number}", "acme")


def test_one_piece_of_news_is_its_own_title() -> None:
    title, body = render_alert([message(1001)], "https://bridge.example.org", to_english)
    assert title == "#1001: No design is mapped to “VASE”."
    assert body.splitlines() == [
        "#1001 (acme): No design is mapped to “VASE”.",
        "Add the SKU to `products` (or to `ignore`) in the configuration; the order then goes on by itself.",
        "https://bridge.example.org/orders/1001",
    ]


def test_a_digest_tells_the_first_and_counts_the_rest() -> None:
    title, body = render_alert(
        [message(number) for number in range(1, 51)], "https://b.example.org", to_english
    )
    assert title == "50 messages from sculpteo-bridge"
    assert body.count("No design is mapped") == MOST
    assert "… and 30 more." in body
    assert body.endswith("All of it: https://b.example.org/")


def test_a_title_is_never_longer_than_a_subject_line_may_be() -> None:
    title, body = render_alert([message(1, skus="“VASE”, " * 90)], "https://b.example.org", to_english)
    assert len(title) == 120
    assert len(body) > 600


def test_an_alert_speaks_the_language_of_the_console() -> None:
    from bridge.i18n.formatter import build_formatter

    title, body = render_alert(
        [message(1)], "https://b.example.org", build_formatter("", "fr", None).translate
    )
    assert "«\N{NARROW NO-BREAK SPACE}VASE\N{NARROW NO-BREAK SPACE}»" in title
    assert "No design is mapped" not in title + body
