"""`python -m tests.campaign --runs N --seed S [--database sqlite|postgresql] [--replicas R]`"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import math
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaign.crash_points import POINTS
from tests.campaign.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.campaign.ledger import FAULTS, Verdict
from tests.campaign.play import Outcome, Run
from tests.campaign.process_pool import Nursery
from tests.campaign.scenario import write
from tests.support.postgres import running

MEMORY = Path("/dev/shm")  # noqa: S108 - a kill does not lose what was written, so nothing need reach a disk


@dataclass(slots=True)
class Totals:
    """What the runs of a campaign add up to."""

    runs: int = 0
    seconds: float = 0.0  # of all runs, each by itself
    counts: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome, seconds: float) -> None:
        self.runs += 1
        self.seconds += seconds
        self.deaths.update(outcome.deaths)
        self.counts.update(outcome.counts)
        self.counts.update({fault: outcome.verdict.count(fault) for fault in FAULTS})
        if not outcome.verdict.clean:
            self.wrong.append(f"seed {outcome.script.seed}\n{outcome.verdict}")

    @property
    def clean(self) -> bool:
        return not self.wrong

    @property
    def explanation(self) -> str:
        return "\n\n".join(self.wrong)

    def __str__(self) -> str:
        count = self.counts
        healed = max(count["unknown"] - count["unknown left"], 0)
        happened = {
            "runs": self.runs,
            "seconds per run": round(self.seconds / max(self.runs, 1), 1),
            "orders": count["orders"],
            "prints ordered": count["prints"],
            **{fault: count[fault] for fault in FAULTS},
            **{name: count[name] for name in HAPPENED},
            "unknown": f"{count['unknown']} (healed {healed}, left to a person {count['unknown left']})",
        }
        return ", ".join(f"{name} {number}" for name, number in happened.items())

    def coverage(self) -> str:
        missed = [point for point in POINTS if not self.deaths[point]]
        text = f"died at {len(POINTS) - len(missed)} of {len(POINTS)} named moments"
        return text + (f"; never at {', '.join(missed)}" if missed else "")


HAPPENED = (
    "kills", "restored", "deleted", "frozen", "rolled", "servers crashed", "clock jumps", "modes changed",
    "rows damaged", "tables away", "slips", "attention",
)  # fmt: skip


SLOW = 40.0  # seconds of one run that are worth a line


async def _played(run: Run) -> Outcome:
    """An error of the campaign's own is a fault of that run, and the others go on."""
    try:
        return await run.play()
    except Exception:
        verdict = Verdict()
        verdict.add("other faults", traceback.format_exc())
        return Outcome(run.script, verdict, run.counts, [])


@dataclass(slots=True)
class Campaign:
    """Plays runs, several at a time, each in a folder of its own that stays only when something is wrong."""

    databases: Databases
    replicas: int
    folder: Path
    evidence: Path
    totals: Totals = field(default_factory=Totals)

    async def run(self, seed: str, nursery: Nursery) -> Outcome:
        folder = self.folder / f"run-{seed}"
        folder.mkdir()
        database = await self.databases.new(folder)
        script = write(seed, self.replicas, server=isinstance(self.databases, PostgresDatabases))
        run = Run(script, nursery, database, folder, self.replicas)
        begun = time.monotonic()
        outcome = await _played(run)
        took = time.monotonic() - begun
        self.totals.add(outcome, took)
        if took > SLOW:
            print(f"seed {seed} took {took:.0f} s", flush=True)  # noqa: T201
        if not outcome.verdict.clean:
            run.keep_evidence(outcome)
            kept = self.evidence / f"run-{seed}"
            shutil.copytree(folder, kept, dirs_exist_ok=True)
            print(f"seed {seed} FAILED, evidence in {kept}\n{outcome.verdict}", flush=True)  # noqa: T201
        else:
            await database.drop()
        shutil.rmtree(folder)
        return outcome


async def campaign(
    seeds: list[str],
    playing: Campaign,
    jobs: int,
    *,
    stop_at_first: bool = False,
    minutes: float = math.inf,
) -> Totals:
    """Play all seeds, `jobs` at a time; with `minutes`, begin with no more after that time."""
    begun, left = time.monotonic(), iter(seeds)

    async def play(nursery: Nursery) -> None:
        for seed in left:
            failed = stop_at_first and not playing.totals.clean
            if failed or time.monotonic() - begun > 60 * minutes:
                return
            await playing.run(seed, nursery)
            if playing.totals.runs % 25 == 0:
                passed = (time.monotonic() - begun) / 60
                print(f"[{passed:.1f} min] {playing.totals}", flush=True)  # noqa: T201

    folder = playing.folder / "rehearsal"
    folder.mkdir()
    rehearsal = await playing.databases.new(folder)
    async with Nursery(rehearsal.url) as nursery:
        await asyncio.gather(*(play(nursery) for _ in range(jobs)))
    await rehearsal.drop()
    return playing.totals


@contextlib.contextmanager
def prepared(database: str, replicas: int, evidence: Path) -> Iterator[Campaign]:
    """A campaign on a new database server or folder, which is gone at the end."""
    base = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="campaign-", dir=base) as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        databases: Databases = SqliteDatabases(folder)
        if database == "postgresql":
            databases = PostgresDatabases(stack.enter_context(running()))
        yield Campaign(databases, replicas, folder, evidence)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="begin with this run, to go on with a campaign")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--replicas", type=int, help="default: 1 for sqlite, 3 for postgresql")
    parser.add_argument("--jobs", type=int, default=3, help="runs that are played at the same time")
    parser.add_argument("--only", help="one run, by the name that a failure printed")
    parser.add_argument("--stop", action="store_true", help="end with the first failure")
    parser.add_argument("--evidence", type=Path, default=Path(tempfile.gettempdir()) / "campaign-evidence")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="begin with no more runs after this time"
    )
    chosen = parser.parse_args()
    replicas = chosen.replicas or (1 if chosen.database == "sqlite" else 3)
    seeds = (
        [chosen.only]
        if chosen.only
        else [f"{chosen.seed}-{number}" for number in range(chosen.first, chosen.first + chosen.runs)]
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and bridges end with it
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # clients that die are the point
    with prepared(chosen.database, replicas, chosen.evidence) as playing:
        totals = asyncio.run(
            campaign(seeds, playing, chosen.jobs, stop_at_first=chosen.stop, minutes=chosen.minutes)
        )
    print(f"{chosen.database}, {replicas} replica(s): {totals}")  # noqa: T201
    print(totals.coverage())  # noqa: T201
    return 0 if totals.clean else 1


if __name__ == "__main__":
    sys.exit(main())
