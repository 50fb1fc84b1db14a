"""What each guard of the promise is worth: take it away, and see whether a test notices.

`python -m tests.mutations` removes one guard at a time from a copy of the program, runs the tests that are
about it, and prints which guards were missed. Exit code 1 if the tests go on well without one. With names as
arguments, only those guards. It takes some minutes, so the suite itself only holds that each edit still fits.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LONGEST = 900  # seconds for the tests of one guard
FAILED = 1  # pytest's exit code when a test failed

SPENDING = ("tests/promise/test_spending.py",)
EVIDENCE = ("tests/promise/test_evidence.py", "tests/steps/test_late_evidence.py")
RESTORE = ("tests/promise/test_restore.py", "tests/steps/test_found_elsewhere.py")
DECISIONS = ("tests/promise/test_decision_note.py",)
AFTERWARDS = ("tests/promise/test_afterwards.py", "tests/steps/test_fulfillment_plan.py")
PURCHASES = ("tests/store/test_purchases.py",)
ASKED = ("tests/promise/test_promise.py",)
WIRE = ("tests/sculpteo/test_place.py", "tests/sculpteo/test_order_response.py")


@dataclass(frozen=True, slots=True)
class Guard:
    """`before` is found once in `file` and becomes `after`; `tests` are pytest's arguments, quickest first."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


SCHEMA = "bridge/store/migrations/versions/0005_first.py"

GUARDS: tuple[Guard, ...] = (
    # the address
    Guard(
        "a doubtful address asks a person before anything is bought",
        "bridge/steps/match.py",
        (
            "        or find_address_question(\n"
            "            order, policy, lambda code: is_approved_for(record, code, order, items, policy)\n"
            "        )\n"
        ),
        "",
        ("tests/steps/test_address.py",),
    ),
    Guard(
        "an approval lets only the question go that it was given for",
        "bridge/steps/address_check.py",
        ("if not allows(trouble.problem)), None\n    )"),
        "if not allows(Problem.ADDRESS_WRONG)), None)",
        ("tests/steps/test_address.py",),
    ),
    # before the first byte
    Guard(
        "sent_at is durable before the first byte",
        "bridge/steps/place.py",
        "        await job.world.orders.mark_sent(job.record, job.world.printer.build_summary(self.request))\n",
        "        job.world.printer.build_summary(self.request)\n",
        ("tests/promise/test_evidence.py",),
    ),
    Guard(
        "what was judged in one mode is not sent in another",
        "bridge/store/purchases.py",
        ("    row = lock_order(c, order)\n    _refuse_other_mode(c, order.attempt)\n"),
        "    row = lock_order(c, order)\n",
        ("tests/store/test_purchases.py",),
    ),
    Guard(
        "another mapping is told to what waits",
        "bridge/store/store.py",
        "    return sa.or_(orders.c.state == State.WAITING, asks, printable)\n",
        "    return sa.or_(asks, printable)\n",
        ("tests/steps/test_remapped.py",),
    ),
    Guard(
        "nothing is approved on prints of an earlier mapping",
        "bridge/web/console/decisions.py",
        "    if action.at_stake(record) and await pending_change(visit, record):\n",
        "    if False:\n",
        ("tests/web/console/test_remapped.py",),
    ),
    Guard(
        "an answer about a note counts for that note alone",
        "bridge/steps/right_to_buy.py",
        "    return was_given_for(record, format_note_code(problem, compute_note_digest(ledger)))\n",
        '    return any(code.startswith(f"{problem}:") for code in (record.approved_for or "").split())\n',
        ("tests/steps/test_right_to_buy.py", "tests/steps/test_found_elsewhere.py"),
    ),
    Guard(
        "a mode that was shown is the one in which it is decided",
        "bridge/order/records.py",
        "            self.in_force,\n",
        "",
        ("tests/store/test_interventions.py",),
    ),
    Guard(
        "the note in the shop says that it may have left, before the first byte",
        "bridge/steps/place.py",
        "        fresh = await write_intent_note(job, self.order, self.attempt)\n",
        "        fresh = await job.read() or self.order\n",
        ("tests/promise/test_restore.py",),
    ),
    Guard(
        "an attempt that is void on record is no proof against the note",
        "bridge/steps/ledger.py",
        "            return closed.reference == entry.reference if entry.reference else closed.proven\n",
        "            return True\n",
        RESTORE,
    ),
    Guard(
        "only the run that opened an attempt proves that it was not sent",
        "bridge/store/transitions.py",
        "attempts.c.lease_token == token, ",
        "",
        (
            "tests/store/test_purchases.py::test_only_the_run_that_opened_an_attempt_proves_that_it_was_not_sent",
        ),
    ),
    Guard(
        "a note that cannot be read is not written over",
        "bridge/steps/track.py",
        "    if order.ledger.raw is not None:\n",
        "    if False:\n",
        EVIDENCE,
    ),
    Guard(
        "a person's no is written on the Shopify order",
        "bridge/steps/decision_note.py",
        "    if record.decision_noted is not False or decision is None:\n",
        "    if True:\n",
        DECISIONS,
    ),
    Guard(
        "a person's no that is found on the Shopify order is obeyed",
        "bridge/steps/outcome_recovery.py",
        "    forbidden = apply_decision_note(job, order, items)\n",
        "    forbidden = None\n",
        DECISIONS,
    ),
    Guard(
        "sent_at is set once (compare-and-set)",
        "bridge/store/purchases.py",
        "            attempts.c.sent_at.is_(None),\n            attempts.c.verdict.is_(None),\n",
        "            attempts.c.verdict.is_(None),\n",
        (
            "tests/store/test_concurrency.py::test_the_gate_opens_once_for_any_number_of_workers",
            "tests/store/test_purchases.py::test_the_gate_opens_once",
        ),
    ),
    Guard(
        "an attempt that is void, or has an answer, is not sent",
        "bridge/store/purchases.py",
        "            attempts.c.verdict.is_(None),\n            attempts.c.voided_at.is_(None),\n",
        "",
        (
            "tests/store/test_purchases.py::test_an_attempt_that_has_an_answer_cannot_be_sent",
            "tests/store/test_purchases.py::test_a_void_attempt_cannot_be_sent_by_whoever_still_knows_it",
        ),
    ),
    Guard(
        "news stops what was judged without it",
        "bridge/store/purchases.py",
        "    if row.news != order.news:\n",
        "    if False:\n",
        (
            "tests/store/test_purchases.py::test_nothing_is_sent_once_there_is_word_of_the_order_that_its_worker_has_not_seen",
            "tests/promise/test_spending.py",
        ),
    ),
    Guard(
        "a pause stops what is placing and unsent",
        "bridge/store/purchases.py",
        "    if _is_order_paused(c, order.key):\n",
        "    if False:\n",
        (
            "tests/store/test_purchases.py::test_a_pause_stops_an_order_that_is_placing_and_not_yet_sent",
            "tests/promise/test_spending.py",
        ),
    ),
    Guard(
        "the order is read again before spending",
        "bridge/steps/place.py",
        (
            "    order = await job.fetch_order()\n"
            "    if order is None:\n"
            "        return handle_missing_order(job)\n"
        ),
        (
            "    order = job.record.snapshot or await job.fetch_order()\n"
            "    if order is None:\n"
            "        return handle_missing_order(job)\n"
        ),
        SPENDING,
    ),
    Guard(
        "the order is looked at once more while the connection stands",
        "bridge/steps/place.py",
        "        if to_comparable(fresh) != to_comparable(self.order):\n",
        "        if False:\n",
        SPENDING,
    ),
    Guard(
        "a request that may have left is not sent again",
        "bridge/steps/place.py",
        "    if job.record.state is State.PLACING and attempt is not None and attempt.sent_at is not None:\n",
        "    if False:\n",
        SPENDING,
    ),
    Guard(
        "an attempt that was opened by another run starts anew",
        "bridge/steps/place.py",
        (
            "    if attempt is not None:  # the note does not tell of it, so it did not leave\n"
            '        return restart_purchase(job, "the bridge stopped in the middle of ordering")\n'
        ),
        "",
        SPENDING,
    ),
    Guard(
        "what could not be sent is void",
        "bridge/steps/place.py",
        '        void_attempt=f"nothing was sent: {error.why}",\n',
        "",
        (*SPENDING, *RESTORE),
    ),
    Guard(
        "a part of an order is not bought while the rest of it is not routed",
        "bridge/steps/line_selection.py",
        "    if missing and not (",
        "    if False and not (",
        ("tests/steps/test_match.py",),
    ),
    Guard(
        "what another fulfillment order took over is not printed twice",
        "bridge/steps/allocation.py",
        "    return (*live, *(one for one in given_up if one.line_item not in taken_over))",
        "    return (*live, *given_up)",
        ("tests/steps/test_match.py",),
    ),
    Guard(
        "a number joins no fulfillment of somebody else",
        "bridge/steps/allocation.py",
        "        own=tuple(one for one in collect_live_fulfillments(order) if printed.is_own_shipment(one)),\n",
        "        own=collect_live_fulfillments(order),\n",
        ("tests/steps/test_fulfillment_plan.py",),
    ),
    Guard(
        "units of another place are not fulfilled unless they were moved there",
        "bridge/steps/allocation.py",
        "        found += _take_units(_collect_remaining_units(unit for unit in moved if fits(unit)), wanted, allowed)\n",
        "        found += _take_units(_collect_remaining_units(unit for unit in moved if fits(unit)), wanted)\n",
        ("tests/steps/test_allocation.py", "tests/steps/test_fulfillment_plan.py"),
    ),
    Guard(
        "an approval stays with the address that it was given for",
        "bridge/steps/right_to_buy.py",
        "        and record.approved_seen == compute_purchase_digest(items, order)\n",
        "",
        ("tests/steps/test_match.py",),
    ),
    Guard(
        "a decision counts in the mode that it was given in",
        "bridge/steps/right_to_buy.py",
        "        and record.decided_mode in {None, policy.mode}\n",
        "",
        ("tests/steps/test_right_to_buy.py",),
    ),
    Guard(
        "an order from before go-live asks a person",
        "bridge/steps/right_to_buy.py",
        ("        _check_go_live(record, order, policy, go_live)\n        or "),
        "        ",
        ("tests/steps/test_right_to_buy.py",),
    ),
    Guard(
        "a decision toward a purchase counts for what was shown",
        "bridge/store/interventions.py",
        "    if is_go_ahead(change):\n",
        "    if False:\n",
        ("tests/store/test_interventions.py",),
    ),
    Guard(
        "what a lost database spent counts against the day's limit",
        "bridge/steps/outcome_recovery.py",
        "        cost=entry.cost,\n",
        "",
        RESTORE,
    ),
    # the database
    Guard(
        "replicas go by one clock",
        "bridge/store/store.py",
        "            await store.sync_clock()\n",
        "",
        ("tests/store/test_clock.py",),
    ),
    Guard(
        "a move names the state that it saw",
        "bridge/store/transitions.py",
        "            orders.c.state == order.state,\n            orders.c.lease_owner",
        "            orders.c.lease_owner",
        (
            "tests/store/test_orders.py",
            "tests/store/test_concurrency.py",
        ),
    ),
    Guard(
        "a move names its lease (fencing token)",
        "bridge/store/transitions.py",
        "            orders.c.lease_token == lease.token,\n",
        "",
        (
            "tests/store/test_orders.py",
            "tests/store/test_concurrency.py",
        ),
    ),
    Guard(
        "a lease that was given back is none",
        "bridge/store/transitions.py",
        "            orders.c.lease_owner == lease.owner,\n",
        "",
        (
            "tests/store/test_orders.py",
            "tests/store/test_purchases.py",
        ),
    ),
    Guard(
        "a person decides on what they saw",
        "bridge/store/interventions.py",
        "    if row is None or row.state != order.state:\n",
        "    if row is None:\n",
        (
            "tests/store/test_orders.py",
            "tests/store/test_concurrency.py",
        ),
    ),
    Guard(
        "a person's decision waits for the answer",
        "bridge/store/interventions.py",
        "    if _load_purchase(c, order) != _get_seen_purchase(order):\n",
        "    if False:\n",
        (
            "tests/store/test_purchases.py",
            "tests/store/test_concurrency.py",
        ),
    ),
    Guard(
        "a person's decision fences off the running step",
        "bridge/store/interventions.py",
        "        lease_owner=None,\n        lease_until=None,\n        lease_token=orders.c.lease_token + 1,\n",
        "",
        (
            "tests/store/test_orders.py",
            "tests/store/test_concurrency.py",
        ),
    ),
    Guard(
        "an attempt is void only when that is proven",
        "bridge/store/transitions.py",
        "        .where(*this_one, *((unbought,) if who == SERVICE else ()))\n",
        "        .where(*this_one)\n",
        ("tests/store/test_purchases.py",),
    ),
    Guard(
        "one open attempt an order (unique index)",
        SCHEMA,
        '    _create_partial_index("uq_attempts_open", "attempts", ["order_id"], "voided_at IS NULL", unique=True)\n',
        "",
        (
            "tests/store/test_purchases.py::test_a_second_attempt_beside_an_open_one_is_impossible",
            "tests/store/test_purchases.py::test_an_attempt_cannot_come_back_beside_an_open_one",
        ),
    ),
    Guard(
        "one order a reference (unique index)",
        SCHEMA,
        '        "uq_orders_reference", "orders", ["reference"], "reference IS NOT NULL", unique=True\n',
        '        "uq_orders_reference", "orders", ["reference"], "reference IS NOT NULL"\n',
        ("tests/store/test_orders.py::test_the_database_itself_lets_no_two_orders_have_one_reference",),
    ),
    Guard(
        "one record an order of a shop (unique constraint)",
        SCHEMA,
        '        sa.UniqueConstraint("shop", "order_id", name="uq_orders_shop_order_id"),\n',
        "",
        ("tests/store/test_orders.py::test_more_word_wakes_the_order_and_never_changes_its_state",),
    ),
    Guard(
        "one delivery a webhook id (unique constraint)",
        SCHEMA,
        '        sa.UniqueConstraint("shop", "webhook_id", name="uq_deliveries_shop_webhook_id"),\n',
        "",
        ("tests/store/test_inbox.py::test_a_delivery_that_comes_twice_is_absorbed",),
    ),
    Guard(
        "one parcel a number (unique constraint)",
        SCHEMA,
        '        sa.UniqueConstraint("order_id", "number", name="uq_parcels_order_id_number"),\n',
        "",
        ("tests/store/test_orders.py::test_known_parcels_are_left_as_they_are",),
    ),
    Guard(
        "a delivery is settled once",
        "bridge/store/inbox.py",
        "deliveries.c.settled_at.is_(None))\n        .values(settled_at=now, outcome=outcome, **small)\n",
        "True)\n        .values(settled_at=now, outcome=outcome, **small)\n",
        (
            "tests/store/test_inbox.py",
            "tests/store/test_concurrency.py::test_a_delivery_is_settled_once_by_any_number_of_workers",
        ),
    ),
    Guard(
        "the day's limit is counted by one at a time",
        "bridge/store/purchases.py",
        '    if c.dialect.name == "postgresql":\n        c.execute(sa.select(sa.func.pg_advisory_xact_lock(SPENDING_LOCK)))\n',
        "",
        ("tests/store/test_concurrency.py", "-k", "limit or euro"),
    ),
    Guard(
        "the day's limit is counted at all",
        "bridge/store/purchases.py",
        "    if spent + attempt.cost.amount > limit.amount:\n",
        "    if False:\n",
        (
            "tests/store/test_purchases.py::test_the_days_limit_counts_what_is_not_void_of_the_same_mode_and_day",
        ),
    ),
    Guard(
        "an answer to a void attempt is weighed as evidence",
        "bridge/store/purchases.py",
        "    if reference is not None and not ours:\n",
        "    if False:\n",
        ("tests/store/test_purchases.py::test_an_answer_to_an_attempt_declared_void_becomes_evidence",),
    ),
    # the shop's ledger
    Guard(
        "the ledger is written by compareDigest",
        "bridge/shopify/orders.py",
        '            "compareDigest": expected,\n',
        "",
        ("tests/shopify/test_ledger.py",),
    ),
    Guard(
        "what the ledger knows is adopted before buying",
        "bridge/steps/place.py",
        "    elsewhere = await adopt_from_ledger(job, order, select_printable_items(job, order))\n",
        "    elsewhere = None\n",
        (*RESTORE, *SPENDING),
    ),
    Guard(
        "what the ledger knows is adopted when matching",
        "bridge/steps/match.py",
        "    elsewhere = await adopt_from_ledger(job, order, select_printable_items(job, order))\n",
        "    elsewhere = None\n",
        RESTORE,
    ),
    Guard(
        "live and test notes are apart",
        "bridge/shopify/ledger.py",
        '    return "print" if mode == Mode.LIVE else "print_test"\n',
        '    return "print"\n',
        ("tests/shopify/test_ledger.py",),
    ),
    # evidence
    Guard(
        "tracking confirms a reference before it is adopted",
        "bridge/steps/outcome_recovery.py",
        "    if not report.exists:\n        if abs(",
        "    if False:\n        if abs(",
        EVIDENCE,
    ),
    Guard(
        "tracking confirms a candidate",
        "bridge/steps/outcome_recovery.py",
        "    return (await job.world.printer.track_order(candidate)).exists\n",
        "    return True\n",
        EVIDENCE,
    ),
    Guard(
        "a candidate comes from an answer of success",
        "bridge/steps/outcome_recovery.py",
        "    return status is not None and 200 <= status < 300\n",
        "    return True\n",
        EVIDENCE,
    ),
    Guard(
        "the reference of another order is refused",
        "bridge/steps/outcome_recovery.py",
        "    other = await orders.find_reference_owner(reference, record)\n",
        "    other = None\n",
        EVIDENCE,
    ),
    Guard(
        "evidence that is not confirmed yet keeps a purchase back",
        "bridge/steps/outcome_recovery.py",
        "            if _is_before_purchase(record):\n",
        "            if False:\n",
        EVIDENCE,
    ),
    Guard(
        "an unsent attempt gives way to late evidence",
        "bridge/steps/outcome_recovery.py",
        "    if _is_unsent(record):\n",
        "    if False:\n",
        EVIDENCE,
    ),
    Guard(
        "late evidence is an alarm",
        "bridge/steps/outcome_recovery.py",
        "    return replace(job.keep_state(job.now), alarms=((alarm, facts),), watches=(one,))\n",
        "    return replace(job.keep_state(job.now), watches=(one,))\n",
        EVIDENCE,
    ),
    # the wire
    Guard(
        "the gate stands between connection and first byte",
        "bridge/sculpteo/http.py",
        "            await self._gate.open()\n",
        "            self._gate.opened = True\n",
        WIRE,
    ),
    Guard(
        "an order call follows no redirect",
        "bridge/sculpteo/http.py",
        '                headers={**headers, "Accept-Encoding": "identity"},\n                allow_redirects=False,\n',
        '                headers={**headers, "Accept-Encoding": "identity"},\n',
        WIRE,
    ),
    Guard(
        "only a blank answer is a refusal",
        "bridge/sculpteo/order_response.py",
        "        if text is not None and not text.strip() and status not in MAYBE_DONE:\n",
        "        if status not in MAYBE_DONE:\n",
        WIRE,
    ),
    Guard(
        "408, 409, 425 and 429 prove nothing",
        "bridge/sculpteo/order_response.py",
        " and status not in MAYBE_DONE:\n",
        ":\n",
        WIRE,
    ),
    # back to the shop
    Guard(
        "the order is read again before a fulfillment",
        "bridge/steps/fulfill.py",
        "        order = await job.fetch_order()\n",
        "        order = job.record.snapshot\n",
        AFTERWARDS,
    ),
    Guard(
        "a number that is in the shop is not brought again",
        "bridge/steps/fulfill.py",
        "        await _settle_known(job, order)\n",
        "",
        AFTERWARDS,
    ),
    Guard(
        "the lease is proven before a fulfillment",
        "bridge/steps/fulfill.py",
        "    job.record = await orders.renew_lease(record)  # a worker that woke up late must not write to the shop\n",
        "",
        AFTERWARDS,
    ),
    Guard(
        "no more is fulfilled than was printed",
        "bridge/steps/allocation.py",
        "max(quantity - sent.get(line, 0), 0) for line",
        "quantity for line",
        (*AFTERWARDS, "tests/steps/test_allocation.py"),
    ),
    Guard(
        "a test order fulfills nothing",
        "bridge/steps/track.py",
        "        parcels=report.parcels if job.record.mode is Mode.LIVE else (),\n",
        "        parcels=report.parcels,\n",
        ("tests/promise/test_afterwards.py",),
    ),
    # nothing that nobody asked for, as the machine finds it
    Guard(
        "no purchase of the machine is from before go-live",
        "bridge/steps/right_to_buy.py",
        "    return Waiting(Wait.BEFORE_GO_LIVE, None) if start is not None and order.created_at < start else None\n",
        "    return None\n",
        ASKED,
    ),
    Guard(
        "no purchase of the machine is a rehearsal's",
        "bridge/steps/right_to_buy.py",
        "        or _check_mode(record, order, policy, go_live)\n",
        "",
        ASKED,
    ),
    Guard(
        "a later decision makes no approval of a rehearsal's",
        "bridge/store/interventions.py",
        "        values |= dict.fromkeys(APPROVAL)\n",
        "        pass\n",
        ("tests/steps/test_right_to_buy.py",),
    ),
)


def applied(guard: Guard, root: Path = ROOT) -> str:
    """The file's text without the guard. Raises ValueError when the edit does not fit exactly once."""
    text = (root / guard.file).read_text(encoding="utf-8")
    if text.count(guard.before) != 1:
        raise ValueError(f"{guard.name}: its text is {text.count(guard.before)} times in {guard.file}")
    return text.replace(guard.before, guard.after)


def copied(to: Path) -> None:
    """A copy of what the tests need."""
    for name in ("bridge", "tests"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "config.example.yaml"):
        shutil.copy(ROOT / name, to / name)


def verdict(guard: Guard, root: Path) -> str:
    """Remove the guard from the copy at `root`, run its tests, and put it back: "killed", "SURVIVED", or what
    went wrong with the run itself."""
    file = root / guard.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(applied(guard, root), encoding="utf-8")
    chosen = () if "-k" in guard.tests else ("-k", "not postgresql")  # one database shows it, and is quicker
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *guard.tests, *chosen]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        return "killed (its tests do not end)"
    finally:
        file.write_text(whole, encoding="utf-8")
    if done.returncode == FAILED:
        failed = [row for row in done.stdout.splitlines() if row.startswith(("FAILED", "ERROR"))]
        return f"killed by {failed[0].split()[1].rpartition('::')[2]}" if failed else "killed"
    return "SURVIVED" if done.returncode == 0 else f"no verdict: pytest ended with {done.returncode}"


def main(names: list[str]) -> int:
    chosen = [guard for guard in GUARDS if not names or any(name in guard.name for name in names)]
    if not chosen:
        print("no guard has such a name; these do:", *(guard.name for guard in GUARDS), sep="\n  ")  # noqa: T201
        return 2
    bad = 0
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        copied(Path(folder))
        for guard in chosen:
            began = time.monotonic()
            found = verdict(guard, Path(folder))
            bad += not found.startswith("killed")
            seconds = time.monotonic() - began
            print(f"{guard.name:62} {seconds:5.0f} s  {found}", flush=True)  # noqa: T201 - it is a command
    print(f"{len(chosen) - bad} of {len(chosen)} guards are missed when they are gone")  # noqa: T201
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
