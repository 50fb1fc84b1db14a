"""Since when an order is over, from which its retention counts; and what customers asked of their data, also about
orders that are not on record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("orders", sa.Column("over_at", TIME))
    op.execute(
        "UPDATE orders SET over_at = COALESCE((SELECT MAX(at) FROM events WHERE events.order_id = orders.id"
        " AND kind = 'move' AND target = orders.state), updated_at)"
        " WHERE state IN ('done', 'cancelled', 'ignored')"
    )
    op.create_table(
        "privacy_wishes",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.UniqueConstraint(
            "shop", "kind", "order_id", "request", name="uq_privacy_wishes_shop_kind_order_id_request"
        ),
    )
    # what was erased before left its bytes in the file
    op.execute(
        "INSERT INTO memory (key, value) SELECT 'unscoured', 'yes' WHERE EXISTS (SELECT 1 FROM orders)"
    )
