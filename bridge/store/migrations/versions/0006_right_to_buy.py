"""What the right to buy an order is judged by: when the order was made, in which mode it was first seen, where
its lines were first to be sent from, and what the person who approved it saw."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIME = sa.DateTime(timezone=True)


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
    # what is on record already was first seen in the mode of the last run, as far as that is known
    op.execute("UPDATE orders SET first_mode = (SELECT value FROM memory WHERE key = 'mode')")
    op.execute("UPDATE orders SET approved_mode = first_mode WHERE approved_at IS NOT NULL")
