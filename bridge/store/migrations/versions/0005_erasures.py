"""Which orders' personal data was, or is to be, erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("order_id", KEY, autoincrement=False, nullable=False),
        sa.Column("asked_at", TIME),
        sa.Column("erased_at", TIME),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_erasures_order_id"),
        sa.PrimaryKeyConstraint("order_id", name="pk_erasures"),
    )
