"""Typst, kept at arm's length: a child process with a deadline, bounded memory and output, and no network.

Measured with typst 0.15: compiling releases the GIL, but has no time limit of its own and cannot be
interrupted, and where memory runs out it aborts the process. So it never runs inside the service.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

from bridge.config.settings import Invoice
from bridge.errors import TryAgain
from bridge.invoice import SHIPPED
from bridge.invoice.data import BadSetting, Json

SECONDS = 30.0
"""Time for one invoice, start of the process included; 300 lines take well under one second."""

MEMORY = 2 * 1024**3
THREADS = 2
HEAD = STDERR = 64 * 1024

FONT_REMEDY = "Put a font that has them in a folder, name the folder in `invoice.font_path` and the font in `invoice.font`."

_CHILD = Path(__file__).with_name("typst_child.py")
_NAMELESS = "__typst_py_bytes__.typ"  # how typst-py calls a source that it got as bytes
_PLACE = re.compile(r"┌─ (\S.*:\d+:\d+)")
_KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")
_NOWHERE = "http://127.0.0.1:1"


class TemplateError(ValueError):
    """The template does not compile, or not within its bounds. The text says where, why and the remedy."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """`missing` are characters that no font has (printed as empty boxes), `warnings` sentences of Typst."""

    pdf: bytes
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def list_remarks(self) -> tuple[str, ...]:
        """All that a person who previews the invoice should know. May hold letters of the customer's name."""
        return (*self.warnings, *((_describe_missing(self.missing),) if self.missing else ()))

    def list_scripts(self) -> tuple[str, ...]:
        """The scripts of the missing characters, for a log: "CJK", "TIFINAGH"."""
        return tuple(sorted({unicodedata.name(one, "UNKNOWN").split()[0] for one in self.missing}))


def read_shipped_template(name: str = "invoice") -> str:
    """The source of a template of the bridge, whole: what all have in common, then its own. Raises KeyError."""
    folder = resources.files("bridge.invoice")
    parts = (folder.joinpath(part).read_text(encoding="utf-8") for part in ("common.typ", SHIPPED[name]))
    return "\n".join(parts)


async def render_pdf(
    data: Json, settings: Invoice, base: Path, created: datetime, *, seconds: float = SECONDS
) -> Rendered:
    """The PDF of `data`. `base` is the folder of the configuration: a template sees nothing outside it.

    `created` is written into the PDF, so that equal input gives equal bytes. Raises TemplateError, BadSetting
    for a file or folder that is not there, or TryAgain when the machine cannot start a process.
    """
    job = _build_job(data, settings, base, created, seconds)
    outcome, pdf = await _run_typst(json.dumps(job).encode(), base, seconds, settings.max_bytes)
    if not outcome["ok"]:
        raise TemplateError(_remove_customer(_describe_error(outcome), data))
    warnings = tuple(_remove_customer(text, data) for text in outcome["warnings"])
    return Rendered(pdf, warnings, tuple(outcome["missing"]))


def _build_job(data: Json, settings: Invoice, base: Path, created: datetime, seconds: float) -> Json:
    name = settings.template or "invoice"
    template = None if name in SHIPPED else _resolve_inside(base, name, "invoice.template")
    if settings.seller and settings.seller.logo:
        _resolve_inside(base, settings.seller.logo, "invoice.seller.logo")
    fonts = base / settings.font_path if settings.font_path else None
    if fonts and not fonts.is_dir():
        raise BadSetting(f"`invoice.font_path` {settings.font_path!r} is not a folder")
    return {
        "path": None if template is None else str(template),
        "source": read_shipped_template(name) if template is None else None,
        "root": str(base.absolute()),
        "font_paths": [] if fonts is None else [str(fonts.absolute())],
        "data": json.dumps(data),
        "timestamp": int(created.timestamp()),
        "no_packages": str(_CHILD / "none"),
        "memory": MEMORY,
        "seconds": int(seconds * THREADS) + 1,
    }


def _resolve_inside(base: Path, name: str, setting: str) -> Path:
    root = os.path.normpath(base.absolute())
    path = Path(os.path.normpath(Path(root) / name))
    if Path(name).is_absolute() or not path.is_relative_to(root):
        raise BadSetting(
            f"`{setting}` {name!r} must lie in the folder of the configuration, named from there"
        )
    if not path.is_file():
        raise BadSetting(f"`{setting}` {name!r} is not there; it is looked for beside the configuration")
    return path


async def _run_typst(job: bytes, base: Path, seconds: float, max_bytes: int) -> tuple[Json, bytes]:
    # A package would be fetched by Typst itself, past all of our checks: the proxy that goes nowhere stops it.
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    env |= dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), _NOWHERE)
    # Each thread reserves address space, which counts against the memory limit on a machine of many cores.
    env |= {"RAYON_NUM_THREADS": str(THREADS), "MALLOC_ARENA_MAX": str(THREADS)}
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(_CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=env,
            cwd=base,  # Typst names files from here in its messages
        )
    except OSError as error:
        raise TryAgain(f"the process for the invoice could not start: {error.strerror}") from error
    try:
        async with asyncio.timeout(seconds):
            head, pdf, errors = await _send_job(process, job, max_bytes)
            status = await process.wait()
    except TimeoutError:
        raise TemplateError(f"the template did not finish within {seconds:g} seconds; simplify it") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if status != 0 or not head:
        raise TemplateError(_describe_exit(status, errors))
    if len(pdf) > max_bytes:
        raise TemplateError(_describe_too_large(max_bytes))
    outcome: Json = json.loads(head)
    return outcome, pdf


async def _send_job(
    process: asyncio.subprocess.Process, job: bytes, max_bytes: int
) -> tuple[bytes, bytes, bytes]:
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:
        raise RuntimeError("the process was started without pipes")
    errors = asyncio.create_task(stderr.read(STDERR))
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it died; its status tells why
            stdin.write(job)
            await stdin.drain()
            stdin.close()
        answer = await _read_at_most(stdout, max_bytes)
        head, _, pdf = answer.partition(b"\n")
        return head, pdf, await errors
    finally:
        errors.cancel()


async def _read_at_most(stream: asyncio.StreamReader, max_bytes: int) -> bytes:
    chunks, size = [], 0
    while chunk := await stream.read(65536):
        chunks.append(chunk)
        size += len(chunk)
        if size > max_bytes + HEAD:
            raise TemplateError(_describe_too_large(max_bytes))
    return b"".join(chunks)


def _describe_too_large(max_bytes: int) -> str:
    return f"the PDF is larger than {max_bytes} bytes; use smaller pictures or raise `invoice.max_bytes`"


def _describe_exit(status: int, errors: bytes) -> str:
    if b"memory allocation" in errors or b"MemoryError" in errors:
        return f"the template needs more than {MEMORY // 1024**2} MB of memory; simplify it"
    return f"Typst stopped with exit status {status}; check the template, its pictures and its fonts"


def _describe_error(outcome: Json) -> str:
    """Typst's message, with file, line and column in front."""
    message: str = outcome["message"]
    if "failed to download package" in message:
        message = "packages are not fetched from the network; copy their files beside the template"
    hints = "".join(f" (hint: {hint})" for hint in outcome["hints"])
    place = _PLACE.search(outcome["diagnostic"])
    where = f"{place[1].strip()}: " if place else ""
    return f"{where}{message}{hints}".replace(_NAMELESS, "the bridge's template")[:1000]


def _describe_missing(characters: tuple[str, ...]) -> str:
    shown = ", ".join(f"“{character}” (U+{ord(character):04X})" for character in characters[:20])
    more = f" and {len(characters) - 20} more" if len(characters) > 20 else ""
    return f"No font has {shown}{more}: printed as empty boxes. {FONT_REMEDY}"


def _remove_customer(text: str, data: Json) -> str:
    """Typst's message without the customer: a template's error may quote what it was given."""
    private = {
        value
        for part in ("billing", "shipping", "customer", "buyer")
        for value in _collect_strings(data[part])
    }
    for value in sorted(private, key=len, reverse=True):
        if len(value) > 2:
            text = text.replace(value, "…")
    return text


def _collect_strings(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        value = list(value.values())
    return {text for item in value for text in _collect_strings(item)} if isinstance(value, list) else set()
