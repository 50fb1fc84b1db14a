"""One thread that commits for many: group commit.

Whatever is waiting when the writer is free goes into one transaction: rows of the inbox as one statement,
each other change inside its own SAVEPOINT, so that one that fails takes none with it. A future resolves
only after the COMMIT, which is after the fsync. A failed COMMIT fails everybody in it; the writer goes on
with the next batch.

No wake-up can be lost: the thread sleeps inside `SimpleQueue.get`, which finds the queue empty and goes to
sleep in one step under the queue's own lock.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from bridge.errors import StoreUnavailable

T = TypeVar("T")

MAX_WAITING = 20_000  # changes; more are refused at once, so that the shop delivers again later
MAX_WAITING_BYTES = 128 * 1024 * 1024
BATCH = 1_000  # changes in one transaction, about

Row = tuple[Any, ...]


@dataclass(slots=True)
class WriteTask(Generic[T]):
    """One change that waits for its commit. `row` is for the inbox, else `work` is called."""

    future: asyncio.Future[T]
    work: Callable[[Connection], T] | None
    row: Row | None
    size: int
    result: T | None = None
    error: BaseException | None = None


class Writer:
    """Owns one connection in one thread. All public methods are called on the event loop's thread."""

    def __init__(self, engine: Engine, insert: Callable[[Connection, list[Row]], None], name: str) -> None:
        """`insert` writes rows of the inbox, absorbing those that are known."""
        self._engine = engine
        self._insert = insert
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[list[WriteTask[Any]] | None] = SimpleQueue()
        self._gathered: list[WriteTask[Any]] = []  # handed over once per turn of the loop, not one by one
        self._waiting = 0
        self._waiting_bytes = 0
        self._closed = False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run_thread, name=name, daemon=True)
        self._thread.start()

    def insert_row(self, row: Row, size: int) -> asyncio.Future[None]:
        """Insert a row of the inbox; the future resolves when it is durable."""
        return self._submit_task(None, row, size)

    def run_transaction(self, work: Callable[[Connection], T]) -> asyncio.Future[T]:
        """Run `work` in a transaction; the future has its result once that is durable."""
        return self._submit_task(work, None, 0)

    async def close(self) -> None:
        """Refuse what comes from now on, commit what waits, and end the thread."""
        if not self._closed:
            self._closed = True
            self._flush_gathered()
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # let the last futures resolve

    def _submit_task(
        self, work: Callable[[Connection], T] | None, row: Row | None, size: int
    ) -> asyncio.Future[T]:
        if self._closed:
            raise StoreUnavailable("the store is shutting down")
        if self._waiting >= MAX_WAITING or self._waiting_bytes + size > MAX_WAITING_BYTES:
            raise StoreUnavailable("too much waits to be written")
        future: asyncio.Future[T] = self._loop.create_future()
        if not self._gathered:
            self._loop.call_soon(self._flush_gathered)
        self._gathered.append(WriteTask(future, work, row, size))
        self._waiting += 1
        self._waiting_bytes += size
        return future

    def _flush_gathered(self) -> None:
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def _resolve_futures(self, batch: list[WriteTask[Any]]) -> None:
        """Back on the loop: tell everybody of one batch."""
        for task in batch:
            self._waiting -= 1
            self._waiting_bytes -= task.size
            if task.future.done():
                continue  # its request went away; what it asked for is done all the same
            if task.error is not None:
                task.future.set_exception(task.error)
            else:
                task.future.set_result(task.result)

    # --- from here on: in the writer's thread ------------------------------------------------------------

    def _run_thread(self) -> None:
        more = True
        while more:
            first = self._queue.get()
            if first is None:
                break
            batch = first
            while len(batch) < BATCH:
                try:
                    following = self._queue.get_nowait()
                except Empty:
                    break
                if following is None:
                    more = False
                    break
                batch = batch + following
            self._commit_batch(batch)
            try:
                self._loop.call_soon_threadsafe(self._resolve_futures, batch)
            except RuntimeError:  # the loop was closed without close(): nobody is left to tell
                break
        self._close_connection()

    def _commit_batch(self, batch: list[WriteTask[Any]]) -> None:
        try:
            connection = self._get_connection()
            with connection.begin():
                rows = [task.row for task in batch if task.row is not None]
                if rows:
                    self._insert(connection, rows)
                for task in batch:
                    if task.work is not None:
                        _run_task(connection, task, task.work)
        except Exception as error:
            self._close_connection()
            unavailable = build_unavailable(error)
            for task in batch:
                task.result, task.error = None, unavailable

    def _get_connection(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _close_connection(self) -> None:
        """Give the connection up for good: what made it fail may be its own state."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _run_task(connection: Connection, task: WriteTask[T], work: Callable[[Connection], T]) -> None:
    """Run one change in a SAVEPOINT. Its own failure stays its own, unless the transaction is gone with it."""
    savepoint = connection.begin_nested()
    try:
        task.result = work(connection)
        savepoint.commit()
    except Exception as error:
        if isinstance(error, sa.exc.DBAPIError) and _is_transaction_gone(connection, error):
            raise
        savepoint.rollback()
        task.result = None
        task.error = translate_error(error)


def _is_transaction_gone(connection: Connection, error: sa.exc.DBAPIError) -> bool:
    """SQLite rolls back everything on a full disk and some I/O errors, not only the statement."""
    return error.connection_invalidated or not getattr(connection.connection, "in_transaction", True)


AWAY = frozenset({"3D000", "3F000", "42P01", "42703", "42501", "0A000", "55000"})
"""What PostgreSQL says of a database, schema, table or column that is away, of a right that was taken, and of a
plan that a change of a table has made invalid: all this ends without a change of the program."""


def translate_error(error: Exception) -> Exception:
    """A database that cannot serve now becomes StoreUnavailable; everything else is what it is."""
    unavailable = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, sa.exc.TimeoutError)
    lost = isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated
    plain_database_error = type(error) is sa.exc.DatabaseError  # SQLite: malformed, not a database
    away = getattr(getattr(error, "orig", None), "sqlstate", None) in AWAY
    if isinstance(error, unavailable) or lost or away or plain_database_error:
        return build_unavailable(error)
    return error


def build_unavailable(error: Exception) -> StoreUnavailable:
    """Says what the database said, without the statement and its values, which may hold personal data."""
    cause = getattr(error, "orig", None) or error
    text = str(cause).strip().splitlines()
    made = StoreUnavailable(f"{type(cause).__name__}: {text[0] if text else 'no text'}")
    made.__cause__ = None
    return made
