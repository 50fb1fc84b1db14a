"""The first schema: what a database of `aa829cd` has. What came before it was never in use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_buckets()
    _create_deliveries()
    _create_memory()
    _create_notifications()
    _create_orders()
    _create_pauses()
    _create_alarms()
    _create_answers()
    _create_attempts()
    _create_events()
    _create_parcels()
    _create_terms()
    _create_figures()
    _create_sessions()
    _create_audit()
    _create_news()
    _create_messages()
    _create_outlets()
    _create_conditions()
    _create_line_rules()
    _create_erasures()


def _create_partial_index(
    name: str, table: str, columns: list[str], condition: str, *, unique: bool = False
) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _create_buckets() -> None:
    op.create_table(
        "buckets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("full_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_buckets"),
    )


def _create_deliveries() -> None:
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
    _create_partial_index("ix_deliveries_order", "deliveries", ["order_key"], "order_key IS NOT NULL")
    _create_partial_index("ix_deliveries_pending", "deliveries", ["id"], "settled_at IS NULL")


def _create_memory() -> None:
    op.create_table(
        "memory",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_memory"),
    )


def _create_notifications() -> None:
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
    _create_partial_index("ix_notifications_stray", "notifications", ["id"], "NOT known")
    op.create_index("ix_notifications_token", "notifications", ["token", "id"])


def _create_orders() -> None:
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
    _create_partial_index("ix_orders_due", "orders", ["due_at"], "due_at IS NOT NULL")
    op.create_index("ix_orders_name", "orders", ["name"])
    op.create_index("ix_orders_order_id", "orders", ["order_id"])
    op.create_index("ix_orders_shop_state", "orders", ["shop", "state", "id"])
    op.create_index("ix_orders_state", "orders", ["state", "id"])
    _create_partial_index(
        "uq_orders_reference", "orders", ["reference"], "reference IS NOT NULL", unique=True
    )
    _create_partial_index("ix_orders_waiting", "orders", ["reason", "id"], "state = 'waiting'")
    _create_partial_index("ix_orders_placed_at", "orders", ["placed_at"], "placed_at IS NOT NULL")


def _create_pauses() -> None:
    op.create_table(
        "pauses",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
        sa.PrimaryKeyConstraint("scope", name="pk_pauses"),
    )


def _create_alarms() -> None:
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
    _create_partial_index("ix_alarms_open", "alarms", ["id"], "cleared_at IS NULL")


def _create_answers() -> None:
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


def _create_attempts() -> None:
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
    _create_partial_index("uq_attempts_open", "attempts", ["order_id"], "voided_at IS NULL", unique=True)
    _create_partial_index(
        "uq_attempts_reference", "attempts", ["reference"], "reference IS NOT NULL", unique=True
    )


def _create_events() -> None:
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


def _create_parcels() -> None:
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


def _create_terms() -> None:
    op.create_table(
        "terms",
        sa.Column("term", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("order_id", KEY, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("term", "order_id", name="pk_terms"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_terms_order_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_terms_order", "terms", ["order_id", "term"])


def _create_figures() -> None:
    op.create_table(
        "figures",
        sa.Column("order_id", KEY, nullable=False, autoincrement=False),
        sa.Column("revenue", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_figures"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_figures_order_id"),
    )


def _create_sessions() -> None:
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


def _create_audit() -> None:
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


def _create_news() -> None:
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
    _create_partial_index("ix_news_unshared", "news", ["id"], "shared_at IS NULL")


def _create_messages() -> None:
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
    _create_partial_index("ix_messages_waiting", "messages", ["outlet", "id"], "settled_at IS NULL")
    _create_partial_index("ix_messages_order", "messages", ["outlet", "order_id", "id"], "settled_at IS NULL")


def _create_outlets() -> None:
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


def _create_conditions() -> None:
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


def _create_line_rules() -> None:
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
    _create_partial_index(
        "uq_line_rules_subject", "line_rules", ["shop", "subject"], "removed_at IS NULL", unique=True
    )
    _create_partial_index("ix_line_rules_order", "line_rules", ["order_key"], "order_key IS NOT NULL")


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("order_id", KEY, autoincrement=False, nullable=False),
        sa.Column("asked_at", TIME),
        sa.Column("erased_at", TIME),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_erasures_order_id"),
        sa.PrimaryKeyConstraint("order_id", name="pk_erasures"),
    )
