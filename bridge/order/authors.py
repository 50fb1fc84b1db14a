"""Who did something: the service itself, or a person. Neither can be taken for the other."""

from __future__ import annotations

SERVICE = "bridge"
"""How the service signs what it does itself. It is on record since the first version."""

NOT_KEPT = "?"
"""Who took a decision of which an earlier release did not keep that."""


def format_person(name: str) -> str:
    """A person's name as it is kept: one who is called like the service is marked as a person."""
    return f"{name} (person)" if name.strip().casefold() == SERVICE else name
