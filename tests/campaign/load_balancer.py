"""A sandbox in front of several bridges."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Sequence
from random import Random

from bridge.sandbox.sandbox import Sandbox

PORTS = range(12_000, 32_000)


class Balanced(Sandbox):
    """Its deliveries go through a load balancer that knows nothing of which replica lives."""

    def share(self, ports: Sequence[int], random: Random) -> None:
        self.ports_of_replicas, self.balance = tuple(ports), random

    def resolve_address(self, url: str) -> str:
        first = self.ports_of_replicas[0]
        return url.replace(f":{first}/", f":{self.balance.choice(self.ports_of_replicas)}/", 1)


def free_port() -> int:
    """One that no client is given by the system: a bridge that died must find its own still free."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
