import pickle
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from rna_predict.constants import slot_mask
from rna_predict.errors import InputError
from rna_predict.structure.arrays import map_arrays, write_arrays
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.structure.export import UNIT, ChainExport, export_chains
from rna_predict.structure.mmcif import read_entry

FACTS = (
    "entry", "chain", "sequence", "residue_names", "ins_codes", "model", "method", "title",
    "release_date", "parent", "tier", "name",
)  # fmt: skip


def assert_same(first: Chain, second: Chain) -> None:
    for name in FACTS:
        assert getattr(first, name) == getattr(second, name)
    assert (
        first.resolution == second.resolution
        or np.isnan([first.resolution, second.resolution])[[0, 1]].all()
    )
    assert np.array_equal(first.atom_mask, second.atom_mask)
    assert np.array_equal(first.auth_numbers, second.auth_numbers)
    assert (second.coords.dtype, second.auth_numbers.dtype) == (np.float32, np.int32)
    there = first.coords[first.atom_mask].astype(np.float64)
    back = second.coords[first.atom_mask]
    # Half a unit, and what single precision cannot tell apart.
    assert (np.abs(there - back) <= UNIT / 2 + np.spacing(np.abs(back))).all()


def synthetic(spread: float, shift: float = 0.0, seed: int = 0) -> Chain:
    """Give a chain with gaps, its atoms scattered over some distance."""
    rng = np.random.default_rng(seed)
    sequence = "".join(rng.choice(list("ACGUN"), size=40))
    chain = model_chain("1abc", sequence, np.full((40, 23, 3), np.nan, dtype=np.float32))
    coords = (rng.uniform(-spread, spread, size=(40, 23, 3)) + shift).astype(np.float32)
    coords[~slot_mask()[chain.kinds] | (rng.random((40, 23)) < 0.1)] = np.nan
    coords[7] = np.nan
    names = tuple(f"X{k}" if k % 5 == 0 else letter for k, letter in enumerate(sequence))
    return replace(
        chain.with_coords(coords),
        residue_names=names,
        ins_codes=tuple("A" if k == 3 else "" for k in range(40)),
        auth_numbers=np.arange(-5, 35, dtype=np.int32),
        title="Stra\u00dfe, \u03b1 \u2192 \u03b2",
        method="SOLUTION NMR",
        release_date="2001-02-03",
        resolution=2.123456789,
    )


@pytest.fixture
def written(tmp_path):
    """Write chains and open the file."""

    def write(chains: list[Chain]) -> ChainExport:
        export_chains(iter(chains), tmp_path / "chains.safetensors")
        return ChainExport(tmp_path / "chains.safetensors")

    return write


def test_all_example_chains_come_back(example_chains, written):
    export = written(example_chains)
    assert len(export) == len(example_chains)
    assert export.keys() == [(chain.name, chain.model) for chain in example_chains]
    for first, second in zip(example_chains, export, strict=True):
        assert_same(first, second)
    for chain in example_chains[::-1]:
        assert_same(chain, export.get(chain.name))


@pytest.mark.parametrize("spread", [10.0, 320.0, 330.0, 5e3, 9e4])
@pytest.mark.parametrize("shift", [0.0, -900.0, 9e3])
def test_coordinates_of_any_size_come_back(spread, shift, written):
    chain = synthetic(spread, shift)
    assert_same(chain, written([chain]).get("1abc_A"))


def test_large_models_alone_take_wide_numbers(written, tmp_path):
    written([synthetic(300.0, 5e4), replace(synthetic(400.0), chain="B")])
    arrays, _ = map_arrays(tmp_path / "chains.safetensors")
    assert arrays["model_wide"].tolist() == [0, 1]
    assert arrays["coords"].dtype == np.int16


def test_models_share_what_is_the_same(written, tmp_path):
    first = synthetic(20.0)
    models = [replace(synthetic(20.0, seed=0), coords=c.coords, atom_mask=c.atom_mask, model=k)
              for k, c in ((1, first), (2, first.with_coords(first.coords + 1)))]  # fmt: skip
    other = replace(models[0], model=5, auth_numbers=first.auth_numbers + 1)
    export = written([*models, other])
    assert export.models("1abc_A") == [1, 2, 5]
    assert export.get("1abc_A").model == 1
    for chain in (*models, other):
        assert_same(chain, export.get("1abc_A", chain.model))
    arrays, _ = map_arrays(tmp_path / "chains.safetensors")
    assert len(arrays["facts"]) == 2
    assert len(arrays["letter"]) == 80


def test_augmented_empty_and_unobserved_chains_come_back(written):
    chain = synthetic(20.0)
    blank = chain.with_coords(np.full_like(chain.coords, np.nan))
    chains = [
        replace(chain, parent="1abc_A", tier="swap", chain="B"),
        replace(blank, chain="C", resolution=float("nan")),
    ]
    export = written(chains)
    for chain in chains:
        assert_same(chain, export.get(chain.name))
    assert len(written([])) == 0
    assert written([]).keys() == []


def test_an_export_passes_between_processes_as_its_path(written):
    export = written([synthetic(20.0)])
    data = pickle.dumps(export)
    assert len(data) < 500
    assert_same(export.get("1abc_A"), pickle.loads(data).get("1abc_A"))


def test_reading_needs_numpy_alone(written, tmp_path):
    written([synthetic(20.0)])
    code = (
        "import sys\n"
        "from rna_predict.structure.export import ChainExport\n"
        "assert len(ChainExport(sys.argv[1]).get('1abc_A')) == 40\n"
        "print([name for name in ('gemmi', 'pyarrow', 'pandas', 'scipy', 'torch', 'biotite')"
        " if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "chains.safetensors")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_errors_name_the_file_and_what_is_missing(written, tmp_path):
    path = tmp_path / "chains.safetensors"
    chain = synthetic(20.0)
    with pytest.raises(InputError, match="1abc_A model 1 occurs twice"):
        export_chains([chain, chain], path)
    assert not path.exists()
    export = written([chain])
    with pytest.raises(InputError, match=r"chains.safetensors: no chain 9xyz_A"):
        export.get("9xyz_A")
    with pytest.raises(InputError, match=r"no chain 9xyz_A"):
        export.models("9xyz_A")
    with pytest.raises(InputError, match=r"no model 7 of 1abc_A; models: \[1\]"):
        export.get("1abc_A", 7)


def test_other_formats_and_versions_are_refused(written, tmp_path):
    path = tmp_path / "chains.safetensors"
    written([synthetic(20.0)])
    arrays = {name: array.copy() for name, array in map_arrays(path)[0].items()}
    for metadata in ({}, {"format": "rna-predict chains", "version": "99"}):
        write_arrays(path, arrays, metadata)
        with pytest.raises(InputError, match="expected 'rna-predict chains' version 1, got"):
            ChainExport(path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("coords", lambda a: a[:-1]),
        ("mask", lambda a: a[:-1]),
        ("mask", lambda a: a | 255),
        ("letter", lambda a: a + 9),
        ("letter", lambda a: a[:-1]),
        ("facts", lambda a: a - 50),
        ("facts", lambda a: a + 500),
        ("residue_name", lambda a: a + 500),
        ("model_chain", lambda a: a + 1),
        ("residue_start", lambda a: a[::-1].copy()),
        ("word_start", lambda a: a + 1),
        ("word_text", lambda a: a | 128),
        ("resolution", lambda a: a[:0]),
        ("origin", lambda a: a.astype(np.int16)),
        ("origin", None),
    ],
)
def test_arrays_that_do_not_fit_are_refused(written, tmp_path, name, change):
    path = tmp_path / "chains.safetensors"
    written([synthetic(20.0)])
    mapped, metadata = map_arrays(path)
    arrays = {key: array.copy() for key, array in mapped.items()}
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays[name])
    write_arrays(path, arrays, metadata)
    with pytest.raises(InputError, match=r"chains.safetensors.*damaged"):
        ChainExport(path).get("1abc_A")


def test_all_models_of_shared_entries_come_back_and_quickly(shared_data, written):
    paths = sorted((shared_data / "pdb").glob("*.cif.gz"))[::60]
    chains = [chain for path in paths for chain in read_entry(path, models="all")[0]]
    export = written(chains)
    for first, second in zip(chains, export, strict=True):
        assert_same(first, second)
    times = []
    for name, model in export.keys()[:: len(chains) // 50]:
        start = time.perf_counter()
        export.get(name, model)
        times.append(time.perf_counter() - start)
    assert np.median(times) < 1e-3
