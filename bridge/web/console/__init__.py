"""The merchant's console: see, understand and decide every order in the browser.

Server-rendered pages; a little JavaScript of our own keeps them fresh, and nothing needs it.
"""

from __future__ import annotations

from bridge.web.console.routes import add_to, add_hint

__all__ = ["add_hint", "add_to"]
