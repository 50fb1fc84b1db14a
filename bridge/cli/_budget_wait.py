"""How commands wait for Shopify: a person rather waits than reads half an answer, and is told what for."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bridge.shopify.client import Admin

PATIENCE = 600.0  # seconds that one call of a person's command waits for Shopify's query budget
WORTH_TELLING = 0.5  # seconds of a wait
TOLD_EVERY = 5.0  # seconds


def enable_budget_waits(admin: Admin) -> None:
    """Let each call of a command wait for the budget, and say so on standard error."""
    last = float("-inf")

    def report_wait(seconds: float) -> None:
        nonlocal last
        now = monotonic()
        if seconds >= WORTH_TELLING and now - last > TOLD_EVERY:
            last = now
            click.echo(
                f"Shopify's query budget of {admin.shop} is used up for now; waiting {seconds:.0f} s for more.",
                err=True,
            )

    admin.be_patient(PATIENCE, report_wait)
