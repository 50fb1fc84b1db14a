"""An id of each piece of news that no other database gives out, and which target of the configuration each outlet
stands for, so that what waits follows a corrected address."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
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
