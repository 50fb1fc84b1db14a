"""What the console needs: sessions, an audit log, terms to search by, revenue, and two indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bridge.order.model import PrintItem, ShopOrder
from bridge.store.search_index import (
    revenue_of,
    terms_of,
)
from bridge.store.types import Stored

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
BATCH = 500


def upgrade() -> None:
    _partial("ix_orders_waiting", ["reason", "id"], "state = 'waiting'")
    _partial("ix_orders_placed_at", ["placed_at"], "placed_at IS NOT NULL")
    _terms()
    _figures()
    _sessions()
    _audit()
    _learn_what_is_there()


def _partial(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "orders", columns, sqlite_where=where, postgresql_where=where)


def _terms() -> None:
    op.create_table(
        "terms",
        sa.Column("term", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("order_id", KEY, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("term", "order_id", name="pk_terms"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_terms_order_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_terms_order", "terms", ["order_id", "term"])


def _figures() -> None:
    op.create_table(
        "figures",
        sa.Column("order_id", KEY, nullable=False, autoincrement=False),
        sa.Column("revenue", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_figures"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_figures_order_id"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("address", sa.Text()),
        sa.Column("agent", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_who", "sessions", ["who"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("order_key", KEY),
        sa.Column("address", sa.Text()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )


def _learn_what_is_there() -> None:
    """Orders that came before can be searched for, too."""
    connection = op.get_bind()
    orders = sa.table(
        "orders",
        sa.column("id", KEY),
        sa.column("snapshot", Stored(ShopOrder)),
        sa.column("items", Stored(tuple[PrintItem, ...])),
    )
    terms = sa.table("terms", sa.column("term"), sa.column("order_id"))
    figures = sa.table("figures", sa.column("order_id"), sa.column("revenue"))
    last = 0
    while True:
        rows = connection.execute(
            sa.select(orders)
            .where(orders.c.id > last, orders.c.snapshot.is_not(None))
            .order_by(orders.c.id)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        last = rows[-1].id
        found = [
            {"term": term, "order_id": row.id} for row in rows for term in terms_of(row.snapshot, row.items)
        ]
        sums = [(row.id, revenue_of(row.snapshot, row.items)) for row in rows]
        known = [{"order_id": key, "revenue": f"{sum_.amount} {sum_.currency}"} for key, sum_ in sums if sum_]
        if found:
            connection.execute(sa.insert(terms), found)
        if known:
            connection.execute(sa.insert(figures), known)
