"""Log lines on standard error: sentences on a person's terminal, key=value in files and pipes, or one JSON object
each for machines.

Lines carry shops, order names and delivery ids; nobody passes an address, a payload or a secret to a logger.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import structlog
from structlog.typing import EventDict, ExcInfo, Processor

from bridge.errors import BridgeError

PLAIN = (BridgeError, OSError, RuntimeError, TypeError, AttributeError, NameError, ImportError, MemoryError)
"""Errors whose text names things of the program or the machine. That of the others (a value that does not fit,
a key that is missing, a row that the database refuses) may hold what was in an order."""


def format_traceback(exc_info: ExcInfo) -> str:
    """A traceback without values: where it happened, and what kind of error it is. The text of an error is part
    of it only where that cannot hold personal data; local variables never are."""
    return "\n".join(_format_lines(exc_info[1])).rstrip()


def _format_lines(error: BaseException | None) -> Iterator[str]:
    if error is None:
        return
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _format_lines(before)
        yield "during which, or because of which:"
    yield "Traceback (most recent call last):"
    yield from (line.rstrip() for line in traceback.format_tb(error.__traceback__))
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    text = str(error) if isinstance(error, PLAIN) else ""
    yield ": ".join(part for part in (kind, state, text) if part)


FORMAT_ERROR = structlog.processors.ExceptionRenderer(format_traceback)


FIRST = ("timestamp", "level", "logger", "event", "shop", "order", "state", "to")
COLORS = {"warning": "\x1b[33m", "error": "\x1b[1;31m", "critical": "\x1b[1;31m"}
BOLD, PLAINLY = "\x1b[1m", "\x1b[0m"


def build_readable_renderer(colors: bool) -> Processor:
    """A line as a person reads it: time, level, sentence, order, and then what else there is to it. The time is
    that of the terminal's time zone."""

    def render_line(logger: object, method: str, line: EventDict) -> str:
        at, level = datetime.fromisoformat(str(line["timestamp"])).astimezone(), str(line["level"])
        sentence = _strip_unprintable(line["event"])
        if "to" in line and "state" in line:
            sentence += f" from {_strip_unprintable(line['state'])} to {_strip_unprintable(line['to'])}"
        order, shop = _strip_unprintable(line.get("order", "")), _strip_unprintable(line.get("shop", ""))
        whose = f"{order} ({shop})" if order and shop else order or (f"({shop})" if shop else "")
        rest = {name: said for name, said in line.items() if name not in {*FIRST, "exception"}}
        details = ", ".join(
            f"{name}: {_strip_unprintable(said)}" for name, said in rest.items() if said not in (None, "")
        )
        before, after = (COLORS.get(level, ""), PLAINLY) if colors and level in COLORS else ("", "")
        named = f"{BOLD}{whose}{PLAINLY}" if colors and whose else whose
        parts = [f"{at:%H:%M:%S}", f"{before}{level:<7}{after}", sentence, named, details and f"[{details}]"]
        error = str(line.get("exception", ""))
        return "  ".join(part for part in parts if part) + (f"\n{error}" if error else "")

    return render_line


def _strip_unprintable(said: object) -> str:
    """Text that does nothing to a terminal."""
    return "".join(char if char.isprintable() else " " for char in str(said))


def configure_for_commands() -> None:
    """Where nothing else was set up: warnings to standard error, never a line into what a command prints. Whoever
    sets it up takes it back with `structlog.reset_defaults`."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            FORMAT_ERROR,
            build_readable_renderer(colors=sys.stderr.isatty() and not os.environ.get("NO_COLOR")),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def configure_logging(form: Literal["plain", "json"] = "plain", level: str = "info") -> None:
    """Send the logs of the bridge and of its libraries to standard error in one form. `plain` is for a
    reader where that is a terminal (`build_readable_renderer`)."""
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
    elif sys.stderr.isatty():
        last = [FORMAT_ERROR, build_readable_renderer(colors=not os.environ.get("NO_COLOR"))]
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
