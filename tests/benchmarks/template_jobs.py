"""Jobs whose results are kept: each in a process of its own, finished ones are not done again.

A job has a folder. Its record is written last and says what the result rests on: the code, the
settings, the input. A folder without a record, or with one of other facts, is done anew.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

from rna_predict.provenance import code_hash
from rna_predict.structure.files import replacing

ROOT = Path(__file__).parents[2]
RECORD = "record.json"


@dataclass(frozen=True)
class Job:
    """One result.

    Attributes
    ----------
    folder : path
        Named by the job; emptied before it is done.
    work : callable
        Of a module; takes the folder and ``arguments``, gives plain values for the record.
    arguments : dict
    code : path
        The Python file that, with all of the package that it reaches, makes the result.
    facts : dict
        What else the result rests on, as plain values.
    """

    folder: Path
    work: Callable[..., dict[str, Any]]
    arguments: dict[str, Any]
    code: Path
    facts: dict[str, Any]

    def request(self) -> dict[str, Any]:
        return {**self.facts, "code": code_hash(self.code, ROOT)}

    def is_done(self) -> bool:
        path = self.folder / RECORD
        return path.is_file() and json.loads(path.read_text())["request"] == self.request()

    def do(self) -> None:
        request = self.request()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        outcome = self.work(self.folder, **self.arguments)
        with replacing(self.folder / RECORD) as path:
            path.write_text(json.dumps({"request": request, **outcome}, indent=1))

    def outcome(self) -> dict[str, Any]:
        return json.loads((self.folder / RECORD).read_text())


def do_all(jobs: Sequence[Job], processes: int) -> None:
    """Do what is not done; each job in a fresh process, so that its memory is its own."""
    todo = [job for job in jobs if not job.is_done()]
    print(f"{len(jobs)} results, {len(todo)} to be made by {processes} processes", flush=True)
    if not todo:
        return
    start = time.perf_counter()
    context = get_context("spawn")  # OpenMM has threads that a fork would not copy
    with ProcessPoolExecutor(processes, context, max_tasks_per_child=1) as pool:
        futures = {pool.submit(job.do): job for job in todo}
        for future in as_completed(futures):
            future.result()
            where = "/".join(futures[future].folder.parts[-2:])
            print(f"  {time.perf_counter() - start:6.0f} s  {where}", flush=True)


class Clock:
    """Seconds of the laps of a job, on the wall and of all processors, its children's too."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self.last = self._now()

    def lap(self, name: str) -> None:
        """End a lap."""
        now = self._now()
        for kind, before, after in zip(("seconds", "cpu"), self.last, now, strict=True):
            self.laps[f"{name}_{kind}"] = round(after - before, 3)
        self.last = now

    @staticmethod
    def _now() -> tuple[float, float]:
        times = os.times()
        return times.elapsed, sum(times[:4])


def peak_memory() -> dict[str, float]:
    """Give the most memory that this process and the largest of its ended children held, MB.

    Linux counts in a child what its parent held when it started it.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    own = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    child = getrusage(RUSAGE_CHILDREN).ru_maxrss
    return {"peak_mb": round(own / 1024, 1), "child_peak_mb": round(child / 1024, 1)}
