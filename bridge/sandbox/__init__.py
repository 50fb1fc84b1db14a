"""A Shopify and a Sculpteo that run on this machine: real HTTP, real signatures, a menu of faults.

For trying the bridge out and for its tests. See README.md in this folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]


def __getattr__(name: str) -> object:
    # Loaded when asked for: the schema and the servers are not needed to import a part of the sandbox.
    if name == "Sandbox":
        from bridge.sandbox.sandbox import Sandbox

        return Sandbox
    raise AttributeError(name)
