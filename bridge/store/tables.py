"""The tables. Every "only once" rule of the bridge is a unique constraint here.

`migrations/` brings a database to this shape; a test holds the two together on SQLite and PostgreSQL.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from bridge.order.model import Decision, Design, Parcel, PrintItem, RawAnswer, ShopOrder
from bridge.order.records import BareFulfillment
from bridge.store.types import CleanText, Cost, FactKey, Json, Key, Moment, ShopKey, Stored, Term

REVISION = "0010"
"""The newest migration, which this program needs."""

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _build_partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the rows that fit `where`, the same on both databases."""
    condition = sa.text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


orders = Table(
    "orders",
    metadata,
    Column("id", Key, primary_key=True),
    Column("shop", ShopKey, nullable=False),
    Column("order_id", CleanText, nullable=False),
    Column("state", CleanText, nullable=False),
    Column("news", sa.Integer, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("origin", CleanText, nullable=False),
    Column("name", CleanText),
    Column("reason", CleanText),
    Column("problem", CleanText),
    Column("due_at", Moment),
    Column("failures", sa.Integer, nullable=False),
    Column("last_error", CleanText),
    Column("lease_owner", CleanText),
    Column("lease_token", sa.Integer, nullable=False),
    Column("lease_until", Moment),
    Column("mapping_version", CleanText),
    Column("matched_at", Moment),
    Column("window_until", Moment),
    Column("paid_now", sa.Boolean, nullable=False),
    Column("approved_at", Moment),
    Column("approved_by", CleanText),
    Column("approved_for", CleanText),
    Column("held_at", Moment),
    Column("held_by", CleanText),
    Column("reference", CleanText),
    Column("mode", CleanText),
    Column("print_status", CleanText),
    Column("print_words", CleanText),
    Column("polled_at", Moment),
    Column("placed_at", Moment),
    Column("shipped_at", Moment),
    Column("estimated_delivery", Moment),
    Column("annotated", CleanText),
    Column("last_step", CleanText),
    Column("read_news", sa.Integer),
    Column("cost", Cost),
    Column(
        "shop_updated_at", Moment
    ),  # as last read, so that reconciliation can compare without the snapshot
    Column("facts", Json, nullable=False),
    Column("items", Stored(tuple[PrintItem, ...]), nullable=False),
    Column("snapshot", Stored(ShopOrder)),  # the widest column; pages of a list read none from here on
    Column("created_at", Moment),  # when the order was made in the shop
    Column("deleted_at", Moment),  # when the shop told that it was deleted there
    Column("first_mode", CleanText),  # the mode in which the bridge first saw it
    Column("decided_mode", CleanText),
    Column("approved_seen", CleanText),  # a digest of the contents and address that were approved
    Column("window_for", CleanText),  # a digest of what the approval window was opened for
    Column("first_locations", Json),  # by printed line: where it was first to be sent from
    Column("judged_by", CleanText),  # a digest of the rules and the mapping by which it was last looked at
    Column("tries", sa.Integer, nullable=False, server_default="0"),
    Column("tries_news", sa.Integer),
    Column("tried_at", Moment),
    Column("decision", Stored(Decision)),  # the last word of a person on whether it may be bought
    Column("decision_noted", sa.Boolean),  # whether that is on the Shopify order, or never can be
    Column("reference_by", CleanText),  # who said that Sculpteo has it as `reference`; null = Sculpteo itself
    Column("bare", Stored(tuple[BareFulfillment, ...])),  # fulfillments without a number that the bridge made
    Column("over_at", Moment),  # since when it is over; kept until it is over again
    sa.UniqueConstraint("shop", "order_id"),
    _build_partial_index("ix_orders_due", "due_at", where="due_at IS NOT NULL"),
    Index("ix_orders_state", "state", "id"),
    Index("ix_orders_shop_state", "shop", "state", "id"),
    Index("ix_orders_name", "name"),
    Index("ix_orders_order_id", "order_id"),
    _build_partial_index("uq_orders_reference", "reference", where="reference IS NOT NULL", unique=True),
    _build_partial_index("ix_orders_waiting", "reason", "id", where="state = 'waiting'"),
    _build_partial_index("ix_orders_placed_at", "placed_at", where="placed_at IS NOT NULL"),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("order_id", Key, ForeignKey("orders.id"), nullable=False),
    Column("number", sa.Integer, nullable=False),
    Column("attempt", CleanText, nullable=False),
    Column("token", CleanText, nullable=False),
    Column("mode", CleanText, nullable=False),
    Column("mapping_version", CleanText, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("answered_at", Moment),
    Column("verdict", CleanText),
    Column("why", CleanText),
    Column("reference", CleanText),
    Column("voided_at", Moment),
    Column("voided_by", CleanText),
    Column("cost", Cost),
    Column("request", Json, nullable=False),
    Column("answer", Stored(RawAnswer)),
    Column("lease_token", sa.Integer),  # of the run that opened it, the only one that can send it
    sa.UniqueConstraint("order_id", "number"),
    sa.UniqueConstraint("attempt"),
    sa.UniqueConstraint("token"),
    _build_partial_index("uq_attempts_open", "order_id", where="voided_at IS NULL", unique=True),
    _build_partial_index("uq_attempts_reference", "reference", where="reference IS NOT NULL", unique=True),
    Index("ix_attempts_created_at", "created_at"),
    sqlite_autoincrement=True,
)

closed_purchases = Table(  # what Sculpteo has, or had, for an order beside its present purchase
    "closed_purchases",
    metadata,
    Column("id", Key, primary_key=True),
    Column("order_id", Key, ForeignKey("orders.id"), nullable=False),
    Column("reference", CleanText, nullable=False),
    Column("token", CleanText, nullable=False),
    Column("mode", CleanText, nullable=False),
    Column("closed_at", Moment, nullable=False),
    Column("status", CleanText),
    Column("words", CleanText),
    Column("looked_at", Moment),
    Column("look_at", Moment),
    Column("alive_at", Moment),
    sa.UniqueConstraint("order_id", "reference"),
    Index("ix_closed_purchases_reference", "reference"),
)

parcels = Table(
    "parcels",
    metadata,
    Column("id", Key, primary_key=True),
    Column("order_id", Key, ForeignKey("orders.id"), nullable=False),
    Column("number", CleanText, nullable=False),
    Column("parcel", Stored(Parcel), nullable=False),
    Column("found_at", Moment, nullable=False),
    Column("pushed_at", Moment),
    Column("fulfillment_id", CleanText),
    sa.UniqueConstraint("order_id", "number"),
    Index("ix_parcels_number", "number"),
)

events = Table(
    "events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("order_id", Key, ForeignKey("orders.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", CleanText, nullable=False),
    Column("source", CleanText),
    Column("target", CleanText),
    Column("reason", CleanText),
    Column("problem", CleanText),
    Column("who", CleanText, nullable=False),
    Column("facts", Json, nullable=False),
    Index("ix_events_order", "order_id", "id"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Key, primary_key=True),
    Column("order_id", Key, ForeignKey("orders.id"), nullable=False),
    Column("alarm", CleanText, nullable=False),
    Column("digest", CleanText, nullable=False),
    Column("facts", Json, nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("cleared_at", Moment),
    Column("cleared_by", CleanText),
    sa.UniqueConstraint("order_id", "alarm", "digest"),
    _build_partial_index("ix_alarms_open", "id", where="cleared_at IS NULL"),
)

answers = Table(
    "answers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("order_id", Key, ForeignKey("orders.id"), nullable=False),
    Column("kind", CleanText, nullable=False),
    Column("at", Moment, nullable=False),
    Column("answer", Stored(RawAnswer), nullable=False),
    Index("ix_answers_order", "order_id", "id"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Key, primary_key=True),
    Column("token", CleanText, nullable=False),
    Column("reference", CleanText),
    Column("received_at", Moment, nullable=False),
    Column("known", sa.Boolean, nullable=False),  # whether an attempt had this token when the call came
    Column("settled", CleanText),
    Column("raw", sa.LargeBinary, nullable=False),
    Index("ix_notifications_token", "token", "id"),
    _build_partial_index("ix_notifications_stray", "id", where="NOT known"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("shop", ShopKey, nullable=False),
    Column("webhook_id", CleanText, nullable=False),
    Column("topic", CleanText, nullable=False),
    Column("event_id", CleanText),
    Column("api_version", CleanText),
    Column("triggered_at", Moment),
    Column("received_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("outcome", CleanText),
    Column("order_key", Key),
    Column("packed", sa.Boolean, nullable=False),  # whether `body` is compressed by zlib
    Column("body", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("shop", "webhook_id"),
    _build_partial_index("ix_deliveries_pending", "id", where="settled_at IS NULL"),
    _build_partial_index("ix_deliveries_order", "order_key", where="order_key IS NOT NULL"),
)

memory = Table(
    "memory",
    metadata,
    Column("key", FactKey, primary_key=True),
    Column("value", CleanText, nullable=False),
)

shops = Table(  # which shop is which: see `bridge.store.shops`
    "shops",
    metadata,
    Column("domain", CleanText, primary_key=True),
    Column("key", CleanText, nullable=False),  # what rows have in `shop`; it never changes
    Column("name", CleanText),  # what the shop was called last
    sa.UniqueConstraint("key"),
)

locations = Table(  # each name that a location of a shop has, or had
    "locations",
    metadata,
    Column("id", Key, primary_key=True),
    Column("shop", ShopKey, nullable=False),
    Column("location_id", CleanText, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("gone_at", Moment),  # when the shop's own list did not have it any more
    sa.UniqueConstraint("shop", "location_id", "name"),
)

buckets = Table(
    "buckets",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("full_at", Moment, nullable=False),  # when the bucket is full again, if nothing more is taken
)

pauses = Table(
    "pauses",
    metadata,
    Column("scope", ShopKey, primary_key=True),  # a shop, or "*" for all
    Column("at", Moment, nullable=False),
    Column("who", CleanText, nullable=False),
    Column("why", CleanText),
)

terms = Table(  # what an order is found by: SKUs, designs, words of the customer's name
    "terms",
    metadata,
    Column("term", Term, primary_key=True),
    Column("order_id", Key, ForeignKey("orders.id"), primary_key=True, autoincrement=False),
    Index("ix_terms_order", "order_id", "term"),
    sqlite_with_rowid=False,
)

figures = Table(  # what the customer paid for the prints of an order
    "figures",
    metadata,
    Column("order_id", Key, ForeignKey("orders.id"), primary_key=True, autoincrement=False),
    Column("revenue", Cost, nullable=False),
)

line_rules = Table(  # what people decided about lines, variants and products; what was taken back is kept
    "line_rules",
    metadata,
    Column("id", Key, primary_key=True),
    Column("shop", ShopKey, nullable=False),
    Column("scope", CleanText, nullable=False),
    Column("subject", CleanText, nullable=False),  # Shopify's id of the line item, variant or product
    Column("order_key", Key),
    Column("designs", Stored(tuple[Design, ...]), nullable=False),
    Column("sku", CleanText),
    Column("title", CleanText, nullable=False),
    Column("options", Json, nullable=False),
    Column("at", Moment, nullable=False),
    Column("who", CleanText, nullable=False),
    Column("removed_at", Moment),
    Column("removed_by", CleanText),
    _build_partial_index("uq_line_rules_subject", "shop", "subject", where="removed_at IS NULL", unique=True),
    _build_partial_index("ix_line_rules_order", "order_key", where="order_key IS NOT NULL"),
)

privacy_wishes = Table(  # what customers, or Shopify for them, asked of their data
    "privacy_wishes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("shop", ShopKey, nullable=False),
    Column("kind", CleanText, nullable=False),  # "erase" or "tell"
    Column("order_id", CleanText, nullable=False),  # Shopify's; "*" = all that the shop had then
    Column("request", CleanText, nullable=False),
    Column("asked_at", Moment, nullable=False),
    sa.UniqueConstraint("shop", "kind", "order_id", "request"),
)

erasures = Table(  # orders whose personal data was, or is to be, erased
    "erasures",
    metadata,
    Column("order_id", Key, ForeignKey("orders.id"), primary_key=True, autoincrement=False),
    Column("asked_at", Moment),
    Column("erased_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", CleanText, primary_key=True),  # a hash: who reads the database cannot use it to sign in
    Column("who", CleanText, nullable=False),
    Column("proof", CleanText, nullable=False),  # of the password that it was opened with
    Column("csrf", CleanText, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("address", CleanText),
    Column("agent", CleanText),
    Index("ix_sessions_who", "who"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", CleanText, nullable=False),
    Column("action", CleanText, nullable=False),
    Column("outcome", CleanText, nullable=False),
    Column("order_key", Key),
    Column("address", CleanText),
    Column("facts", Json, nullable=False),
)

news = Table(  # what is to be told, written in the transaction that makes it true
    "news",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", CleanText, nullable=False),
    Column("code", CleanText, nullable=False),
    Column("at", Moment, nullable=False),
    Column("order_id", Key),
    Column("facts", Json, nullable=False),
    Column("shared_at", Moment),  # when it was handed to all who want it
    Column("uid", CleanText),  # random: a restored copy of the database gives out other ones
    sa.UniqueConstraint("key"),
    _build_partial_index("ix_news_unshared", "id", where="shared_at IS NULL"),
)

messages = Table(  # one piece of news for one outlet
    "messages",
    metadata,
    Column("id", Key, primary_key=True),
    Column("outlet", CleanText, nullable=False),
    Column("news_id", Key, ForeignKey("news.id"), nullable=False),
    Column("order_id", Key),
    Column("at", Moment, nullable=False),
    Column("loud", sa.Boolean, nullable=False),
    Column("body", CleanText),
    Column("due_at", Moment, nullable=False),
    Column("tries", sa.Integer, nullable=False),
    Column("settled_at", Moment),
    Column("outcome", CleanText),  # "sent", or why it was given up
    sa.UniqueConstraint("outlet", "news_id"),
    _build_partial_index("ix_messages_waiting", "outlet", "id", where="settled_at IS NULL"),
    _build_partial_index("ix_messages_order", "outlet", "order_id", "id", where="settled_at IS NULL"),
)

outlets = Table(  # where messages go; named by a hash, since an address may hold a secret
    "outlets",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("due_at", Moment),
    Column("sent_at", Moment),
    Column("failures", sa.Integer, nullable=False),
    Column("last_error", CleanText),
    Column("lease_owner", CleanText),
    Column("lease_until", Moment),
    Column(
        "slot", CleanText
    ),  # which target of the configuration it is, or was until it got an heir; "" = none
    Column("mark", CleanText),  # what a target keeps when its address is corrected
    Column("heir", CleanText),  # the outlet that takes over what waits
)

conditions = Table(  # what is wrong with the bridge as a whole, and was told
    "conditions",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("code", CleanText, nullable=False),
    Column("owner", CleanText, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("facts", Json, nullable=False),
)

processes = Table(  # the `serve` processes that run, each by its own word of every few seconds
    "processes",
    metadata,
    Column("owner", CleanText, primary_key=True),
    Column("host", CleanText, nullable=False),
    Column("pid", sa.Integer, nullable=False),
    Column("version", CleanText, nullable=False),  # of the program
    Column("role", CleanText, nullable=False),
    Column("mode", CleanText, nullable=False),
    Column("listen", CleanText, nullable=False),
    Column("shops", Json, nullable=False),
    Column("config_path", CleanText, nullable=False),
    Column("config_digest", CleanText, nullable=False),  # SHA-256 of the file that is in force
    Column("config_since", Moment, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("pauses", Json, nullable=False),  # [scope, since] of each pause that the process knows of
    Column(
        "clocks", Json, nullable=False
    ),  # name of another clock -> seconds that it is ahead of this machine's
)
