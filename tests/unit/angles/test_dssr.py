"""The DSSR backend, with a stand-in for the licensed program that answers with given JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rna_predict.angles.dssr import read_nucleotides
from rna_predict.angles.table import COLUMNS, angle_table, measure_angles, write_manifest
from rna_predict.constants import TORSIONS
from rna_predict.errors import InputError
from rna_predict.geometry.dihedrals import circular_difference
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_chains

FIELD = {name: name for name in TORSIONS} | {f"nu{k}": f"v{k}" for k in range(5)}
FIELD |= {"phase": "phase_angle", "amplitude": "amplitude"}
ANSWERS = """#!/bin/sh
echo "$@" >> {folder}/calls
cat chain.cif > {folder}/seen.cif
for option; do case $option in -o=*) cat {folder}/report.json > ${{option#-o=}};; esac; done
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program of the right name on PATH; give a function that sets what it answers."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def answer(report=None, script=ANSWERS):
        (folder / "report.json").write_text(
            report if isinstance(report, str) else json.dumps(report)
        )
        (folder / "x3dna-dssr").write_text(script.format(folder=folder))
        (folder / "x3dna-dssr").chmod(0o755)
        return folder

    return answer


@pytest.fixture
def chain(example_chains) -> Chain:
    return next(chain for chain in example_chains if chain.name == "1kxk_A")


def nucleotides(chain: Chain, prefix: str = "", shift: float = 0.0) -> list[dict]:
    """Describe a chain as DSSR does, with made-up degrees: all different, phases positive."""
    described = []
    for row in np.flatnonzero(chain.observed).tolist():
        name, number, code = chain.residue_names[row], chain.auth_numbers[row], chain.ins_codes[row]
        values = np.arange(len(COLUMNS)) * 10 + row / 100 + shift
        described.append(
            {
                "chain_name": chain.chain,
                "nt_name": name,
                "nt_resnum": int(number),
                "nt_id": f"{prefix}{chain.chain}.{name}{'/' * name[-1].isdigit()}{number}"
                + f"^{code}" * bool(code),
            }
            | {FIELD[name]: float(value) for name, value in zip(COLUMNS, values, strict=True)}
        )
    return described


def measured(*chains: Chain) -> list[np.ndarray]:
    return [np.rad2deg(angles) for angles in measure_angles(list(chains), "dssr")]


def test_every_field_lands_in_its_column(program, chain):
    program({"nts": nucleotides(chain)[::-1]})
    (angles,) = measured(chain)
    expected = np.arange(len(chain))[:, None] / 100 + np.arange(16) * 10
    inside = np.isfinite(angles)
    assert angles[inside] == pytest.approx(expected[inside], abs=1e-4)
    (defined,) = measure_angles([chain], "mdanalysis")
    # all atoms are there; only at the ends a neighbour is missing
    assert np.array_equal(inside[:, :14][1:-1], np.ones((len(chain) - 2, 14), dtype=bool))
    assert np.array_equal(inside[-1], np.isfinite(defined[-1]))


def test_null_is_undefined(program, chain):
    listed = nucleotides(chain)
    listed[7]["chi"] = None
    program({"nts": listed})
    (angles,) = measured(chain)
    assert np.argwhere(np.isnan(angles[5:10])).tolist() == [[2, TORSIONS.index("chi")]]


def test_ends_of_the_ranges(program, chain):
    listed = nucleotides(chain)
    listed[3] |= {"delta": -180.0, "phase_angle": 360.0}
    program({"nts": listed})
    (angles,) = measured(chain)
    assert angles[3, TORSIONS.index("delta")] == pytest.approx(180)
    assert angles[3, COLUMNS.index("phase")] == pytest.approx(0)


@pytest.mark.parametrize(
    ("identity", "name", "key"),
    [
        ("A.G68", "G", (1, "A", 68, "")),
        ("A.G-2", "G", (1, "A", -2, "")),
        ("A.U20^A", "U", (1, "A", 20, "A")),
        ("A.2MG10", "2MG", (1, "A", 10, "")),
        ("A.A23/7", "A23", (1, "A", 7, "")),
        ("3:BA.C5", "C", (3, "BA", 5, "")),
        ("U5", "U", (1, "", 5, "")),
    ],
)
def test_nucleotides_are_known_by_chain_number_and_insertion_code(identity, name, key):
    nucleotide = {"nt_id": identity, "nt_name": name} | dict.fromkeys(FIELD.values(), 1.0)
    assert list(read_nucleotides({"nts": [nucleotide]}, "it")) == [key]


def test_insertion_codes_and_negative_numbers_are_joined(program, chain):
    codes = ("", "A", "B") + chain.ins_codes[3:]
    numbers = np.arange(len(chain), dtype=np.int32) - 5
    numbers[:3] = -5
    odd = replace(chain, auth_numbers=numbers, ins_codes=codes)
    program({"nts": nucleotides(odd)})
    (angles,) = measured(odd)
    assert angles[:, TORSIONS.index("gamma")] == pytest.approx(20 + np.arange(len(odd)) / 100)


@pytest.mark.parametrize("form", ["models", "one"])
def test_an_nmr_entry_is_run_as_an_ensemble(program, chain, form):
    models = [replace(chain, method="SOLUTION NMR", model=number) for number in (4, 9)]
    if form == "one":
        models, report = models[:1], {"nts": nucleotides(chain)}
    else:
        parameters = [{"nts": nucleotides(chain, shift=shift)} for shift in (0.0, 0.5)]
        report = {"models": [{"model": k + 1, "parameters": p} for k, p in enumerate(parameters)]}
    folder = program(report)
    for k, angles in enumerate(measured(*models)):
        assert angles[0, TORSIONS.index("gamma")] == pytest.approx(20 + k / 2)
    (call,) = (folder / "calls").read_text().splitlines()
    assert call == "-i=chain.cif --format=mmcif --json -o=dssr.json --nmr"


def test_copies_in_other_places_are_run_as_an_assembly(program, chain):
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=np.float32)
    copy = replace(chain.with_coords(chain.coords @ turn + np.float32(40)), model=2)
    listed = nucleotides(chain, "1:") + nucleotides(copy, "2:", shift=0.5)
    folder = program({"nts": listed})
    for k, angles in enumerate(measured(chain, copy)):
        assert angles[0, TORSIONS.index("gamma")] == pytest.approx(20 + k / 2)
    assert (folder / "calls").read_text().split()[-1] == "--symm"


def test_models_that_differ_are_an_ensemble_whatever_the_method(program, chain):
    noise = np.random.default_rng(0).normal(scale=0.3, size=chain.coords.shape)
    other = replace(chain.with_coords(chain.coords + noise.astype(np.float32)), model=2)
    parameters = {"nts": nucleotides(chain)}
    models = [{"model": k, "parameters": parameters} for k in (1, 2)]
    folder = program({"models": models})
    measured(chain, other)
    assert (folder / "calls").read_text().split()[-1] == "--nmr"


def test_the_program_is_given_the_chain_as_it_is(program, chain):
    models = [replace(chain, model=3), replace(chain.with_coords(chain.coords + 1), model=7)]
    models = [replace(model, method="SOLUTION NMR") for model in models]
    parameters = {"nts": nucleotides(chain)}
    folder = program({"models": [{"model": k, "parameters": parameters} for k in (1, 2)]})
    measured(*models)
    for number, (seen, given) in enumerate(
        zip(read_chains(folder / "seen.cif", models="all"), models, strict=True), start=1
    ):
        assert (seen.model, seen.chain) == (number, given.chain)
        assert seen.residue_names == given.residue_names
        assert np.array_equal(seen.auth_numbers, given.auth_numbers)
        assert np.allclose(seen.coords, given.coords, atol=1e-5, equal_nan=True)


def test_without_the_program_it_is_named(chain, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="licensed program x3dna-dssr is not on PATH"):
        measure_angles([chain], "dssr")


@pytest.mark.parametrize(
    ("script", "report", "message"),
    [
        ("#!/bin/sh\necho no license >&2\nexit 3\n", {}, "1kxk_A: exit status 3: no license"),
        ("#!/bin/sh\necho odd file\n", {}, "1kxk_A: wrote no JSON .*: odd file"),
        (ANSWERS, "{", "1kxk_A: wrote no JSON"),
        (ANSWERS, [1], "1kxk_A: expected a JSON object, got list"),
        (ANSWERS, {"warning": "no nucleotides"}, "found no nucleotide: no nucleotides"),
        (ANSWERS, {"nts": [{"nt_id": "?", "nt_name": "G"}]}, "nt_id '\\?'"),
        (ANSWERS, {"nts": [{"nt_id": "A.G1", "nt_name": "G"}]}, "KeyError 'alpha'"),
    ],
)
def test_a_failure_says_what_the_program_said(program, chain, script, report, message):
    program(report, script)
    with pytest.raises(InputError, match=message):
        measure_angles([chain], "dssr")


def test_a_nucleotide_that_is_left_out_is_named(program, chain):
    listed = nucleotides(chain)
    number = chain.auth_numbers[4]
    program({"nts": listed[:4] + listed[5:]})
    message = f"1kxk_A model 1: 1 of 70 nucleotides .*: {chain.residue_names[4]}{number}$"
    with pytest.raises(InputError, match=message):
        measure_angles([chain], "dssr")


def test_a_residue_without_its_base_may_be_left_out(program, chain):
    coords = chain.coords.copy()
    coords[4, 12:] = np.nan
    listed = nucleotides(chain)
    program({"nts": listed[:4] + listed[5:]})
    (angles,) = measured(chain.with_coords(coords))
    assert np.isnan(angles[4]).all()
    assert np.isfinite(angles[5, TORSIONS.index("gamma")])


def test_no_chains_make_an_empty_table(program, tmp_path):
    program({})
    table = angle_table([], "dssr")
    assert (table.num_rows, table.column_names[:2]) == (0, ["chain_id", "model"])
    write_manifest(tmp_path / "m.json", table)
    assert json.loads((tmp_path / "m.json").read_text()) == {"backend": "dssr", "version": ""}


def test_recorded_output_gives_the_table_of_the_other_backend(program, shared_data, tmp_path):
    report = json.loads((shared_data / "reference" / "1a4d_dssr.json").read_text())
    program(report)
    chains = read_chains(shared_data / "reference" / "1a4d.cif")
    ours, theirs = (angle_table(chains, backend) for backend in ("mdanalysis", "dssr"))
    assert theirs.schema == ours.schema
    assert theirs.select(["chain_id", "model"]) == ours.select(["chain_id", "model"])
    for first, second in zip(
        *(measure_angles(chains, backend) for backend in ("mdanalysis", "dssr")), strict=True
    ):
        # that DSSR joins A.C88 and B.U89, the ends of two chains, does not reach the table
        assert np.array_equal(np.isnan(first), np.isnan(second))
        apart = np.rad2deg(np.abs(circular_difference(first, second)))
        assert np.nanmax(apart) < 0.1
    listed = {nt["nt_id"]: nt for nt in report["nts"]}
    assert None not in (listed["A.C88"]["zeta"], listed["B.U89"]["alpha"])
    write_manifest(tmp_path / "m.json", theirs)
    assert json.loads((tmp_path / "m.json").read_text()) == {
        "backend": "dssr",
        "version": "DSSR v2.5.4-2025jun04 by xiangjun@x3dna.org",
    }
