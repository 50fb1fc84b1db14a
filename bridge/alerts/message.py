"""Alerts as people read them: plain text with what happened, what to do, and a link. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from bridge.alerts.sanitize import (
    sanitize_facts,
    sanitize_text,
)
from bridge.order.explanations import Translate
from bridge.order.notifications import (
    DECIDE,
    LOOK,
    describe_news,
)
from bridge.order.problems import fill_sentence
from bridge.store.outbox import Message

MOST = 20  # pieces of news in one alert; the console has the rest
TITLE = 120  # characters

MORE = "… and {count} more."
SEVERAL = "{count} messages from sculpteo-bridge"
CONSOLE = "All of it: {url}"
TEST_TITLE = "sculpteo-bridge: a test"
TEST_BODY = "Alerts reach you. Nothing is to be done."
TEXTS = (MORE, SEVERAL, CONSOLE, TEST_TITLE, TEST_BODY)

log = structlog.get_logger("bridge.alerts")


def render_alert(messages: Sequence[Message], console: str, t: Translate) -> tuple[str, str]:
    """Title and body for what waits for one outlet. `console` is the console's address."""
    told = [_render_message(message, console, t) for message in messages]
    lines = [body for _, body in told[:MOST]]
    if len(told) > MOST:
        lines.append(fill_sentence(t(MORE), {"count": len(told) - MOST}))
    title = told[0][0] if len(told) == 1 else fill_sentence(t(SEVERAL), {"count": len(told)})
    if len(told) > 1:
        lines.append(fill_sentence(t(CONSOLE), {"url": f"{console}/"}))
    return title if len(title) <= TITLE else f"{title[: TITLE - 1]}…", "\n\n".join(lines)


def _render_message(message: Message, console: str, t: Translate) -> tuple[str, str]:
    name = sanitize_text(message.order_name or "")
    try:
        news = replace(message.news, facts=sanitize_facts(message.news.facts))
        sentence, remedy = describe_news(news, f"{message.shop}/{name}" if message.shop else name, t)
    except (
        Exception
    ):  # facts that are damaged: this piece of news is told in general words, the others in theirs
        log.exception("news could not be put into words", news=message.news.key)
        sentence, remedy = t(LOOK), t(DECIDE)
    head = f"{name}: {sentence}" if name else sentence
    link = f"{console}/orders/{message.news.order}" if message.news.order else None
    where = f"{name} ({message.shop})" if message.shop else None
    first = f"{where}: {sentence}" if where else sentence
    return head, "\n".join(part for part in (first, remedy, link) if part)
