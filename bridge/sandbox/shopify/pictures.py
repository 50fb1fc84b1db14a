"""Pictures of the shop's products: a colored tile for each, drawn from its title."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web

from bridge.sandbox.shopify.model import Product
from bridge.sandbox.shopify.shop import Shop

SIDE = 48  # pixels
PATH = "/pictures/{id}.png"


def picture_of(product: Product) -> bytes:
    """A PNG (https://www.w3.org/TR/png-3/): a disk on a ground, in colors of the title."""
    digest = hashlib.sha256(product.title.encode()).digest()
    ground = bytes(200 + byte % 48 for byte in digest[:3])
    disk = bytes(60 + byte % 120 for byte in digest[3:6])
    radius = SIDE * (0.25 + digest[6] / 255 * 0.2)
    middle = (SIDE - 1) / 2
    rows = bytearray()
    for y in range(SIDE):
        rows += b"\0"  # no filter
        for x in range(SIDE):
            rows += disk if (x - middle) ** 2 + (y - middle) ** 2 < radius**2 else ground
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, data = chunk
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@dataclass(frozen=True, slots=True)
class MediaImage:
    """A picture of a product, as the Admin API has it."""

    kind: ClassVar[str] = "MediaImage"
    id: str
    url: str


def media_of(product: Product, info: Any) -> MediaImage | None:
    """`Product.featuredMedia`; none as long as the shop has no address to serve it from."""
    shop: Shop = info.context.shop
    if shop.pictures_at is None:
        return None
    url = shop.pictures_at + PATH.format(id=product.id)
    return MediaImage(f"gid://shopify/MediaImage/{product.id}", url)


def routes(shop: Shop) -> list[web.RouteDef]:
    """Anybody may see them, as on Shopify's own servers of pictures."""

    async def picture(request: web.Request) -> web.Response:
        product = shop.find(Product, f"gid://shopify/Product/{request.match_info['id']}")
        if product is None:
            raise web.HTTPNotFound
        return web.Response(body=picture_of(product), content_type="image/png")

    return [web.get(PATH, picture)]
