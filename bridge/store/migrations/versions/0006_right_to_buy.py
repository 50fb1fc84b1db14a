"""What the right to buy an order is judged by: when the order was made, in which mode it was first seen, where
its lines were first to be sent from, and what the person who approved it saw."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIME = sa.DateTime(timezone=True)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("created_at", TIME),
        sa.Column("deleted_at", TIME),
        sa.Column("first_mode", sa.Text()),
        sa.Column("approved_mode", sa.Text()),
        sa.Column("approved_seen", sa.Text()),
        sa.Column("window_for", sa.Text()),
        sa.Column("first_locations", sa.Text()),
    ):
        op.add_column("orders", column)
    op.create_table(
        "locations",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("gone_at", TIME),
        sa.UniqueConstraint("shop", "location_id", "name", name="uq_locations_shop_location_id_name"),
    )
    # what is on record already was first seen in the mode of the last run, as far as that is known
    op.execute("UPDATE orders SET first_mode = (SELECT value FROM memory WHERE key = 'mode')")
    op.execute("UPDATE orders SET approved_mode = first_mode WHERE approved_at IS NOT NULL")
