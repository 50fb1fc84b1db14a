"""What comes from outside as JSON or YAML may hold no key that means nothing: a typo is a fault."""

from __future__ import annotations

from pydantic import ConfigDict, with_config

strict = with_config(ConfigDict(extra="forbid"))
"""Decorates a dataclass that is read from outside."""
