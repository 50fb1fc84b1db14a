"""A sandbox in front of several bridges."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from random import Random

from bridge.sandbox.box import Sandbox


class Balanced(Sandbox):
    """Its deliveries go through a load balancer that knows nothing of which replica lives."""

    def share(self, ports: Sequence[int], random: Random) -> None:
        self.ports_of_replicas, self.balance = tuple(ports), random

    def address(self, url: str) -> str:
        first = self.ports_of_replicas[0]
        return url.replace(f":{first}/", f":{self.balance.choice(self.ports_of_replicas)}/", 1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
