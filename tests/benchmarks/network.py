"""Time and memory of the network of `small` by chain length, and where the time goes.

Each length has a process of its own: the operating system only tells the peak of a process as a
whole (``ru_maxrss``, code and weights included). Within it the parts run in the order in which a
prediction runs them, so the peak after the last part is that of a prediction. Times are of one
thread of the processor, which a busy machine changes little.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from math import log
from pathlib import Path
from time import process_time
from unittest.mock import patch

import torch
from torch import Tensor

from rna_predict.data.records import read_record
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork
from rna_predict.training.settings import ModelFile
from tests.benchmarks.clock import compare

MODEL = Path(__file__).parents[2] / "config/model/small.yaml"
LENGTHS = (64, 128, 256, 512, 1000)
TRAINED = 512
"""Longest chain with a backward pass."""
COPIES = 4
"""Noised copies of a step of training."""
PROFILED = 256
"""Length that is profiled, and compared with plain attention."""
COSTS = 5


def run(lengths: tuple[int, ...] = LENGTHS) -> None:
    """Print tables of time and memory, growth exponents, profiles, and what the choices bring."""
    for task, chosen in (("predict", lengths), ("train", [n for n in lengths if n <= TRAINED])):
        rows = {n: _in_new_process(task, n) for n in chosen}
        for n, parts in rows.items():
            cells = (f"{name} {s:8.2f} s {gb:5.2f} GB" for name, (s, gb) in parts.items())
            print(f"{task} {n:5d} nt: {';  '.join(cells)}", flush=True)
        if len(chosen) > 1:
            _print_growth(task, rows)
    for task in ("predict", "train"):
        _in_new_process(f"profile_{task}", min(PROFILED, max(lengths)))
    _in_new_process("choices", min(PROFILED, max(lengths)))


def _in_new_process(task: str, length: int) -> dict[str, tuple[float, float]]:
    """Do a task in a fresh process; what it prints passes through, but for its last line."""
    command = [sys.executable, "-m", "tests.benchmarks.network", task, str(length)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    *shown, last = answer.splitlines()
    for line in shown:
        print(line, flush=True)
    return json.loads(last)


def _print_growth(task: str, rows: dict[int, dict[str, tuple[float, float]]]) -> None:
    """Print the exponent of each part's time between the two longest chains, and of the memory.

    Memory is that above the shortest chain's, which is code and weights.
    """
    base, shorter, longer = min(rows), *sorted(rows)[-2:]
    scale = log(longer / shorter)
    for part, (last, _) in rows[longer].items():
        slope = log(last / rows[shorter][part][0]) / scale
        print(f"{task} {part}: time grows as N^{slope:.2f} from {shorter} to {longer} nt")
    peaks = {n: max(gb for _, gb in parts.values()) for n, parts in rows.items()}
    if base < shorter:
        slope = log((peaks[longer] - peaks[base]) / (peaks[shorter] - peaks[base])) / scale
        print(f"{task}: memory above that of {base} nt grows as N^{slope:.2f}")


def _make(length: int) -> tuple[RnaNetwork, Features, Tensor]:
    """Make a network, a chain, and noised copies of it."""
    torch.manual_seed(0)
    network = RnaNetwork(read_record(ModelFile, MODEL).dimensions)
    probability = torch.rand(1, length, length) ** 8
    features = Features(
        sequence=torch.randint(0, 4, (1, length)),
        residue_mask=torch.ones(1, length, dtype=torch.bool),
        residue_index=torch.arange(length)[None],
        pair_probability=(probability + probability.mT) / 2,
    )
    return network, features, 16 * torch.randn(1, COPIES, length, 23, 3)


def _prediction(length: int) -> dict[str, Callable[[], object]]:
    """Give the parts of a prediction: one round of the trunk, one denoising step, one judgement."""
    network, features, noisy = _make(length)
    done = {}

    def trunk() -> None:
        done["trunk"] = network.trunk(features, recycles=0)

    return {
        "trunk": trunk,
        "denoise": lambda: network.denoise(
            done["trunk"], features, noisy[:, :1], torch.full((1, 1), 8.0)
        ),
        "confidence": lambda: network.confidence(done["trunk"], features, noisy[:, :1]),
    }


def _training(length: int) -> dict[str, Callable[[], object]]:
    """Give a step of training: trunk, copies, and the way back."""
    network, features, noisy = _make(length)
    sigma = torch.full((1, COPIES), 8.0)

    def step() -> None:
        network.zero_grad()
        trunk = network.trunk(features, recycles=0)
        network.denoise(trunk, features, noisy, sigma).square().mean().backward()

    return {f"forward + backward, {COPIES} copies": step}


def _measure(parts: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Give seconds of each part, and the peak of this process after it (gigabytes)."""
    table = {}
    for name, work in parts.items():
        start = process_time()
        work()
        time = process_time() - start
        table[name] = time, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return table


def _profile(parts: dict[str, Callable[[], object]], label: str) -> None:
    """Print the operators that take most time of their own."""
    for work in parts.values():
        work()
    for name, work in parts.items():
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
            work()
        costs = sorted(profile.key_averages(), key=lambda cost: -cost.self_cpu_time_total)
        total = sum(cost.self_cpu_time_total for cost in costs)
        top = (f"{cost.key} {cost.self_cpu_time_total / total:.0%}" for cost in costs[:COSTS])
        print(f"{label} {name}: {', '.join(top)}")


@contextmanager
def _plain() -> Iterator[None]:
    """Hold all scores, and all rows at once."""

    def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2) + bias
        return (scores.softmax(-1) @ value).transpose(-2, -3).flatten(-2)

    def at_once(function: Callable[..., Tensor], *parts: Tensor, width: int) -> Tensor:
        return function(*parts)

    with ExitStack() as stack:
        for module in ("pairformer", "layers", "diffusion", "atoms"):
            stack.enter_context(patch(f"rna_predict.model.{module}.attend", attend))
        for module in ("pairformer", "layers"):
            stack.enter_context(patch(f"rna_predict.model.{module}.by_rows", at_once))
        yield


def _choices(length: int) -> None:
    """Print what fused attention with chunks, bfloat16 and checkpoints cost or bring in time."""

    def plainly(work: Callable[[], object]) -> Callable[[], None]:
        def done() -> None:
            with _plain():
                work()

        return done

    network, features, noisy = _make(length)
    pairformer, sigma = network.pairformer, torch.full((1, 1), 8.0)
    with torch.no_grad():
        trunk = network.trunk(features, recycles=0)
        pairformer.precision = "fp32"
        works = {
            "trunk": lambda: network.trunk(features, recycles=0),
            "denoise": lambda: network.denoise(trunk, features, noisy[:, :1], sigma),
        }
        for name, work in works.items():
            compare(f"{name}, fused and chunked against neither", work, plainly(work), n=3)
        full = works["trunk"]

        def half() -> None:
            pairformer.precision = "bf16"
            full()
            pairformer.precision = "fp32"

        compare("trunk, bf16 against fp32", half, full, n=3)


TASKS = {
    "predict": lambda n: _measure(_prediction(n)),
    "train": lambda n: _measure(_training(n)),
    "profile_predict": lambda n: _profile(_prediction(n), f"{n} nt"),
    "profile_train": lambda n: _profile(_training(n), f"{n} nt"),
    "choices": _choices,
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    task, length = sys.argv[1], int(sys.argv[2])
    with torch.set_grad_enabled("train" in task):
        print(json.dumps(TASKS[task](length)))
