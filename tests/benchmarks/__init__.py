"""Benchmarks, run by hand with ``make benchmark``: ratios side by side, in one process."""
