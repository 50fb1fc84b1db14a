"""What people decided about lines, variants and products."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "line_rules",
        sa.Column("id", KEY, nullable=False),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("order_key", KEY),
        sa.Column("designs", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("removed_at", TIME),
        sa.Column("removed_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_line_rules"),
    )
    _partial("uq_line_rules_subject", ["shop", "subject"], "removed_at IS NULL", unique=True)
    _partial("ix_line_rules_order", ["order_key"], "order_key IS NOT NULL")


def _partial(name: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, "line_rules", columns, unique=unique, sqlite_where=where, postgresql_where=where)
