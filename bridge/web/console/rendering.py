"""Templates and the static files that they name."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from bridge.order.reason_codes import translate_reason

HERE = Path(__file__).parent
FOREVER = "public, max-age=31536000, immutable"

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    kind: str


@lru_cache(maxsize=1)
def assets() -> Mapping[str, Asset]:
    """Every static file by its public name, which holds a hash of what is in it."""
    found = {}
    for path in sorted((HERE / "static").iterdir()):
        body = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        found[f"{path.stem}.{hashlib.sha256(body).hexdigest()[:12]}{path.suffix}"] = Asset(body, kind)
    return found


def asset(name: str) -> str:
    """The address of a static file. Raises LookupError for one that is not there."""
    stem, _, suffix = name.rpartition(".")
    for public in assets():
        if public.startswith(f"{stem}.") and public.endswith(f".{suffix}"):
            return f"/static/{public}"
    raise LookupError(name)


@routes.get("/static/{name}")
async def static(request: web.Request) -> web.Response:
    """A file of ours; nothing else can be named, since the names are looked up."""
    found = assets().get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    charset = "utf-8" if found.kind.startswith("text/") else None
    headers = {"Cache-Control": FOREVER}
    return web.Response(body=found.body, content_type=found.kind, charset=charset, headers=headers)


def ticks(text: object) -> Markup:
    """Text in which `words` in backticks are shown as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it is escaped


@lru_cache(maxsize=1)
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["asset"] = asset
    made.globals["reason_told"] = translate_reason
    made.filters["ticks"] = ticks
    return made


def load() -> None:
    """Read and compile every file, which takes as long as a third of the service's start. A page that is asked for
    before compiles what it needs by itself. Raises what Jinja raises for a file that is broken."""
    assets()
    for name in environment().list_templates():
        environment().get_template(name)


def render(template: str, values: Mapping[str, object]) -> str:
    return environment().get_template(template).render(values)
