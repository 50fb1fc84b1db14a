"""What the right to buy an order is judged by: when the order was made, in which mode it was first seen, where
its lines were first to be sent from, and what the person who approved it saw.

And what proves that an attempt bought nothing, whatever the note on the Shopify order says: that the very run
which opened it closed it (`attempts.lease_token`). What people decided goes onto the Shopify orders as well."""

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
        sa.Column("approved_mode", sa.Text()),
        sa.Column("approved_seen", sa.Text()),
        sa.Column("window_for", sa.Text()),
        sa.Column("first_locations", sa.Text()),
        sa.Column("decision", sa.Text()),
        sa.Column("decision_noted", sa.Boolean()),
        sa.Column("reference_by", sa.Text()),
    ):
        op.add_column("orders", column)
    op.add_column("attempts", sa.Column("lease_token", sa.Integer()))
    # what is on record already was first seen in the mode of the last run, as far as that is known
    op.execute("UPDATE orders SET first_mode = (SELECT value FROM memory WHERE key = 'mode')")
    op.execute("UPDATE orders SET approved_mode = first_mode WHERE approved_at IS NOT NULL")
    # what people decided before there was a place for it is written on the Shopify orders now
    op.execute(
        sa.text(
            "UPDATE orders SET decision_noted = :no, due_at = updated_at WHERE "
            "(state IN ('cancelled', 'ignored') AND reason = 'person') "
            "OR (held_at IS NOT NULL AND state IN ('received', 'waiting', 'attention'))"
        ).bindparams(sa.bindparam("no", False, sa.Boolean()))
    )
