"""The merchant's console: see, understand and decide every order in the browser. See README.md here.

Server-rendered pages; a little JavaScript of our own keeps them fresh, and nothing needs it.
"""

from __future__ import annotations

from bridge.web.console.context import Console
from bridge.web.console.routes import add_to

__all__ = ["Console", "add_to"]
