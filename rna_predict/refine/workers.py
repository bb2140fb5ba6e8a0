"""Work in processes of their own, each ended when its time is up; a crash costs one item.

A pool of the standard library waits for a worker that hangs and gives up all items when one
crashes; neither may happen to a batch of models.
"""

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, Final

CONTEXT: Final = get_context("spawn")
"""Spawned, not forked: OpenMM has threads that a fork would not copy."""
START_LIMIT: Final = 300.0
"""Seconds that a worker may take to start, imports among them."""


@dataclass(frozen=True)
class Lost:
    """What became of an item that has no result.

    Attributes
    ----------
    reason : str
        ``time_limit``: its worker was ended. ``crashed``: its worker died. ``failed``: the
        function raised.
    detail : str
        For a person to read.
    """

    reason: str
    detail: str


@dataclass(eq=False)
class _Worker:
    """A process with its end of the pipe, and what it works on."""

    process: Any
    connection: Connection
    item: int | None
    deadline: float

    def give(self, item: Any, limit: float) -> None:
        """Send an item; if the process is dead, that shows when its answer is due."""
        self.deadline = monotonic() + limit
        with suppress(BrokenPipeError):
            self.connection.send(item)

    def answer(self, limit: float) -> Any:
        """Read the answer; a worker that has none is ended."""
        if not self.connection.poll():
            self.end()
            return Lost("time_limit", f"ended after {limit:g} s")
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join(1.0)
            return Lost("crashed", f"the process ended with exit code {self.end()}")

    def end(self) -> int | None:
        """Kill the process; give its exit code."""
        self.process.kill()
        self.process.join()
        self.connection.close()
        return self.process.exitcode


def run_isolated(
    function: Callable[[Any], Any], items: Sequence[Any], *, processes: int, limit: float
) -> Iterator[tuple[int, Any]]:
    """Apply a function to items in worker processes.

    Parameters
    ----------
    function : callable
        Of a module, so that it can be pickled.
    items : sequence
    processes : int
        Workers at a time.
    limit : float, seconds
        For one item, from when a worker that is ready gets it; then the worker is killed.

    Yields
    ------
    index : int
        Of the item.
    outcome
        What the function returned, or :class:`Lost`; in the order in which they end.

    Raises
    ------
    RuntimeError
        If a worker does not start.
    """
    todo = deque(enumerate(items))
    workers: list[_Worker] = []
    try:
        while todo or workers:
            idle = sum(worker.item is None for worker in workers)
            for _ in range(min(processes - len(workers), len(todo) - idle)):
                workers.append(_start(function))
            for worker in _wait(workers):
                index, outcome = worker.item, worker.answer(limit)
                if index is None and isinstance(outcome, Lost):
                    raise RuntimeError(f"a worker did not start: {outcome.detail}")
                if todo and not worker.connection.closed:
                    worker.item, item = todo.popleft()
                    worker.give(item, limit)
                else:
                    worker.end()
                    workers.remove(worker)
                if index is not None:
                    yield index, outcome
    finally:
        for worker in workers:
            worker.end()


def _wait(workers: list[_Worker]) -> list[_Worker]:
    """Wait until workers answer, die or are late; give those."""
    time = min(worker.deadline for worker in workers) - monotonic()
    ready = wait([worker.connection for worker in workers], max(0.0, time))
    return [w for w in workers if w.connection in ready or monotonic() > w.deadline]


def _start(function: Callable[[Any], Any]) -> _Worker:
    """Start a worker, which says when it is ready."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=_serve, args=(theirs, function), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours, None, monotonic() + START_LIMIT)


def _serve(connection: Connection, function: Callable[[Any], Any]) -> None:
    """Answer items until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    connection.send(None)
    with suppress(EOFError):
        while True:
            item = connection.recv()
            try:
                outcome = function(item)
            except Exception as error:  # reported: one item must not end the others
                outcome = Lost("failed", f"{type(error).__name__}: {error}")
            connection.send(outcome)
