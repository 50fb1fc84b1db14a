"""The outbox: news to be told, messages to each outlet, and conditions of the bridge as a whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _news()
    _messages()
    _outlets()
    _conditions()


def _waiting(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _news() -> None:
    op.create_table(
        "news",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("order_id", KEY),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("shared_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_news"),
        sa.UniqueConstraint("key", name="uq_news_key"),
    )
    _waiting("ix_news_unshared", "news", ["id"], "shared_at IS NULL")


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", KEY, nullable=False),
        sa.Column("outlet", sa.Text(), nullable=False),
        sa.Column("news_id", KEY, nullable=False),
        sa.Column("order_id", KEY),
        sa.Column("at", TIME, nullable=False),
        sa.Column("loud", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("settled_at", TIME),
        sa.Column("outcome", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.ForeignKeyConstraint(["news_id"], ["news.id"], name="fk_messages_news_id"),
        sa.UniqueConstraint("outlet", "news_id", name="uq_messages_outlet_news_id"),
    )
    _waiting("ix_messages_waiting", "messages", ["outlet", "id"], "settled_at IS NULL")
    _waiting("ix_messages_order", "messages", ["outlet", "order_id", "id"], "settled_at IS NULL")


def _outlets() -> None:
    op.create_table(
        "outlets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("sent_at", TIME),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("lease_owner", sa.Text()),
        sa.Column("lease_until", TIME),
        sa.PrimaryKeyConstraint("name", name="pk_outlets"),
    )


def _conditions() -> None:
    op.create_table(
        "conditions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_conditions"),
    )
