"""One run: a sandbox that lives through it, bridges that do not, and at last a person who tells the truth."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random

from bridge.order.states import State
from bridge.sandbox.control_server import build_info
from bridge.sandbox.demo_config import DemoPlan, add_demo_products, build_demo_config, write_config
from bridge.sandbox.http.faults import Kind
from bridge.sandbox.sculpteo.settings import SculpteoSettings
from bridge.sandbox.shopify.settings import ShopSettings
from bridge.shopify.subscriptions import TOPICS
from tests.campaign import people
from tests.campaign.crash_points import Death
from tests.campaign.databases import Away, Database
from tests.campaign.ledger import (
    SECOND,
    Entry,
    Verdict,
    judge,
    missing_deliveries,
    not_handed_on,
    prints_of,
    records,
    ways_back,
)
from tests.campaign.load_balancer import Balanced, free_port
from tests.campaign.order_kinds import KINDS, Day, Sale
from tests.campaign.process_pool import Child, Nursery
from tests.campaign.scenario import AFTER_A_STOP, LIVE, Chapter, Jump, Life, Poison, Script
from tests.campaign.witness import Witness

QUICK = (("In Process", 0.05), ("Shipped", 0.12))  # seconds from status to status at the simulated Sculpteo
SLOW = (("In Process", 0.4), ("Shipped", 0.5))
SETTLES_WITHIN = 90.0  # seconds; it takes a few, but the machine may be busy
CALM = 1.0  # seconds in which nothing moves; less looks calm where a busy machine keeps everybody waiting
LOOK = 0.1
WAKE_EVERY = 5.0  # seconds in which a bridge stays frozen at the end, if it freezes only then
ENDS_WITHIN = 15.0  # seconds that a bridge may take to end when it is asked to
AWAY = re.compile(r"^Error: (OperationalError|AdminShutdown|IdleInTransactionSessionTimeout)")
NO_TABLE = re.compile(r"^Error: .*(UndefinedTable|ProgrammingError|database is locked|_away)")
OWN_ERRORS = re.compile(r"by an error of its own|outside its guard|could not be read|Traceback")
OPEN_TO_A_PERSON = frozenset({State.RECEIVED, State.WAITING, State.UNKNOWN, State.ATTENTION})
ANY_TROUBLE = re.compile(r"outside its guard|a part of the service has ended")
"""What must not be where the database itself is damaged, which rightly makes errors."""


@dataclass(slots=True)
class Outcome:
    """How a run ended, and what happened on the way. `deaths` are the moments at which bridges died."""

    script: Script
    verdict: Verdict
    counts: Counter[str]
    deaths: list[str]
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
        self.sales: list[Sale] = []
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.surgeon = asyncio.Lock()  # held while the database is replaced
        self.box: Balanced
        self.stage: Day
        self.witness: Witness

    async def play(self) -> Outcome:
        seed = self.script.seed
        shop = ShopSettings(bucket_size=1e6, restore_rate=1e6)
        sculpteo = SculpteoSettings(automatic=True, pace=SLOW if self.script.slow else QUICK)
        number = Random(seed).randrange(2**32)
        box = Balanced(shops=(shop,), sculpteo=sculpteo, seed=number, webhook_speed=900)
        box.share(self.ports, Random(seed))
        async with box:
            self.box, self.stage = (
                box,
                Day(box, number, beat=1.0, matched=lambda one: self._has_matched(one.gid)),
            )
            add_demo_products(box.shop, box.printer)
            self.witness = Witness(
                box, self.script.rules, self._has_matched, clocks_are_right=not self.script.jumps
            )
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
                self.stage.cancel_actions()

    def _configure(self, index: int, mode: str, key: str) -> None:
        rules, port = self.script.rules, self.ports[index]
        plan = DemoPlan(
            f"127.0.0.1:{port}", self.database.url, window_seconds=rules.delay, mode=mode, shop=key
        )
        config = build_demo_config(build_info(self.box), plan)
        config["server"]["public_url"] = f"http://127.0.0.1:{self.ports[0]}"
        config["sculpteo"]["poll"] = "1s"
        config["shops"][key]["payment"] = rules.payment
        if rules.since:
            config["shops"][key]["since"] = "2020-01-01"
        if rules.manual:
            config["approval"]["mode"] = "manual"
        config["invoice"] = {"mode": "none"}
        config["reminders"] = {"waiting": "1s"}
        config["limits"] = {"per_day": "90000 EUR"} if self.script.limits else {}
        if rules.per_order:
            config["limits"]["per_order"] = f"{rules.per_order} EUR"
        write_config(self._config_of(index), config)

    def _config_of(self, replica: int) -> Path:
        return self.folder / f"config-{replica}.yaml"

    def _log_of(self, replica: int) -> Path:
        return self.folder / f"bridge-{replica}.log"

    # --- what happens ------------------------------------------------------------------------------------

    async def _story(self) -> Outcome:
        others = [
            asyncio.create_task(self._customers()),
            asyncio.create_task(self._weather()),
            asyncio.create_task(self._console()),
            asyncio.create_task(self._damage()),
            asyncio.create_task(self._table_away()),
        ]
        mode = ""
        for chapter in self.script.chapters:
            await self._chapter(chapter, mode)
            mode = chapter.mode
        await asyncio.gather(*others)
        self.box.faults.rules = [
            rule for rule in self.box.faults.rules if rule.endpoint == "sculpteo.notifications"
        ]
        watching = asyncio.create_task(self._keep_alive())
        try:
            await self.stage.wait_for_actions()
            return await self._end(watching)
        finally:
            watching.cancel()

    async def _customers(self) -> None:
        begun = asyncio.get_running_loop().time()
        for purchase in self.script.purchases:
            await asyncio.sleep(begun + purchase.at - asyncio.get_running_loop().time())
            sale = KINDS[purchase.kind].sell(self.stage, purchase.moment)
            self.witness.sold(sale.order)
            self.sales.append(sale)

    async def _console(self) -> None:
        begun = asyncio.get_running_loop().time()
        for decision in sorted(self.script.decisions, key=lambda one: one.at):
            await asyncio.sleep(begun + decision.at - asyncio.get_running_loop().time())
            if not self.sales:
                continue
            if decision.wish == "pause":
                await self._pause_for_a_moment()
                continue
            async with self.surgeon:
                choice = self._undecided() or self.sales
                sale = choice[decision.which % len(choice)]
                prints = prints_of(self.box, sale.order)
                await people.decide_by(
                    self.database, sale, decision.wish, prints, self.witness, slow=decision.slow
                )

    def _undecided(self) -> list[Sale]:
        """The orders that a person can still decide on."""
        with contextlib.suppress(Away):
            found = records(self.database)
            return [
                sale
                for sale in self.sales
                if (record := found.get(sale.order.gid)) is not None and record.state in OPEN_TO_A_PERSON
            ]
        return []

    async def _pause_for_a_moment(self) -> None:
        for on in (True, False):
            async with self.surgeon:
                await people.patiently(partial(people.pause, self.database, self.witness, on=on))
            await asyncio.sleep(0.4)

    def _has_matched(self, order: str) -> bool:
        """Whether the bridge has on record what of an order is printed."""
        query = f"SELECT 1 FROM orders WHERE order_id = '{order}' AND state = 'waiting' AND items <> '[]'"  # noqa: S608 - ours
        with contextlib.suppress(Away):
            return bool(self.database.rows(query))
        return False

    async def _damage(self) -> None:
        begun = asyncio.get_running_loop().time()
        for number, poison in enumerate(sorted(self.script.poisons, key=lambda one: one.at)):
            await asyncio.sleep(begun + poison.at - asyncio.get_running_loop().time())
            with contextlib.suppress(Away):
                async with self.surgeon:
                    await self._poison(poison, number)

    async def _poison(self, poison: Poison, number: int) -> None:
        """A row that no version of the bridge wrote."""
        sale = self.sales[poison.which % len(self.sales)] if self.sales else None
        if poison.of == "delivery":
            bytes_of = "X'00ff'" if self.database.url.startswith("sqlite") else "'\\x00ff'"
            await self.database.damage(
                "INSERT INTO deliveries (shop, webhook_id, topic, received_at, packed, body) VALUES "  # noqa: S608
                f"('acme', 'poison-{number}', 'orders/updated', '2026-11-01 08:00:00.000000', true, {bytes_of})"
            )
        elif sale is not None:
            mine = f"(SELECT id FROM orders WHERE order_id = '{sale.order.gid}')"  # noqa: S608 - our own
            statement = f"UPDATE orders SET items = '{{\"a\": 1}}' WHERE id IN {mine}"  # noqa: S608
            if poison.of == "news":
                statement = f"UPDATE news SET facts = '[1' WHERE order_id IN {mine}"  # noqa: S608
            else:
                sale.damaged = True
            await self.database.damage(statement)
        self.counts["rows damaged"] += 1

    async def _table_away(self) -> None:
        away = self.script.away
        if away is None:
            return
        await asyncio.sleep(away.at)
        with contextlib.suppress(Away):
            async with self.surgeon:
                self.counts["tables away"] += 1
                await self.database.take_away(away.table, away.seconds)

    async def _weather(self) -> None:
        if self.script.outage is None:
            return
        service, at, seconds = self.script.outage
        down = self.box.stop_sculpteo if service == "sculpteo" else self.box.stop_shopify
        up = self.box.start_sculpteo if service == "sculpteo" else self.box.start_shopify
        await asyncio.sleep(at)
        await down()
        await asyncio.sleep(seconds)
        await up()

    async def _chapter(self, chapter: Chapter, before: str) -> None:
        await self._begin(chapter, before)
        acts = [self._live(index, life) for index, life in enumerate(chapter.lives)]
        if chapter.crash is not None:
            acts.append(self._crash(chapter.crash))
        await asyncio.gather(*acts)
        if chapter.rolling:
            for index in range(len(self.children)):
                await self._replace(index)
        if chapter.surgery is not None:
            async with self.surgeon:
                await self._operate(chapter.surgery)

    async def _begin(self, chapter: Chapter, before: str) -> None:
        """What the configuration says from now on. In live mode nothing works any more when it says another one;
        whoever works in another one may go on until they have read it."""
        mode, witness = chapter.mode, self.witness
        if before != mode:
            async with self.surgeon:
                if before == LIVE:
                    await self._kill_all()
                if before:
                    self._note_seen(before)
                witness.works_in(mode)
                self.counts["modes changed"] += bool(before)
        for index in range(len(self.ports)):
            self._configure(index, mode, chapter.key)

    def _note_seen(self, mode: str) -> None:
        """What is on record while the bridge works in this mode; nothing, where all is lost."""
        with contextlib.suppress(Away):
            known = [row[0] for row in self.database.rows("SELECT order_id FROM orders")]
            if mode == LIVE:
                self.witness.seen_live(known)
            else:
                self.witness.rehearsed((sale.order for sale in self.sales), known)

    async def _kill_all(self) -> None:
        for index, child in enumerate(self.children):
            if child is not None:
                await child.kill()
                self._look_at_status(index, child, asked=False)

    async def _operate(self, surgery: str) -> None:
        await self._kill_all()
        self._note_seen(LIVE if self.witness.live else "another")
        match surgery:
            case "backup":
                await self.database.backup()
                self.witness.backed_up()
            case "restore":
                self.counts["restored"] += 1
                await self.database.restore()
                self.witness.restored()
            case _:
                self.counts["deleted"] += 1
                await self.database.lose()
                self.witness.lost()

    async def _crash(self, after: float) -> None:
        await asyncio.sleep(after)
        self.counts["servers crashed"] += 1
        await self.database.crash()

    async def _replace(self, replica: int) -> None:
        """Ask one to end, and start the next when it has."""
        self.counts["rolled"] += 1
        child = self.children[replica]
        if child is not None and child.alive:
            child.signal(signal.SIGCONT)  # it may have frozen at a moment that came late
            child.signal(signal.SIGTERM)
            await asyncio.wait({child.ended}, timeout=ENDS_WITHIN)
            if child.alive:
                self.failures.append(f"replica {replica} did not end within {ENDS_WITHIN:g} s")
                await child.kill()
        if child is not None:
            self._look_at_status(replica, child, asked=True)
        await self._start(replica)
        await asyncio.sleep(0.2)

    async def _start(self, replica: int, death: Death | None = None, jump: Jump | None = None) -> Child:
        child = await self.nursery.start(self._config_of(replica), self._log_of(replica), death, jump)
        self.children[replica] = child
        return child

    async def _live(self, replica: int, life: Life) -> None:
        child = self.children[replica]
        if child is None or not child.alive:
            child = await self._start(replica, life.death, life.jump)
            self.counts["clock jumps"] += life.jump is not None
        freezing = asyncio.create_task(self._freeze(child, life))
        await asyncio.wait({child.ended}, timeout=life.seconds)
        await freezing
        asked = child.alive and life.ending == "term"
        if asked:
            child.signal(signal.SIGTERM)
            await asyncio.wait({child.ended}, timeout=1.0)
        if child.alive and life.ending != "go on":
            await child.kill()
        if not child.alive:
            self._look_at_status(replica, child, asked=asked)

    def _look_at_status(self, replica: int, child: Child, *, asked: bool) -> None:
        """A bridge ends when it is killed, or asked to; and when it starts while its database is away."""
        self.children[replica] = None
        status = child.ended.result()
        if status == -signal.SIGKILL:
            self.counts["kills"] += 1
        elif not (status == 0 or (asked and status == -signal.SIGTERM)):
            *_, last = self._log_of(replica).read_text(encoding="utf-8").strip().splitlines() or [""]
            away = AWAY.search(last) or (self.script.away and NO_TABLE.search(last))
            if status != 1 or not away:
                self.failures.append(f"replica {replica} ended by itself with status {status}: {last}")

    async def _freeze(self, child: Child, life: Life) -> None:
        if life.frozen_at is None:
            return
        await asyncio.sleep(life.frozen_at)
        self.counts["frozen"] += child.alive
        child.signal(signal.SIGSTOP)
        await asyncio.sleep(life.frozen_for)
        child.signal(signal.SIGCONT)

    async def _keep_alive(self) -> None:
        """At the end every replica runs; it may still die, once, at the moment that this run aims at."""
        while True:
            for index, child in enumerate(self.children):
                if child is not None and not child.alive:
                    self._look_at_status(index, child, asked=False)
                if self.children[index] is None:
                    aimed = self.script.target.point in self._deaths()
                    await self._start(index, None if aimed else self.script.target)
            living = [child for child in self.children if child is not None]
            for child in living:
                child.signal(signal.SIGCONT)
            ended = {child.ended for child in living}
            await asyncio.wait(ended, timeout=WAKE_EVERY, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(LOOK)

    # --- how it ends -------------------------------------------------------------------------------------

    def look(self) -> list[Entry]:
        known = records(self.database)
        return [
            Entry(sale, known.get(sale.order.gid), prints_of(self.box, sale.order)) for sale in self.sales
        ]

    async def _settle(self) -> list[Entry]:
        """Wait until nothing moves by itself any more, and all is accounted for."""
        loop = asyncio.get_running_loop()
        deadline, before, calm_since = loop.time() + SETTLES_WITHIN, "", loop.time()
        while True:
            entries: list[Entry] = []
            calm = False
            with contextlib.suppress(Away):
                entries = self.look()
                now = "".join(str(entry) for entry in entries)
                pending = self.database.rows("SELECT COUNT(*) FROM deliveries WHERE settled_at IS NULL")
                at_rest = all(entry.accounted_for for entry in entries) and not self._silent(entries)
                calm = not pending[0][0] and at_rest and now == before
                before = now
            if not calm:
                calm_since = loop.time()
            if loop.time() - calm_since >= CALM or (loop.time() > deadline and entries):
                return entries
            await asyncio.sleep(LOOK)

    def _silent(self, entries: list[Entry]) -> bool:
        """Whether somebody is still to be told of something."""
        untold = any(entry.record is not None and entry.record.silent for entry in entries)
        return bool(untold or not_handed_on(self.database))

    def _judged(self, entries: list[Entry], *, final: bool = False) -> Verdict:
        verdict = judge(entries, final=final, remembered=not self.script.surgery)
        verdict.add("unasked", *self.witness.unasked)
        return verdict

    async def _end(self, watching: asyncio.Task[None]) -> Outcome:
        entries = await self._settle()
        verdict = self._judged(entries)
        await people.patiently(partial(self._count_open, entries))
        if verdict.clean and self.script.slip:
            await (self._after_a_stop if self.script.slip in AFTER_A_STOP else self._slip)(entries)
            entries = await self._settle()
            verdict = self._judged(entries)
        for _ in range(6):
            before = [str(entry) for entry in entries]
            answered = verdict.clean and await people.patiently(
                partial(people.clean_up, self.database, entries, self.witness)
            )
            entries = await self._settle()
            verdict = self._judged(entries)
            if not answered and before == [str(entry) for entry in entries]:
                break
        if verdict.clean:
            verdict = self._judged(entries, final=True)
        await people.patiently(partial(self._last_looks, verdict, watching))
        self.counts.update(orders=len(self.sales), prints=len(self.box.printer.books(fake=False)))
        return Outcome(self.script, verdict, self.counts, self._deaths(), [str(one) for one in entries])

    async def _count_open(self, entries: list[Entry]) -> None:
        states = Counter(entry.record.state for entry in entries if entry.record is not None)
        left = states[State.UNKNOWN]
        self.counts.update(ways_back(self.database))
        self.counts.update({"unknown left": left, "attention": states[State.ATTENTION]})

    async def _last_looks(self, verdict: Verdict, watching: asyncio.Task[None]) -> None:
        if not self.script.surgery:
            verdict.add("deliveries missing", *missing_deliveries(self.box, self.database))
        verdict.add("silent", *not_handed_on(self.database))
        verdict.add("other faults", *self.failures)
        wrong = ANY_TROUBLE if self.script.troubled else OWN_ERRORS
        for log in self.folder.glob("*.log"):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            verdict.add("other faults", *(line for line in lines if wrong.search(line)))
        if watching.done() and not watching.cancelled() and watching.exception():
            raise RuntimeError("the replicas were not kept alive") from watching.exception()

    async def _slip(self, entries: list[Entry]) -> None:
        """A person errs about one order, and Sculpteo's notification comes after that."""
        found = [
            entry
            for entry in entries
            if entry.record and entry.record.state is State.UNKNOWN and len(entry.prints) == 1
            if entry.sale.end == "printed"
        ]
        if not found:
            return
        sale, first = found[0].sale, found[0].prints[0]
        in_time = self.script.slip == "in time"
        if in_time:
            await people.patiently(partial(people.pause, self.database, self.witness, on=True))
        if await people.patiently(partial(people.say_wrongly_not_placed, self.database, sale)):
            self.counts["slips"] += 1
            sale.alarm_due, sale.allowed = True, 1 if in_time else 2
            await self._settle()
            await self._tell(first.reference, first.notification_url or "", first.status)
            await self._alarmed(sale)
        if in_time:
            await people.patiently(partial(people.pause, self.database, self.witness, on=False))

    async def _after_a_stop(self, entries: list[Entry]) -> None:
        """Sculpteo makes after all what it had cancelled, and what a person had printed again, or ignored."""
        found = [one for one in entries if one.sale.kind.name == "stopped_there" and len(one.prints) == 1]
        if not found:
            return
        sale, first = found[0].sale, found[0].prints[0]
        again = self.script.slip == "printed again"
        work = partial(people.after_a_stop, self.database, sale, self.script.slip or "", self.witness)
        if await people.patiently(work):
            self.counts["slips"] += 1
            sale.alarm_due, sale.allowed = True, 1 + again
            await self._settle()
            self.box.printer.advance(first.reference, "In Process")
            await self._alarmed(sale)
            if again and len(prints_of(self.box, sale.order)) == 1:
                # the second request never reached Sculpteo: what a person then names as the purchase is sent
                self.box.printer.add_parcel(first.reference)

    async def _tell(self, reference: str, url: str, status: str) -> None:
        """A notification that comes at last."""
        for _ in range(40):
            self.box.notifier.send(reference, url, status)
            told = self.box.notifier.sent[-1]
            await self.box.notifier.settle()
            if told.results[-1:] == [200] or told.results[-1:] == [204]:
                return
            await asyncio.sleep(0.1)

    async def _alarmed(self, sale: Sale) -> None:
        """Wait for the alarm; that it never comes is for the judge to say."""
        deadline = asyncio.get_running_loop().time() + SETTLES_WITHIN
        while asyncio.get_running_loop().time() < deadline:
            with contextlib.suppress(Away):
                record = records(self.database).get(sale.order.gid)
                if record is not None and record.alarms & SECOND:
                    return
            await asyncio.sleep(LOOK)

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
            f"{sale.order.name} {json.dumps([field.value for field in sale.order.metafields])}"
            for sale in self.sales
        ]
        (self.folder / "evidence.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
