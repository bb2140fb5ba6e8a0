"""Work in processes of their own: what hangs is ended, what crashes is told, the others go on.

The functions are the standard library's, as a worker imports them by name.
"""

import ctypes
import os
import time

import pytest

from rna_predict.refine.workers import Lost, run_isolated


def outcomes(function, items, **options):
    return [outcome for _, outcome in sorted(run_isolated(function, items, **options))]


@pytest.mark.parametrize("processes", [1, 3])
def test_each_item_has_its_outcome(processes):
    assert outcomes(abs, [-1, 2, -3, 4], processes=processes, limit=60.0) == [1, 2, 3, 4]
    assert outcomes(abs, [], processes=processes, limit=60.0) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_what_hangs_is_ended_and_the_others_go_on(processes):
    start = time.monotonic()
    found = outcomes(time.sleep, [0.0, 3600.0, 0.0, 0.0], processes=processes, limit=1.0)
    assert found == [None, Lost("time_limit", "ended after 1 s"), None, None]
    assert time.monotonic() - start < 30


def test_a_crash_is_the_loss_of_one_item():
    lost, fine = outcomes(ctypes.string_at, [0, b"fine"], processes=1, limit=60.0)
    assert lost == Lost("crashed", "the process ended with exit code -11")
    assert fine == b"fine"
    (lost,) = outcomes(os._exit, [7], processes=1, limit=60.0)
    assert lost == Lost("crashed", "the process ended with exit code 7")


def test_an_error_is_told_with_its_kind():
    lost, fine = outcomes(abs, ["x", -2], processes=1, limit=60.0)
    assert lost.reason == "failed" and lost.detail.startswith("TypeError: ")
    assert fine == 2


def test_no_worker_is_left_when_the_caller_stops_listening():
    results = run_isolated(os.getpid.__class__.__call__, [], processes=1, limit=60.0)
    assert list(results) == []
    listening = run_isolated(os.getpgid, [0, 0, 0], processes=2, limit=60.0)
    next(listening)
    workers = multiprocessing_children()
    listening.close()
    assert workers and not multiprocessing_children()


def multiprocessing_children():
    import multiprocessing

    return multiprocessing.active_children()
