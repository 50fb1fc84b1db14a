"""Small pictures of products: their addresses from the shop, the bytes from where these lead.

What lies at such an address is not trusted: only https and public addresses, no redirect, only so many bytes, and
only what begins as a picture does. A picture that cannot be had is none.
https://shopify.dev/docs/api/admin-graphql/latest/objects/MediaImage
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import aiohttp
from yarl import URL

from bridge.net.ssrf import (
    Address,
    SsrfSafeSession,
    allow_any,
    is_public,
)
from bridge.order.model import Picture
from bridge.shopify.client import Admin

LARGEST = 64 * 1024  # bytes; Shopify's pictures of 96 pixels have some 5 KB
AT_ONCE = 4
TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
MOST = 20  # products of one question: it costs few points of the shop's budget

PNG, JPEG, GIFS = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", (b"GIF87a", b"GIF89a")


async def product_pictures(
    admin: Admin, product_ids: Sequence[str], *, is_simulated: bool = False
) -> dict[str, Picture]:
    """The pictures of at most `MOST` products, by the products' ids; those that have none are left out. A
    simulated shop has its pictures on this machine.

    Raises TryAgain, or NeedsPerson("shop_access").
    """
    addresses = await picture_addresses(admin, product_ids[:MOST])
    return await fetched(addresses, allowed=allow_any if is_simulated else is_public, plain=is_simulated)


async def picture_addresses(admin: Admin, product_ids: Sequence[str]) -> dict[str, str]:
    """Where the picture of each product is. Raises as `Admin.run` does."""
    reply = await admin.run("product_pictures", {"ids": list(product_ids)})
    found = {}
    with admin.reading("product_pictures", reply):
        for product in reply.data["nodes"].each():
            if product and product["featuredMedia"] and product["featuredMedia"]["image"]:
                found[product["id"].text()] = product["featuredMedia"]["image"]["url"].text()
    return found


async def fetched(
    addresses: Mapping[str, str], *, allowed: Callable[[Address], bool] = is_public, plain: bool = False
) -> dict[str, Picture]:
    """The pictures that could be had. With `plain`, http will do. Never raises."""
    turns = asyncio.Semaphore(AT_ONCE)

    async with SsrfSafeSession(allowed) as guard:

        async def one(address: str) -> Picture | None:
            async with turns:
                try:
                    return await _picture(guard.session, URL(address), plain)
                except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
                    return None

        pictures = await asyncio.gather(*map(one, addresses.values()))
    return {key: picture for key, picture in zip(addresses, pictures, strict=True) if picture is not None}


async def _picture(session: aiohttp.ClientSession, url: URL, plain: bool) -> Picture | None:
    if url.scheme not in ({"https", "http"} if plain else {"https"}) or not url.host:
        return None
    headers = {"Accept": "image/webp, image/png, image/jpeg, image/gif", "Accept-Encoding": "identity"}
    async with session.get(url, headers=headers, allow_redirects=False, timeout=TIMEOUT) as answer:
        if answer.status != 200 or (answer.content_length or 0) > LARGEST:
            return None
        body = bytearray()
        async for chunk in answer.content.iter_chunked(16 * 1024):
            body += chunk
            if len(body) > LARGEST:
                return None
    kind = kind_of(bytes(body))
    return Picture(bytes(body), kind) if kind else None


def kind_of(body: bytes) -> str | None:
    """The media type by the first bytes, whatever the server says; None for what is no picture of these kinds.
    SVG is none of them: it could hold a script."""
    if body.startswith(PNG):
        return "image/png"
    if body.startswith(JPEG):
        return "image/jpeg"
    if body.startswith(GIFS):
        return "image/gif"
    return "image/webp" if body[:4] == b"RIFF" and body[8:12] == b"WEBP" else None
