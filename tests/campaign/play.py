"""One run: a sandbox that lives through it, bridges that do not, and at last a person who tells the truth."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import aiohttp  # noqa: F401 - the sandbox's clients need it loaded before the clock runs

from bridge.errors import Outdated
from bridge.order.states import State
from bridge.ports import OrderRecord
from bridge.sandbox.box import Sandbox
from bridge.sandbox.demo_config import DemoPlan, demo_config, stock, write_config
from bridge.sandbox.desk import info_of
from bridge.sandbox.faults import Kind
from bridge.sandbox.sculpteo.settings import SculpteoSettings
from bridge.sandbox.shopify.model import Order
from bridge.sandbox.shopify.settings import ShopSettings
from bridge.sandbox.stage import Stage
from bridge.shopify.subscriptions import TOPICS
from bridge.steps import decide
from bridge.store.store import Store
from tests.campaign.books import Entry, Verdict, judge, missing_deliveries, prints_of, records, told
from tests.campaign.databases import Clock, Database
from tests.campaign.nursery import Child, Nursery
from tests.campaign.points import Death
from tests.campaign.script import KINDS, Chapter, Life, Script

PACE = (("In Process", 0.05), ("Shipped", 0.12))  # seconds from status to status at the simulated Sculpteo
SETTLES_WITHIN = 25.0  # seconds
CALM = 0.3  # seconds in which nothing moves
LOOK = 0.05


class Balanced(Sandbox):
    """Its deliveries go through a load balancer that knows nothing of which replica lives."""

    def share(self, ports: Sequence[int], random: Random) -> None:
        self.ports_of_replicas, self.balance = tuple(ports), random

    def address(self, url: str) -> str:
        first = self.ports_of_replicas[0]
        return url.replace(f":{first}/", f":{self.balance.choice(self.ports_of_replicas)}/", 1)


@dataclass(slots=True)
class Outcome:
    script: Script
    verdict: Verdict
    orders: int
    prints: int
    kills: int
    deaths: list[str]
    unknown: int = 0
    left_unknown: int = 0
    attention: int = 0
    entries: list[str] = field(default_factory=list)


class Run:
    """What one run holds on to."""

    def __init__(
        self, script: Script, nursery: Nursery, database: Database, folder: Path, replicas: int
    ) -> None:
        self.script = script
        self.nursery = nursery
        self.database = database
        self.folder = folder
        self.ports = [free_port() for _ in range(replicas)]
        self.children: list[Child | None] = [None] * replicas
        self.bought: list[tuple[str, Order]] = []
        self.kills = 0
        self.failures: list[str] = []
        self.box: Balanced
        self.stage: Stage

    async def play(self) -> Outcome:
        seed = self.script.seed
        shop = ShopSettings(bucket_size=1e6, restore_rate=1e6)
        sculpteo = SculpteoSettings(automatic=True, pace=PACE)
        number = Random(seed).randrange(2**32)
        box = Balanced(shops=(shop,), sculpteo=sculpteo, seed=number, webhook_speed=900)
        box.share(self.ports, Random(seed))
        async with box:
            self.box, self.stage = box, Stage(box, number, beat=1.0)
            stock(box.shop, box.printer)
            self._configure()
            for topic in TOPICS:
                box.shop.subscribe(topic, f"http://127.0.0.1:{self.ports[0]}/webhooks/shopify/acme")
            for fault in self.script.faults:
                box.faults.put(replace(fault))
            if self.script.deaf:
                box.faults.add("sculpteo.notifications", Kind.DROP, times=None, probability=self.script.deaf)
            try:
                return await self._story()
            finally:
                for child in self.children:
                    if child is not None:
                        await child.kill()
                self.stage.close()

    def _configure(self) -> None:
        for index, port in enumerate(self.ports):
            plan = DemoPlan(f"127.0.0.1:{port}", self.database.url, window_seconds=0)
            config = demo_config(info_of(self.box), plan)
            config["server"]["public_url"] = f"http://127.0.0.1:{self.ports[0]}"
            config["sculpteo"]["poll"] = "1s"
            config["shops"]["acme"]["since"] = "2020-01-01"
            config["invoice"] = {"mode": "none"}
            config["limits"] = {}
            write_config(self._config_of(index), config)

    def _config_of(self, replica: int) -> Path:
        return self.folder / f"config-{replica}.yaml"

    def _log_of(self, replica: int) -> Path:
        return self.folder / f"bridge-{replica}.log"

    # --- what happens ------------------------------------------------------------------------------------

    async def _story(self) -> Outcome:
        customers = asyncio.create_task(self._customers())
        weather = asyncio.create_task(self._weather())
        for chapter in self.script.chapters:
            await self._chapter(chapter)
        await asyncio.gather(customers, weather)
        self.box.faults.rules = [
            rule for rule in self.box.faults.rules if rule.endpoint == "sculpteo.notifications"
        ]
        for index, child in enumerate(self.children):
            if child is None or not child.alive:
                await self._start(index, None)
        await self.stage.finish()
        return await self._end()

    async def _customers(self) -> None:
        begun = asyncio.get_running_loop().time()
        for purchase in self.script.purchases:
            await asyncio.sleep(begun + purchase.at - asyncio.get_running_loop().time())
            play = KINDS[purchase.kind][2]
            self.bought.append((purchase.kind, play(self.stage, purchase.moment)))

    async def _weather(self) -> None:
        if self.script.outage is None:
            return
        service, at, seconds = self.script.outage
        down = self.box.sculpteo_down if service == "sculpteo" else self.box.shopify_down
        up = self.box.sculpteo_up if service == "sculpteo" else self.box.shopify_up
        await asyncio.sleep(at)
        await down()
        await asyncio.sleep(seconds)
        await up()

    async def _chapter(self, chapter: Chapter) -> None:
        await asyncio.gather(*(self._live(index, life) for index, life in enumerate(chapter.lives)))
        if chapter.surgery is None:
            return
        for child in self.children:
            if child is not None and child.alive:
                self.kills += 1
                await child.kill()
        match chapter.surgery:
            case "backup":
                await asyncio.to_thread(self.database.backup)
            case "restore":
                await asyncio.to_thread(self.database.restore)
            case "lose":
                await asyncio.to_thread(self.database.lose)

    async def _start(self, replica: int, death: Death | None) -> Child:
        child = await self.nursery.start(self._config_of(replica), self._log_of(replica), death)
        self.children[replica] = child
        return child

    async def _live(self, replica: int, life: Life) -> None:
        child = self.children[replica]
        if child is None or not child.alive:
            child = await self._start(replica, life.death)
        freezing = asyncio.create_task(self._freeze(child, life))
        await asyncio.wait({child.ended}, timeout=life.seconds)
        await freezing
        if child.alive and life.ending == "term":
            child.signal(signal.SIGTERM)
            await asyncio.wait({child.ended}, timeout=1.0)
        if child.alive and life.ending != "go on":
            await child.kill()
        if child.alive:
            return
        status = child.ended.result()
        if status == -signal.SIGKILL:
            self.kills += 1
        elif status != 0:
            self.failures.append(f"replica {replica} ended by itself with status {status}")

    async def _freeze(self, child: Child, life: Life) -> None:
        if life.frozen_at is None:
            return
        await asyncio.sleep(life.frozen_at)
        child.signal(signal.SIGSTOP)
        await asyncio.sleep(life.frozen_for)
        child.signal(signal.SIGCONT)

    # --- how it ends -------------------------------------------------------------------------------------

    def look(self) -> list[Entry]:
        known = records(self.database)
        return [
            Entry(order, kind, KINDS[kind][0], known.get(order.gid), prints_of(self.box, order))
            for kind, order in self.bought
        ]

    async def _settle(self) -> list[Entry]:
        """Wait until nothing moves by itself any more, and all is accounted for."""
        loop = asyncio.get_running_loop()
        deadline, before, calm_since = loop.time() + SETTLES_WITHIN, "", loop.time()
        while True:
            entries = self.look()
            now = f"{entries} {[str(entry) for entry in entries]}"
            pending = self.database.rows("SELECT COUNT(*) FROM deliveries WHERE settled_at IS NULL")[0][0]
            calm = not pending and all(entry.accounted_for for entry in entries) and now == before
            if not calm:
                calm_since = loop.time()
            if loop.time() - calm_since >= CALM or loop.time() > deadline:
                return entries
            before = now
            await asyncio.sleep(LOOK)

    async def _end(self) -> Outcome:
        entries = await self._settle()
        verdict = judge(entries, final=False)
        left = sum(entry.record is not None and entry.record.state is State.UNKNOWN for entry in entries)
        attention = sum(
            entry.record is not None and entry.record.state is State.ATTENTION for entry in entries
        )
        unknown = told(self.database)["unknown"]
        for _ in range(3):
            if verdict.clean and await self._person(entries):
                entries = await self._settle()
                verdict = judge(entries, final=False)
            else:
                break
        if verdict.clean:
            verdict = judge(entries, final=True)
        if not self.script.surgery:
            verdict.others += missing_deliveries(self.box, self.database)
        verdict.others += self.failures
        return Outcome(
            self.script,
            verdict,
            orders=len(self.bought),
            prints=len(self.box.printer.books(fake=False)),
            kills=self.kills,
            deaths=self._deaths(),
            unknown=unknown,
            left_unknown=left,
            attention=attention,
            entries=[str(entry) for entry in entries],
        )

    async def _person(self, entries: list[Entry]) -> bool:
        """Answer what only a person can, by what is true; gives whether there was anything to answer."""
        answered = False
        async with Store.open(self.database.url, clock=Clock()) as store:
            for entry in entries:
                if entry.record is None or entry.end == "never":
                    continue
                record = await store.queries.get(entry.record.key)
                if record is not None:
                    with contextlib.suppress(decide.NotNow, Outdated):
                        answered |= await self._answer(store, record, entry)
        return answered

    async def _answer(self, store: Store, record: OrderRecord, entry: Entry) -> bool:
        now = Clock().now()
        if record.state is State.UNKNOWN and entry.prints:
            change = decide.placed_as(record, "campaign", now, entry.prints[0].reference)
        elif record.state is State.UNKNOWN:
            change = decide.not_placed(record, "campaign", now, drop=entry.end == "perhaps")
        elif record.state is State.ATTENTION and entry.end == "printed":
            change = decide.retry(record, "campaign", now)
        elif record.state is State.WAITING and entry.end == "printed":
            change = decide.approve(record, "campaign", now)
        else:
            return False
        await store.orders.intervene(record, change, "campaign")
        return True

    def _deaths(self) -> list[str]:
        registers = self.folder.glob("*.deaths")
        return [line for register in registers for line in register.read_text().split()]

    def keep_evidence(self, outcome: Outcome) -> None:
        """Write down beside the logs and the database what else there is to know."""
        text = [repr(self.script), "", str(outcome.verdict), "", *outcome.entries, ""]
        text += [f"{book.reference} {book.comments} {book.history}" for book in self.box.printer.books()]
        text += [
            f"{visit.at.isoformat()} {' '.join(visit.names)} {visit.status} {visit.fault or ''}"
            for visit in self.box.faults.visits
        ]
        text += [
            f"{order.name} {json.dumps([field.value for field in order.metafields])}"
            for _, order in self.bought
        ]
        (self.folder / "evidence.txt").write_text("\n".join(text) + "\n", encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
