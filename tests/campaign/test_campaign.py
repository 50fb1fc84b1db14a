"""A small campaign, on both databases, with everything that the large one has."""

from __future__ import annotations

from pathlib import Path

from tests.campaign.__main__ import Campaign, campaign
from tests.campaign.crash_points import POINTS
from tests.campaign.databases import Databases, PostgresDatabases
from tests.campaign.scenario import write

SEEDS = {"sqlite": ["ci-0", "ci-22", "ci-41", "ci-57"], "postgresql": ["ci-13", "ci-46"]}


async def test_nothing_is_printed_twice_lost_or_stuck(databases: Databases, tmp_path: Path) -> None:
    server = isinstance(databases, PostgresDatabases)
    playing = Campaign(databases, 3 if server else 1, tmp_path, tmp_path / "evidence")
    totals = await campaign(SEEDS["postgresql" if server else "sqlite"], playing, jobs=2)
    assert totals.clean, totals.explanation
    assert totals.counts["prints"] > 0
    assert totals.deaths, "nobody died: the campaign tried nothing"


def test_a_seed_stands_for_one_script_and_aims_at_each_moment_of_death() -> None:
    scripts = [write(f"1-{number}", 3, server=True) for number in range(len(POINTS))]
    assert scripts == [write(f"1-{number}", 3, server=True) for number in range(len(POINTS))]
    assert {script.target.point for script in scripts} == set(POINTS)
