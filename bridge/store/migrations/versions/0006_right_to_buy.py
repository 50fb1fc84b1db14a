"""What the right to buy an order is judged by: when the order was made, in which mode it was first seen, where
its lines were first to be sent from, what the person who approved it saw, and by which rules it was judged. And
which shop is which: a shop is its domain, whatever it is called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("created_at", TIME),
        sa.Column("first_mode", sa.Text()),
        sa.Column("decided_mode", sa.Text()),
        sa.Column("approved_seen", sa.Text()),
        sa.Column("window_for", sa.Text()),
        sa.Column("first_locations", sa.Text()),
        sa.Column("judged_by", sa.Text()),
    ):
        op.add_column("orders", column)
    op.create_table(
        "shops",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.PrimaryKeyConstraint("domain", name="pk_shops"),
        sa.UniqueConstraint("key", name="uq_shops_key"),
    )
    # what is on record already was first seen in the mode of the last run, as far as that is known
    op.execute("UPDATE orders SET first_mode = (SELECT value FROM memory WHERE key = 'mode')")
    op.execute("UPDATE orders SET decided_mode = first_mode WHERE approved_at IS NOT NULL")
