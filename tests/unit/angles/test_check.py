import json
import runpy

import numpy as np
import pandas as pd
import pytest

from rna_predict.angles.check import check_angles, measure_again
from rna_predict.angles.table import (
    COLUMNS,
    angle_table,
    measure_angles,
    read_angles,
    write_angles,
    write_manifest,
)
from rna_predict.errors import InputError
from rna_predict.structure.mmcif import read_chains
from rna_predict.structure.store import write_chains

PHASE = COLUMNS.index("phase")


def stored(chains):
    """Give angles as a table has them, to be spoilt."""
    keys = [(chain.name, chain.model) for chain in chains]
    return dict(zip(keys, measure_angles(chains, "mdanalysis"), strict=True))


def test_angles_of_the_coordinates_pass_and_are_counted(example_chains):
    table = check_angles(example_chains, stored(example_chains)).set_index("angle")
    assert list(table.index) == list(COLUMNS)
    n = sum(len(chain) for chain in example_chains)
    assert (table["residues"] == n).all()
    assert (table["compared"] + table["undefined"] == n).all()
    assert table.loc["delta", "compared"] > table.loc["eta", "compared"] > 0.8 * n
    assert (table["missing"] == 0).all()
    assert (table["max_difference"] < 1e-3).all()
    assert (table["max_difference"] > 0).all()


@pytest.mark.parametrize("angle", ["alpha", "nu3", "eta", "phase", "amplitude"])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda value: value + np.deg2rad(0.02), r"stored [\d.-]+ degrees, measured again [\d.-]+"),
        (lambda value: value * np.nan, r"stored undefined, measured again [\d.-]+ degrees"),
    ],
)
def test_a_spoilt_angle_is_named(example_chains, angle, spoil, said):
    angles = stored(example_chains)
    chain = next(chain for chain in example_chains if chain.name == "1ehz_A")
    row = chain.residue_names.index("PSU")
    array = angles[chain.name, chain.model]
    array[row, COLUMNS.index(angle)] = spoil(array[row, COLUMNS.index(angle)])
    number = chain.auth_numbers[row]
    where = rf"1ehz_A model 1 residue PSU{number} \(index {row}\) {angle}: {said}.* 1 differ"
    with pytest.raises(InputError, match=where):
        check_angles(example_chains, angles)


def test_an_angle_that_should_be_undefined_is_a_fault(example_chains):
    for complete in (True, False):
        angles = stored(example_chains)
        angles[example_chains[2].name, example_chains[2].model][0, 0] = 1.0
        name = f"^{example_chains[2].name} model 1 .* alpha: stored 57.2958 degrees, .* undefined"
        with pytest.raises(InputError, match=name):
            check_angles(example_chains, angles, complete=complete)


def test_missing_angles_are_counted_where_the_backend_may_leave_them_out(example_chains):
    angles = stored(example_chains)
    angles[example_chains[0].name, example_chains[0].model][3] = np.nan
    table = check_angles(example_chains, angles, complete=False).set_index("angle")
    assert (table["missing"] == 1).all()


def test_a_difference_across_the_half_turn_is_small(example_chains):
    angles = stored(example_chains)
    array = angles[example_chains[0].name, example_chains[0].model]
    array[:, :PHASE] += 2 * np.pi
    check_angles(example_chains, angles)


def test_other_chains_are_named(example_chains):
    angles = stored(example_chains)
    array = angles.pop((example_chains[0].name, 1))
    with pytest.raises(InputError, match=f"{example_chains[0].name} model 1: not in .* angles"):
        check_angles(example_chains, angles)
    angles |= {(example_chains[0].name, 1): array, ("9zzz_A", 2): array}
    with pytest.raises(InputError, match="9zzz_A model 2: not in the table of chains"):
        check_angles(example_chains, angles)
    del angles["9zzz_A", 2]
    angles[example_chains[0].name, 1] = array[1:]
    with pytest.raises(InputError, match=f"{len(array) - 1} angles for {len(array)} residues"):
        check_angles(example_chains, angles)


def test_no_chains_make_a_table_of_zeros():
    table = check_angles([], {})
    assert table[["residues", "compared", "max_difference"]].to_numpy().sum() == 0
    assert measure_again([]).shape == (0, len(COLUMNS))


def test_the_script_passes_a_shard_and_stops_at_a_spoilt_one(root, example_chains, tmp_path):
    write_chains(example_chains, tmp_path / "chains.parquet")
    table = angle_table(example_chains, "mdanalysis")
    write_manifest(tmp_path / "m.json", table)
    main = runpy.run_path(str(root / "scripts/check_angles.py"))["main"]
    arguments = [
        "--chains", tmp_path / "chains.parquet", "--angles", tmp_path / "angles.parquet",
        "--manifest", tmp_path / "m.json", "--out", tmp_path / "checked.tsv",
    ]  # fmt: skip
    write_angles(table, tmp_path / "angles.parquet")
    main([str(argument) for argument in arguments])
    assert pd.read_csv(tmp_path / "checked.tsv", sep="\t")["angle"].tolist() == list(COLUMNS)

    (tmp_path / "checked.tsv").unlink()
    spoilt = table.to_pandas()
    spoilt.at[2, "chi"] = spoilt.at[2, "chi"] * np.float32(np.nan)
    spoilt.to_parquet(tmp_path / "angles.parquet")
    with pytest.raises(InputError, match=f"{example_chains[2].name} .* chi: stored undefined"):
        main([str(argument) for argument in arguments])
    assert not (tmp_path / "checked.tsv").exists()
    (tmp_path / "m.json").write_text(json.dumps({"backend": "dssr", "version": "1"}))
    main([str(argument) for argument in arguments])
    checked = pd.read_csv(tmp_path / "checked.tsv", sep="\t", index_col="angle")
    assert checked.loc["chi", "missing"] == len(example_chains[2])


def test_all_models_of_entries_pass(shared_data, tmp_path):
    names = ("1a51", "1ehz", "361d", "7eaf", "2tra", "6c63")
    chains = [
        chain
        for name in names
        for chain in read_chains(shared_data / "pdb" / f"{name}.cif.gz", models="all")
    ]
    assert len({(chain.entry, chain.model) for chain in chains}) > len(names)
    write_angles(angle_table(chains, "mdanalysis"), tmp_path / "angles.parquet")
    table = check_angles(chains, read_angles(tmp_path / "angles.parquet"))
    assert table["max_difference"].max() < 1e-3
