"""Since when the bridge works for a shop, per mode: what was ordered before may have been made by hand.

The moment is kept in the database and, beyond preview, in the shop too (the app's own metafield), so that a lost
database knows old orders from new ones. Where the shop cannot tell, the start of this process counts: older orders
wait for a person, which costs a question and never money.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bridge.errors import BridgeError, TryAgain
from bridge.order import stored_keys
from bridge.order.model import Mode
from bridge.order.policy import GoLive
from bridge.ports import Clock, Memory

PATIENCE = timedelta(minutes=5)  # for which a shop that does not answer is asked again, while its orders wait

AskShop = Callable[[str, Mode, datetime], Awaitable[datetime | None]]
"""Shop, mode, the present moment -> the moment that the shop keeps, which is the present one at the first time;
None where the shop's word must not be relied on. Raises as the shop does."""

log = structlog.get_logger("bridge.runtime.go_live")


@dataclass(slots=True)
class KeptGoLiveDates:
    """`ports.GoLiveDates` for one mode. `history` tells the mode in force, since when, and the one before."""

    mode: Mode
    memory: Memory
    clock: Clock
    ask_shop: AskShop
    history: Callable[[], Awaitable[tuple[Mode | None, datetime | None, Mode | None]]]
    _began: datetime = field(init=False)
    _known: dict[str, datetime] = field(default_factory=dict)
    _asked_since: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Shopify's times have whole seconds: what is ordered in the second of the start came after it
        self._began = self.clock.now().replace(microsecond=0)

    async def load_go_live(self, shop: str) -> GoLive:
        if shop not in self._known:
            self._known[shop] = await self._load_date(shop)
        _, since, before = await self.history()  # another process may have changed it since, and back again
        return GoLive(self._known[shop], since, before)

    async def _load_date(self, shop: str) -> datetime:
        key = stored_keys.go_live_in(self.mode, shop)
        text = await self.memory.get(key)
        kept = stored_keys.parse_moment(text)
        if kept is None:
            first = await self._fetch_first_date(shop)
            if text is not None:  # it is damaged, and means nothing to any process
                await self.memory.set(key, first.isoformat())
                return first
            kept = stored_keys.parse_moment(await self.memory.set_if_absent(key, first.isoformat())) or first
        return kept

    async def _fetch_first_date(self, shop: str) -> datetime:
        """As the shop keeps it; else the earliest moment that this database knows. Raises TryAgain."""
        own = stored_keys.parse_moment(
            await self.memory.get(stored_keys.go_live(shop))
        )  # the first start in any mode
        began = min(self._began, own) if own else self._began
        if self.mode is Mode.PREVIEW:
            return began
        try:
            return await self.ask_shop(shop, self.mode, self._began) or began
        except TryAgain as error:
            first = self._asked_since.setdefault(shop, self.clock.now())
            if self.clock.now() - first < PATIENCE:
                raise
            why = error.why
        except BridgeError as error:
            why = str(error)
        log.warning("the shop does not tell since when the bridge works for it", shop=shop, why=why)
        return began
