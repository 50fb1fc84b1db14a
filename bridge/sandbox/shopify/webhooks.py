"""The sender of webhooks: signed, at least once, in no order, with Shopify's retries.

https://shopify.dev/docs/apps/build/webhooks/delivery-structure and
https://shopify.dev/docs/apps/build/webhooks/troubleshoot
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp

from bridge.sandbox.http.faults import (
    Fault,
    FaultMenu,
    Kind,
)
from bridge.sandbox.shopify.events import Announcement, Event, enum_of
from bridge.sandbox.shopify.shop import Shop
from bridge.sandbox.shopify.subscriptions import Subscription

DEADLINE = 5.0  # seconds for the whole request, one of them to connect
RETRIES = (60, 120, 240, 480, 960, 1920, 3840, 6780)
"""Seconds before each retry. Shopify documents 8 retries over 4 hours with growing gaps; the single gaps are
the sandbox's own."""

DELIVERIES_KEPT = 5_000


@dataclass(slots=True)
class Delivery:
    """One delivery and what became of it. `results` has a status, or what went wrong, for each try."""

    webhook_id: str
    event_id: str
    topic: str
    uri: str
    body: bytes
    headers: Mapping[str, str]
    subscription: str
    created_at: datetime
    results: list[int | str] = field(default_factory=list)
    settled: str | None = None  # delivered, given up, dropped

    @property
    def delivered(self) -> bool:
        return self.settled == "delivered"


def signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class WebhookSender:
    """Listens to a shop and delivers to its subscriptions. `speed` shortens the gaps between retries."""

    def __init__(
        self,
        shop: Shop,
        menu: FaultMenu,
        *,
        speed: float = 1.0,
        concurrency: int = 64,
        remove: bool = True,
        address: Callable[[str], str] = lambda url: url,
    ) -> None:
        self.deliveries: deque[Delivery] = deque(maxlen=DELIVERIES_KEPT)
        self.speed = speed
        self.remove = remove
        self._address = address
        self._shop = shop
        self._menu = menu
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(concurrency)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=DEADLINE, sock_connect=1.0),
            connector=aiohttp.TCPConnector(limit=0),
            headers={"User-Agent": "Shopify-Captain-Hook"},
        )
        self._shop.listeners.append(self.on_event)

    async def stop(self) -> None:
        if self.on_event in self._shop.listeners:
            self._shop.listeners.remove(self.on_event)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def settle(self) -> None:
        """Wait until nothing is on its way, retries included."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def on_event(self, event: Event) -> None:
        for announcement in event.announcements:
            for subscription in list(self._shop.subscriptions.values()):
                if subscription.topic == enum_of(announcement.topic):
                    self._dispatch(event, announcement, subscription)

    def redeliver(self, webhook_id: str) -> None:
        """Send a delivery once more, byte for byte, as Shopify sometimes does."""
        for delivery in self.deliveries:
            if delivery.webhook_id == webhook_id:
                self._spawn(delivery, 0)
                return
        raise LookupError(f"no delivery has the webhook id {webhook_id}")

    def _dispatch(self, event: Event, announcement: Announcement, subscription: Subscription) -> None:
        topic = announcement.topic
        text = f"{announcement.body.get('name')} {announcement.id}"
        fault = self._menu.draw(("shopify.webhooks", f"shopify.webhooks.{topic}"), text)
        delivery = self._make(event, announcement, subscription, fault)
        self.deliveries.append(delivery)
        if fault is not None and fault.kind is Kind.DROP:
            delivery.settled = "dropped"
            return
        self._spawn(delivery, self._wait(fault))
        if fault is not None and fault.kind is Kind.DUPLICATE:
            self._spawn(delivery, self._menu.random.uniform(0, min(fault.seconds, 1)))

    def _wait(self, fault: Fault | None) -> float:
        if fault is not None and fault.kind is Kind.DELAY:
            return fault.seconds
        if fault is not None and fault.kind is Kind.REORDER:
            return self._menu.random.uniform(0, fault.seconds)
        return 0

    def _make(
        self, event: Event, announcement: Announcement, subscription: Subscription, fault: Fault | None
    ) -> Delivery:
        body: Mapping[str, object] = announcement.body
        if fault is not None and fault.kind is Kind.ID_ONLY:
            body = {"id": announcement.id}
        elif subscription.include_fields:
            body = {name: body[name] for name in subscription.include_fields if name in body}
        raw = json.dumps(body, ensure_ascii=False).encode()
        webhook_id = self._shop.uuid()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": announcement.topic,
            "X-Shopify-Hmac-Sha256": signature(self._shop.settings.client_secret, raw),
            "X-Shopify-Shop-Domain": self._shop.settings.domain,
            "X-Shopify-API-Version": subscription.api_version,
            "X-Shopify-Webhook-Id": webhook_id,
            "X-Shopify-Event-Id": event.id,
            "X-Shopify-Triggered-At": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
        }
        if subscription.name:
            headers["X-Shopify-Name"] = subscription.name
        return Delivery(
            webhook_id,
            event.id,
            announcement.topic,
            subscription.uri,
            raw,
            headers,
            subscription.gid,
            event.at,
        )

    def _spawn(self, delivery: Delivery, wait: float) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(delivery, wait))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery, wait: float) -> None:
        await asyncio.sleep(wait)
        for gap in (*RETRIES, None):
            async with self._gate:
                result = await self._post(delivery)
            delivery.results.append(result)
            if isinstance(result, int) and 200 <= result < 300:
                delivery.settled = "delivered"
                return
            if gap is not None:
                await asyncio.sleep(gap / self.speed)
        delivery.settled = delivery.settled or "given up"
        # Subscriptions made by the Admin API do not survive a delivery that failed to the end.
        if self.remove:
            self._shop.subscriptions.pop(delivery.subscription, None)

    async def _post(self, delivery: Delivery) -> int | str:
        if self._session is None:
            raise RuntimeError("the sender was not started")
        try:
            async with self._session.post(
                self._address(delivery.uri),
                data=delivery.body,
                headers=delivery.headers,
                allow_redirects=False,
            ) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return type(error).__name__
