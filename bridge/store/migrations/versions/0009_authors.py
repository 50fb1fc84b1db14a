"""Who took decisions that were taken before they were kept as such: the timeline knows it."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

ORDERS = sa.table("orders", *map(sa.column, ("id", "state", "reason", "decision")))
EVENTS = sa.table("events", *map(sa.column, ("id", "order_id", "at", "who", "target", "reason")))


def upgrade() -> None:
    c = op.get_bind()
    decided = c.execute(
        sa.select(ORDERS.c.id, ORDERS.c.state).where(
            ORDERS.c.state.in_(("cancelled", "ignored")),
            ORDERS.c.reason == "person",
            ORDERS.c.decision.is_(None),
        )
    ).all()
    for order, state in decided:
        line = c.execute(
            sa.select(EVENTS.c.who, EVENTS.c.at)
            .where(EVENTS.c.order_id == order, EVENTS.c.target == state, EVENTS.c.reason == "person")
            .order_by(EVENTS.c.id.desc())
            .limit(1)
        ).one_or_none()
        if line is not None:
            decision = json.dumps({"choice": state, "who": line.who, "at": str(line.at)})
            c.execute(sa.update(ORDERS).where(ORDERS.c.id == order).values(decision=decision))
