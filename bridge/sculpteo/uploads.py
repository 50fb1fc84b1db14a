"""Uploading a design file.

"Uploading a design": POST /{en|fr}/upload_design/a/3D/ in multipart, with the header of an XMLHttpRequest,
is answered in JSON: {uuid, name, scale, unit, dimx, dimy, dimz}, or {error}. Designs are public unless told
otherwise. An upload that is repeated makes a second design, and costs nothing.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import aiohttp

from bridge.config.settings import SculpteoSettings
from bridge.errors import SCULPTEO, BridgeError, TryAgain
from bridge.net.ssrf import describe_error
from bridge.sculpteo.client import scrub
from bridge.sculpteo.http import HEADERS
from bridge.sculpteo.order_form import scale_text

UPLOAD_PATH = "/en/upload_design/a/3D/"
CHUNK = 64 * 1024
CONNECT_WITHIN = 20.0  # seconds
READING_TAKES = 5  # times the usual time-out: Sculpteo looks at the whole model before it answers
LONGEST_ANSWER = 256 * 1024

Progress = Callable[[int, int], None]
"""Told how many of how many bytes have left."""


class UploadRefused(BridgeError):
    """Sculpteo does not take the file; the text says why, in its own words where it has some."""


@dataclass(frozen=True, slots=True)
class NewDesign:
    """What is uploaded. `unit` is that of the file's numbers; `public` = anybody sees and may print it."""

    file: Path
    name: str
    unit: str = "mm"
    scale: Decimal = Decimal(1)
    public: bool = False


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Sculpteo's answer. `size` are its three dimensions, in a unit that is not documented."""

    uuid: str
    name: str | None
    unit: str | None
    scale: str | None
    size: tuple[str, ...]


async def upload(
    design: NewDesign,
    settings: SculpteoSettings,
    take: Callable[[], Awaitable[None]],
    on_progress: Progress = lambda sent, total: None,
) -> Uploaded:
    """Send the file once. Raises UploadRefused, TryAgain when Sculpteo does not answer, and OSError for what is
    wrong with the file."""
    size = design.file.stat().st_size
    boundary = f"----bridge{secrets.token_hex(16)}"
    head, tail = _envelope(design, settings, boundary)
    headers = {
        **HEADERS,
        "X-Requested-With": "XMLHttpRequest",
        "Accept": "application/json",
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + size + len(tail)),
    }
    patience = settings.timeout.total_seconds() * READING_TAKES
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_WITHIN, sock_read=patience)
    await take()
    try:
        async with (
            aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout, trust_env=False
            ) as session,
            session.post(
                settings.base_url.rstrip("/") + UPLOAD_PATH,
                data=_body(head, design.file, size, tail, on_progress),
                headers=headers,
                allow_redirects=False,
            ) as response,
        ):
            answer = await response.content.read(LONGEST_ANSWER)
            status = response.status
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        raise TryAgain(
            f"Sculpteo did not take the file: {describe_error(error)}", upstream=SCULPTEO
        ) from None
    secret = settings.password.get_secret_value()
    return read_answer(status, scrub(answer.decode("utf-8", "replace"), [secret]))


def _envelope(design: NewDesign, settings: SculpteoSettings, boundary: str) -> tuple[bytes, bytes]:
    """What stands before and behind the file's bytes."""
    fields = {
        "name": " ".join(design.name.split()),
        "unit": design.unit,
        "scale": scale_text(design.scale),
        "share": "1" if design.public else "0",
        "print_authorization": "1" if design.public else "0",
        "designer": settings.login,
        "password": settings.password.get_secret_value(),
    }
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file_name(design.file)}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode(), f"\r\n--{boundary}--\r\n".encode()


def file_name(path: Path) -> str:
    """The file's name in characters that need no quoting; its extension tells Sculpteo the format."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", path.name)


async def _body(
    head: bytes, file: Path, size: int, tail: bytes, on_progress: Progress
) -> AsyncIterator[bytes]:
    yield head
    sent = 0
    with file.open("rb") as source:
        while chunk := source.read(min(CHUNK, size - sent)):
            yield chunk
            sent += len(chunk)
            on_progress(sent, size)
    if sent != size:
        raise OSError(f"{file} became shorter while it was read")
    yield tail


def read_answer(status: int, text: str) -> Uploaded:
    """Raises UploadRefused, or TryAgain where Sculpteo is in trouble or answers something else."""
    if status >= 500 or status == 429:
        raise TryAgain(f"Sculpteo's upload answered HTTP {status}", upstream=SCULPTEO)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    answer: dict[str, object] = found if isinstance(found, dict) else {}
    if answer.get("error"):
        raise UploadRefused(f"Sculpteo does not take the file: {_said(answer['error'])}")
    if not 200 <= status < 300:
        raise UploadRefused(f"Sculpteo does not take the file: it answered HTTP {status}")
    uuid = answer.get("uuid")
    if not isinstance(uuid, str) or not uuid.strip():
        why = "Sculpteo's answer to the upload names no design; look for it among your designs there"
        raise TryAgain(why, upstream=SCULPTEO)
    return Uploaded(
        uuid=uuid.strip(),
        name=_text(answer.get("name")),
        unit=_text(answer.get("unit")),
        scale=_text(answer.get("scale")),
        size=tuple(found for side in ("dimx", "dimy", "dimz") if (found := _text(answer.get(side)))),
    )


def _said(error: object) -> str:
    """An error in Sculpteo's words, be it a text or {id, description}."""
    if isinstance(error, dict):
        return _said(error.get("description") or error.get("message") or error.get("id") or "no reason given")
    if isinstance(error, list):
        return "; ".join(map(_said, error[:5]))
    return " ".join(str(error).split())[:300]


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return " ".join(str(value).split())[:200] or None
