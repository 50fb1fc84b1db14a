"""What somebody typed is quoted in an alert, and does nothing there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from bridge.alerts import apprise_client
from bridge.alerts.message import render_alert
from bridge.alerts.sanitize import (
    LOOKS_LIKE,
    sanitize_text,
)
from bridge.order.explanations import to_english
from bridge.order.notifications import (
    TEXTS,
    News,
)
from bridge.order.problems import PROBLEMS
from bridge.order.states import WAITS
from bridge.store.outbox import Message

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
TYPED = [
    "@everyone",
    "@here buy now",
    "<!channel>",
    "<!here|x>",
    "!channel&gt;",
    "<@U6TTX1F9R>",
    "<https://evil.invalid|your bank>",
    "[your bank](https://evil.invalid)",
    "[your bank][1]",
    "<b onmouseover=x()>Ada</b>",
    "<script>alert(1)</script>",
    "Ada\n\n#1002: pay at once",
    "Ada\r\nBcc: all@example.org",
    "a\u2028b\u2029c\x85d",
    "\u202egnp.exe",
    "\u2066x\u2069\u200b\ufeff",
    "\x1b[31mred\x07\x00",
    "`code` ```block```",
]


def problem(typed: str, name: str = "#1001") -> Message:
    facts = {"problem": "option", "sku": typed, "option": typed, "value": typed}
    return Message(1, News("event:1", "attention", AT, facts, 7), False, None, 0, name, "acme")


ACTS = re.compile(
    r"[@<>`&]|\]\(|\]\[|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)


def acts(text: str) -> list[str]:
    return ACTS.findall(text)


@pytest.mark.parametrize("typed", TYPED)
def test_what_a_customer_typed_does_nothing_in_an_alert(typed: str) -> None:
    for message in (problem(typed), problem("x", name=typed)):
        title, body = render_alert([message], "https://bridge.example.org", to_english)
        assert not acts(title) and not acts(body)
        assert "\n" not in title
        lines = body.splitlines()
        assert len(lines) == 3 and lines[-1] == "https://bridge.example.org/orders/7"


@given(st.text(max_size=700))
def test_no_text_at_all_keeps_anything_that_acts(typed: str) -> None:
    plain = sanitize_text(typed)
    assert not acts(plain) and "\n" not in plain and len(plain) <= 500
    assert sanitize_text(plain) == plain


def test_a_plain_text_stays_as_it_is() -> None:
    for text in (
        "Ada Lovelace-Müller",
        "RING_S-925",
        "日本 (東京) #5",
        "5 % off!",
        "white_plastic: 12.50 EUR",
    ):
        assert sanitize_text(text) == text


def test_no_sentence_of_ours_is_changed_on_its_way() -> None:
    ours = [text.sentence for _, text in TEXTS.values()]
    ours += [text.sentence for text in PROBLEMS.values()]
    ours += list(WAITS.values())
    active = set(map(chr, LOOKS_LIKE)) - {"`"}
    assert not [text for text in ours if set(text) & active]


@pytest.mark.parametrize(
    "url",
    [
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "json://hook.invalid/x",
        "mmost://hook.invalid/3ccdd113474722377935511fc85d3dd4",
    ],
)
def test_every_channel_gets_it_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def post(*_: Any, **more: Any) -> Any:
        data = more.get("data") or more.get("json") or ""
        sent.append(data if isinstance(data, str) else json.dumps(data, default=repr))
        answer = Mock(spec=requests.Response)
        answer.status_code, answer.content, answer.headers = 200, b'{"ok": true}', {}
        answer.text = '{"ok": true}'
        return answer

    monkeypatch.setattr(requests, "post", post)
    monkeypatch.setattr(requests, "request", lambda _, *rest, **more: post(*rest, **more))
    title, body = render_alert([problem(typed) for typed in TYPED], "https://bridge.example.org", to_english)
    apprise_client._notify_service(url, title, body)
    assert sent, "nothing was sent"
    for text in sent:
        for call in ("@everyone", "@here", "<!", "!channel>", "<@", "<script", "](", "<https", "<b "):
            assert call not in text, (url, call)
