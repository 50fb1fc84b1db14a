"""Which fulfillments without a tracking number the bridge made: nothing in the shop says whose they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("orders", sa.Column("bare", sa.Text()))
