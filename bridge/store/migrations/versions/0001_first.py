"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _buckets()
    _deliveries()
    _memory()
    _notifications()
    _orders()
    _pauses()
    _alarms()
    _answers()
    _attempts()
    _events()
    _parcels()


def _partial(name: str, table: str, column: str, condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], unique=unique, sqlite_where=where, postgresql_where=where)


def _buckets() -> None:
    op.create_table(
        "buckets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("full_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_buckets"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text()),
        sa.Column("api_version", sa.Text()),
        sa.Column("triggered_at", TIME),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("settled_at", TIME),
        sa.Column("outcome", sa.Text()),
        sa.Column("order_key", KEY),
        sa.Column("packed", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("shop", "webhook_id", name="uq_deliveries_shop_webhook_id"),
    )
    _partial("ix_deliveries_order", "deliveries", "order_key", "order_key IS NOT NULL")
    _partial("ix_deliveries_pending", "deliveries", "id", "settled_at IS NULL")


def _memory() -> None:
    op.create_table(
        "memory",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_memory"),
    )


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", KEY, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text()),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("settled", sa.Text()),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
    )
    _partial("ix_notifications_stray", "notifications", "id", "NOT known")
    op.create_index("ix_notifications_token", "notifications", ["token", "id"])


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", KEY, nullable=False),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("news", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("due_at", TIME),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("lease_owner", sa.Text()),
        sa.Column("lease_token", sa.Integer(), nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("mapping_version", sa.Text()),
        sa.Column("matched_at", TIME),
        sa.Column("window_until", TIME),
        sa.Column("paid_now", sa.Boolean(), nullable=False),
        sa.Column("approved_at", TIME),
        sa.Column("approved_by", sa.Text()),
        sa.Column("approved_for", sa.Text()),
        sa.Column("held_at", TIME),
        sa.Column("held_by", sa.Text()),
        sa.Column("reference", sa.Text()),
        sa.Column("mode", sa.Text()),
        sa.Column("print_status", sa.Text()),
        sa.Column("print_words", sa.Text()),
        sa.Column("polled_at", TIME),
        sa.Column("placed_at", TIME),
        sa.Column("shipped_at", TIME),
        sa.Column("estimated_delivery", TIME),
        sa.Column("annotated", sa.Text()),
        sa.Column("last_step", sa.Text()),
        sa.Column("read_news", sa.Integer()),
        sa.Column("cost", sa.Text()),
        sa.Column("shop_updated_at", TIME),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("shop", "order_id", name="uq_orders_shop_order_id"),
        sqlite_autoincrement=True,
    )
    _partial("ix_orders_due", "orders", "due_at", "due_at IS NOT NULL")
    op.create_index("ix_orders_name", "orders", ["name"])
    op.create_index("ix_orders_order_id", "orders", ["order_id"])
    op.create_index("ix_orders_shop_state", "orders", ["shop", "state", "id"])
    op.create_index("ix_orders_state", "orders", ["state", "id"])
    _partial("uq_orders_reference", "orders", "reference", "reference IS NOT NULL", unique=True)


def _pauses() -> None:
    op.create_table(
        "pauses",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
        sa.PrimaryKeyConstraint("scope", name="pk_pauses"),
    )


def _alarms() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("alarm", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.Column("cleared_at", TIME),
        sa.Column("cleared_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
        sa.UniqueConstraint("order_id", "alarm", "digest", name="uq_alarms_order_id_alarm_digest"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_alarms_order_id"),
    )
    _partial("ix_alarms_open", "alarms", "id", "cleared_at IS NULL")


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_answers_order_id"),
    )
    op.create_index("ix_answers_order", "answers", ["order_id", "id"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("mapping_version", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("sent_at", TIME),
        sa.Column("answered_at", TIME),
        sa.Column("verdict", sa.Text()),
        sa.Column("why", sa.Text()),
        sa.Column("reference", sa.Text()),
        sa.Column("voided_at", TIME),
        sa.Column("voided_by", sa.Text()),
        sa.Column("cost", sa.Text()),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("attempt", name="uq_attempts_attempt"),
        sa.UniqueConstraint("order_id", "number", name="uq_attempts_order_id_number"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_attempts_order_id"),
        sa.UniqueConstraint("token", name="uq_attempts_token"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_attempts_created_at", "attempts", ["created_at"])
    _partial("uq_attempts_open", "attempts", "order_id", "voided_at IS NULL", unique=True)
    _partial("uq_attempts_reference", "attempts", "reference", "reference IS NOT NULL", unique=True)


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text()),
        sa.Column("target", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_events_order_id"),
    )
    op.create_index("ix_events_order", "events", ["order_id", "id"])


def _parcels() -> None:
    op.create_table(
        "parcels",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("parcel", sa.Text(), nullable=False),
        sa.Column("found_at", TIME, nullable=False),
        sa.Column("pushed_at", TIME),
        sa.Column("fulfillment_id", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_parcels"),
        sa.UniqueConstraint("order_id", "number", name="uq_parcels_order_id_number"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_parcels_order_id"),
    )
    op.create_index("ix_parcels_number", "parcels", ["number"])
