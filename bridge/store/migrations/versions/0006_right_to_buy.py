"""What the right to buy an order is judged by: when the order was made, in which mode it was first seen, where
its lines were first to be sent from, what the person who approved it saw, and by which rules it was judged. And
which shop is which: a shop is its domain, whatever it is called. Which
processes run, and how often an order was tried without anything outside having changed.


And what proves that an attempt bought nothing, whatever the note on the Shopify order says: that the very run
which opened it closed it (`attempts.lease_token`). What people decided goes onto the Shopify orders as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


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
    _closed_purchases()
    _processes()
    _decisions()


def _closed_purchases() -> None:
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


def _processes() -> None:
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


def _decisions() -> None:
    # what people decided before there was a place for it is written on the Shopify orders now
    op.execute(
        sa.text(
            "UPDATE orders SET decision_noted = :no, due_at = updated_at WHERE "
            "(state IN ('cancelled', 'ignored') AND reason = 'person') "
            "OR (held_at IS NOT NULL AND state IN ('received', 'waiting', 'attention'))"
        ).bindparams(sa.bindparam("no", False, sa.Boolean()))
    )
