"""Which upstreams of finished settings are simulated while the mode is live: for the log and the console.

One that is left in the configuration by accident looks as if all went well, and nothing is printed.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from bridge.config.identifiers import is_simulated
from bridge.config.settings import SculpteoSettings, Settings
from bridge.order.model import Mode

RESOLVED_WITHIN = 5.0  # seconds
REAL_SCULPTEO = str(SculpteoSettings.model_fields["base_url"].default)


@dataclass(frozen=True, slots=True)
class Upstream:
    """An upstream at an address of the configuration: its name for people, the key that says so, the address."""

    name: str
    key: str
    url: str


def list_given_upstreams(settings: Settings) -> Iterator[Upstream]:
    """The upstreams whose addresses the configuration gives; the others are the real ones."""
    for name, shop in settings.shops.items():
        if shop.admin_url:
            yield Upstream(f"Shopify ({name})", f"shops.{name}.admin_url", shop.admin_url)
    if settings.sculpteo.base_url != REAL_SCULPTEO:
        yield Upstream("Sculpteo", "sculpteo.base_url", settings.sculpteo.base_url)


def list_simulated_upstreams(settings: Settings) -> list[Upstream]:
    """Those that are simulated while the mode is live, by their addresses alone; none in another mode."""
    if settings.mode is not Mode.LIVE:
        return []
    return [one for one in list_given_upstreams(settings) if is_simulated(one.url)]


async def find_private_upstreams(settings: Settings) -> list[tuple[Upstream, str]]:
    """Those whose public names lead to addresses that are not on the public internet, in mode live: each with
    such an address. A name that cannot be resolved now is left out."""
    if settings.mode is not Mode.LIVE:
        return []
    found = []
    for one in list_given_upstreams(settings):
        if not is_simulated(one.url):
            address = await _find_private_address(urlsplit(one.url).hostname or "")
            found += [(one, address)] if address else []
    return found


async def _find_private_address(host: str) -> str | None:
    from bridge.net.ssrf import is_public

    try:
        async with asyncio.timeout(RESOLVED_WITHIN):
            rows = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return None
    addresses = [str(row[4][0]).partition("%")[0] for row in rows]
    return next((one for one in addresses if not is_public(ip_address(one))), None)
