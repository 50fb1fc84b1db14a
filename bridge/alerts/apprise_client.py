"""One alert by Apprise, which is synchronous: in a thread of its own, with a time limit.

Apprise says what went wrong to its logger only, and may name parts of the URL there; so what is kept is
scrubbed of everything in the URL that could be a secret.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from urllib.parse import unquote

WITHIN = 45.0  # seconds
SHORTEST = 4  # characters of a part of a URL that is taken for a secret
LONGEST = 300  # characters of a reason

logging.getLogger("apprise").propagate = False  # its lines may hold secrets


async def send_alert(url: str, title: str, body: str, *, within: float = WITHIN) -> str | None:
    """Send it; gives why that failed, without secrets, or None. A thread that hangs ends with the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str | None] = loop.create_future()

    def settle_done(why: str | None) -> None:
        if not done.done():
            done.set_result(why)

    def notify_in_thread() -> None:
        why = _notify_service(url, title, body)
        try:
            loop.call_soon_threadsafe(settle_done, why)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    threading.Thread(target=notify_in_thread, name="alert", daemon=True).start()
    try:
        return await asyncio.wait_for(done, within)
    except TimeoutError:
        return f"it did not answer within {within:g} s"


def _notify_service(url: str, title: str, body: str) -> str | None:
    import apprise  # here: it takes a while to load, and many a bridge has no alerts

    heard: list[str] = []
    try:
        asset = apprise.AppriseAsset(async_mode=False, app_id="sculpteo-bridge", secure_logging=True)
        service = apprise.Apprise(asset=asset)
        if not service.add(url):
            return "Apprise cannot use this URL: its service is not known, or a part is missing"
        sent = service.notify(
            body=body,
            title=title,
            body_format=apprise.NotifyFormat.TEXT,
            log_callback=lambda entry, _: heard.append(entry.message),
            log_level=logging.WARNING,
        )
        return None if sent else _build_reason(heard, url)
    except Exception as error:
        return redact_url(f"{type(error).__name__}: {error}", url)


def _build_reason(lines: list[str], url: str) -> str:
    told = [redact_url(line, url) for line in lines if line.strip()]
    return "; ".join(told)[:LONGEST] or "the service did not take it"


def redact_url(text: str, url: str) -> str:
    """The text without any part of the URL after its scheme."""
    rest = url.partition("://")[2]
    parts = {part for part in re.split(r"[/:@?&=#,;+]", rest) if len(part) >= SHORTEST}
    parts |= {unquote(part) for part in parts}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "***")
    return text
