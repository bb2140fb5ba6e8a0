from dataclasses import replace

import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.structure.filters import Limits, filter_chains

LIMITS = Limits(
    min_length=4,
    max_length=8,
    max_resolution=4.0,
    min_observed=0.5,
    max_modified=0.25,
    max_unknown=0.25,
    max_broken=0.25,
)


def chain(sequence: str, name: str = "A", observed: int | None = None, **changes) -> Chain:
    """Give a chain whose first residues have a phosphate, six angstrom apart."""
    coords = np.full((len(sequence), 23, 3), np.nan, dtype=np.float32)
    row = np.arange(len(sequence) if observed is None else observed)
    coords[row, SLOT_INDEX["N"]["P"]] = 6.0 * row[:, None]
    return replace(model_chain("1abc", sequence, coords), chain=name, **changes)


@pytest.mark.parametrize(
    ("rejected", "reason", "detail"),
    [
        (chain("GCA"), "too_short", "3 nt, at least 4 wanted"),
        (chain("GCAUGCAUG"), "too_long", "9 nt, at most 8 wanted"),
        (chain("GCAU", resolution=4.5), "resolution", "4.5 A, at most 4 wanted"),
        (chain("GCAUG", observed=2), "too_few_observed", "2 of 5 residues have coordinates"),
        (
            chain("GCAU", residue_names=("G", "5MC", "A", "PSU")),
            "too_modified",
            "2 of 4 residues are modified",
        ),
        (chain("GNNU"), "too_unknown", "2 of 4 residues have no known parent base"),
    ],
)
def test_each_filter_gives_its_reason(rejected, reason, detail):
    kept, (row,) = filter_chains([rejected], LIMITS)
    assert kept == []
    assert (row.entry, row.chain, row.reason, row.detail) == ("1abc", "A", reason, detail)


def test_a_chain_at_the_limits_is_kept():
    chains = [
        chain("GCAU", "A", observed=2, resolution=4.0),
        chain("GCAUGCAN", "B", residue_names=("G", "5MC", "A", "PSU", "G", "C", "A", "N")),
    ]
    assert filter_chains(chains, LIMITS) == (chains, [])


def test_broken_geometry_is_counted_in_observed_residues():
    whole = chain("GCAUGCAU", observed=6)
    coords = whole.coords.copy()
    coords[0, 0] = coords[1, 0]
    kept, (row,) = filter_chains([whole.with_coords(coords)], LIMITS)
    assert kept == []
    assert row.reason == "broken_geometry"
    assert row.detail == "2 of 6 observed residues have broken geometry"
    assert filter_chains([whole], LIMITS) == ([whole], [])


def test_best_observed_copy_is_kept():
    chains = [
        chain("GCAU", "A", observed=3),
        chain("GCAU", "B"),
        chain("GGGG", "C"),
        chain("GCAU", "D"),
    ]
    kept, rejects = filter_chains(chains, LIMITS)
    assert [c.chain for c in kept] == ["B", "C"]
    assert [(r.chain, r.reason, r.detail, r.model, r.residues) for r in rejects] == [
        ("A", "duplicate", "of chain B", 1, 4),
        ("D", "duplicate", "of chain B", 1, 4),
    ]


def test_a_copy_is_left_out_with_all_its_models_and_a_bad_model_alone():
    chains = [
        chain("GCAU", name, model=model, observed=1 if (name, model) == ("B", 2) else None)
        for model in (1, 2, 3)
        for name in ("A", "B")
    ]
    kept, rejects = filter_chains(chains, LIMITS)
    assert [(c.chain, c.model) for c in kept] == [("A", 1), ("A", 2), ("A", 3)]
    assert [(r.chain, r.model, r.reason) for r in rejects] == [
        ("B", 1, "duplicate"), ("B", 2, "too_few_observed"), ("B", 3, "duplicate")
    ]  # fmt: skip
