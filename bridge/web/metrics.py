"""What Prometheus may know: counts and times, by shop and by route; never an order, a name or a token."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The meters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "bridge_webhook_deliveries_total",
            "Webhook deliveries, by shop and what was done with them",
            ["shop", "outcome"],
            registry=self.registry,
        )
        self.notifications = Counter(
            "bridge_notifications_total",
            "Calls of secret notification URLs, by whether an order had the token",
            ["outcome"],
            registry=self.registry,
        )
        self.answers = Histogram(
            "bridge_http_seconds",
            "Time to answer a request, by route and status",
            ["route", "status"],
            buckets=(0.005, 0.02, 0.1, 0.5, 1, 2, 5),
            registry=self.registry,
        )
        self.conditions = Gauge(
            "bridge_conditions",
            "What is wrong with the bridge as a whole now, by its code",
            ["code"],
            registry=self.registry,
        )
        self.errors = Counter(
            "bridge_errors_total",
            "Errors of the bridge's own that it survived, by the part of the service; the log has each",
            ["part"],
            registry=self.registry,
        )
        self.oldest_due = Gauge(
            "bridge_oldest_due_seconds",
            "For how long the oldest due order has waited to be worked on",
            registry=self.registry,
        )
        self.orders = Gauge(
            "bridge_orders", "Orders, by the state that they are in", ["state"], registry=self.registry
        )


METRICS = web.AppKey("metrics", Metrics)
