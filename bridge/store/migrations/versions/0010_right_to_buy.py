"""What the right to buy an order is judged by, which shop is which, which processes run, which closed purchases are
watched, what people decided, and what customers asked of their data."""

from __future__ import annotations

import json
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0005"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
ORDERS = sa.table("orders", *map(sa.column, ("id", "state", "reason", "decision")))
EVENTS = sa.table("events", *map(sa.column, ("id", "order_id", "at", "who", "target", "reason")))


def upgrade() -> None:
    for column in (
        sa.Column("created_at", TIME),
        sa.Column("deleted_at", TIME),
        sa.Column("first_mode", sa.Text()),
        sa.Column("decided_mode", sa.Text()),
        sa.Column("approved_seen", sa.Text()),
        sa.Column("window_for", sa.Text()),
        sa.Column("first_locations", sa.Text()),
        sa.Column("judged_by", sa.Text()),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("tries_news", sa.Integer()),
        sa.Column("tried_at", TIME),
        sa.Column("decision", sa.Text()),
        sa.Column("decision_noted", sa.Boolean()),
        sa.Column("reference_by", sa.Text()),
        sa.Column("bare", sa.Text()),
        sa.Column("over_at", TIME),
    ):
        op.add_column("orders", column)
    op.add_column("attempts", sa.Column("lease_token", sa.Integer()))
    op.create_table(
        "shops",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.PrimaryKeyConstraint("domain", name="pk_shops"),
        sa.UniqueConstraint("key", name="uq_shops_key"),
    )
    op.create_table(
        "locations",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("gone_at", TIME),
        sa.UniqueConstraint("shop", "location_id", "name", name="uq_locations_shop_location_id_name"),
    )
    # what is on record already was first seen in the mode of the last run, as far as that is known
    op.execute("UPDATE orders SET first_mode = (SELECT value FROM memory WHERE key = 'mode')")
    op.execute("UPDATE orders SET decided_mode = first_mode WHERE approved_at IS NOT NULL")
    _create_closed_purchases()
    _create_processes()
    _note_decisions()
    _name_authors()
    _identify_news()
    _create_privacy_wishes()


def _create_closed_purchases() -> None:
    op.create_table(
        "closed_purchases",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("closed_at", TIME, nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("words", sa.Text()),
        sa.Column("looked_at", TIME),
        sa.Column("look_at", TIME),
        sa.Column("alive_at", TIME),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_closed_purchases_order_id"),
        sa.PrimaryKeyConstraint("id", name="pk_closed_purchases"),
        sa.UniqueConstraint("order_id", "reference", name="uq_closed_purchases_order_id_reference"),
    )
    op.create_index("ix_closed_purchases_reference", "closed_purchases", ["reference"])
    # purchases that were closed before are watched from now on: each is due for a first look. One that a person
    # declared cancelled counts as seen so; one that Sculpteo named later does not
    op.execute(
        "INSERT INTO closed_purchases (order_id, reference, token, mode, closed_at, look_at, status)"
        " SELECT order_id, reference, token, mode, voided_at, voided_at,"
        " CASE WHEN mode = 'live' THEN 'cancelled' END"
        " FROM attempts WHERE voided_at IS NOT NULL AND reference IS NOT NULL"
    )
    op.execute(
        "INSERT INTO closed_purchases (order_id, reference, token, mode, closed_at, look_at, status)"
        " SELECT a.order_id, a.reference, a.token, a.mode, o.updated_at, o.updated_at, 'cancelled'"
        " FROM attempts a JOIN orders o ON o.id = a.order_id"
        " WHERE a.voided_at IS NULL AND a.reference IS NOT NULL AND o.state = 'ignored'"
    )
    op.execute(
        "UPDATE orders SET due_at = updated_at"
        " WHERE due_at IS NULL AND id IN (SELECT order_id FROM closed_purchases)"
    )


def _create_processes() -> None:
    op.create_table(
        "processes",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("version", "role", "mode", "listen", "shops")
        ),
        sa.Column("config_path", sa.Text(), nullable=False),
        sa.Column("config_digest", sa.Text(), nullable=False),
        *(sa.Column(name, TIME, nullable=False) for name in ("config_since", "started_at", "seen_at")),
        sa.Column("pauses", sa.Text(), nullable=False),
        sa.Column("clocks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_processes"),
    )


def _note_decisions() -> None:
    # what people decided before there was a place for it is written on the Shopify orders now
    op.execute(
        sa.text(
            "UPDATE orders SET decision_noted = :no, due_at = updated_at WHERE "
            "(state IN ('cancelled', 'ignored') AND reason = 'person') "
            "OR (held_at IS NOT NULL AND state IN ('received', 'waiting', 'attention'))"
        ).bindparams(sa.bindparam("no", False, sa.Boolean()))
    )


def _name_authors() -> None:
    """Who took decisions before they were kept as such: the timeline knows."""
    c = op.get_bind()
    decided = c.execute(
        sa.select(ORDERS.c.id, ORDERS.c.state).where(
            ORDERS.c.state.in_(("cancelled", "ignored")),
            ORDERS.c.reason == "person",
            ORDERS.c.decision.is_(None),
        )
    ).all()
    for order, state in decided:
        line = c.execute(
            sa.select(EVENTS.c.who, EVENTS.c.at)
            .where(EVENTS.c.order_id == order, EVENTS.c.target == state, EVENTS.c.reason == "person")
            .order_by(EVENTS.c.id.desc())
            .limit(1)
        ).one_or_none()
        if line is not None:
            decision = json.dumps({"choice": state, "who": line.who, "at": str(line.at)})
            c.execute(sa.update(ORDERS).where(ORDERS.c.id == order).values(decision=decision))


def _identify_news() -> None:
    """An id that no other database gives out; and which target each outlet stands for, to follow its address."""
    op.add_column("news", sa.Column("uid", sa.Text()))
    for column in (sa.Column("slot", sa.Text()), sa.Column("mark", sa.Text()), sa.Column("heir", sa.Text())):
        op.add_column("outlets", column)
    news = sa.table("news", sa.column("id"), sa.column("uid"))
    c = op.get_bind()
    ids = c.execute(sa.select(news.c.id)).scalars().all()
    if ids:
        uids = [{"number": number, "made": uuid.uuid4().hex} for number in ids]
        c.execute(
            sa.update(news).where(news.c.id == sa.bindparam("number")).values(uid=sa.bindparam("made")), uids
        )


def _create_privacy_wishes() -> None:
    op.execute(
        "UPDATE orders SET over_at = COALESCE((SELECT MAX(at) FROM events WHERE events.order_id = orders.id"
        " AND kind = 'move' AND target = orders.state), updated_at)"
        " WHERE state IN ('done', 'cancelled', 'ignored')"
    )
    op.create_table(
        "privacy_wishes",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.UniqueConstraint(
            "shop", "kind", "order_id", "request", name="uq_privacy_wishes_shop_kind_order_id_request"
        ),
    )
    # what was erased before left its bytes in the file
    op.execute(
        "INSERT INTO memory (key, value) SELECT 'unscoured', 'yes' WHERE EXISTS (SELECT 1 FROM orders)"
    )
