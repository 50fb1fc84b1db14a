"""Log lines: key=value for people, or one JSON object each for machines, on standard error.

Lines carry shops, order names and delivery ids; nobody passes an address, a payload or a secret to a logger.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Literal

import structlog
from structlog.typing import ExcInfo, Processor

from bridge.errors import BridgeError

PLAIN = (BridgeError, OSError, RuntimeError, TypeError, AttributeError, NameError, ImportError, MemoryError)
"""Errors whose text names things of the program or the machine. That of the others (a value that does not fit,
a key that is missing, a row that the database refuses) may hold what was in an order."""


def traceback_of(exc_info: ExcInfo) -> str:
    """A traceback without values: where it happened, and what kind of error it is. The text of an error is part
    of it only where that cannot hold personal data; local variables never are."""
    return "\n".join(_lines(exc_info[1])).rstrip()


def _lines(error: BaseException | None) -> Iterator[str]:
    if error is None:
        return
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _lines(before)
        yield "during which, or because of which:"
    yield "Traceback (most recent call last):"
    yield from (line.rstrip() for line in traceback.format_tb(error.__traceback__))
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    text = str(error) if isinstance(error, PLAIN) else ""
    yield ": ".join(part for part in (kind, state, text) if part)


FORMAT_ERROR = structlog.processors.ExceptionRenderer(traceback_of)


def setup(form: Literal["plain", "json"] = "plain", level: str = "info") -> None:
    """Send the logs of the bridge and of its libraries to standard error in one form."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor]
    if form == "json":
        # the traceback as text of one field
        last = [FORMAT_ERROR, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        last = [
            FORMAT_ERROR,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "logger", "event"], bool_as_flag=False
            ),
        ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("aiohttp.access", "alembic", "asyncio", "sqlalchemy.engine"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
