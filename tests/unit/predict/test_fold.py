"""The contract of ``fold``."""

import json
import socket
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.cli import main
from rna_predict.data.features import sequence_inputs
from rna_predict.errors import EntryError, InputError
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.model.inputs import Features
from rna_predict.predict import fold as module
from rna_predict.predict.fold import choose_predictor, fold_fasta
from rna_predict.predict.template_library import FamilyModels
from rna_predict.refine.settings import Settings
from rna_predict.structure.chain import model_chain
from rna_predict.structure.mmcif import read_chains
from rna_predict.structure.store import write_chains
from rna_predict.templates.guards import Guard
from rna_predict.templates.library import Library, write_library
from tests.unit.templates.hairpins import hairpin

TEMPLATE = "GGCGGAAACGCC"
TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
RECORDS = ">hp/1 a hairpin\nGGCGAAAGCC\n>second\nGGGGaaaaCCTC\n"


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "in.fasta"
    path.write_text(RECORDS)
    return path


@pytest.fixture
def weights(trained):
    return trained[1] / "model.safetensors"


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("fold must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def fold(fasta, out, weights, **options):
    defaults = {"models": 3, "seed": 1, "minimize": False, "device": "cpu"}
    return fold_fasta(fasta, out, weights=weights, **{**defaults, **options})


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_each_target_gets_its_folder(fasta, tmp_path, weights):
    results = fold(fasta, tmp_path / "out", weights)
    assert [(r.header, r.name, r.status) for r in results] == [
        ("hp/1", "hp_1", "folded"),
        ("second", "second", "folded"),
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["hp_1", "second"]
    assert sorted(contents(tmp_path / "out" / "hp_1")) == [
        "confidence.json",
        "model_1.cif",
        "model_2.cif",
        "model_3.cif",
        "ranking.tsv",
    ]


def test_models_are_chain_a_from_1_with_plddt_as_b_factor(fasta, tmp_path, weights):
    import gemmi

    fold(fasta, tmp_path / "out", weights)
    record = json.loads((tmp_path / "out" / "second" / "confidence.json").read_text())
    for entry in record["models"]:
        path = tmp_path / "out" / "second" / f"model_{entry['model']}.cif"
        (chain,) = read_chains(path)
        assert chain.chain == "A"
        assert chain.sequence == "GGGGAAAACCUC"
        assert chain.auth_numbers.tolist() == list(range(1, 13))
        residues = gemmi.read_structure(str(path))[0]["A"]
        factors = [residue[0].b_iso for residue in residues]
        np.testing.assert_allclose(factors, entry["plddt_per_residue"], atol=0.011)


def test_best_model_comes_first(fasta, tmp_path, weights):
    fold(fasta, tmp_path / "out", weights)
    ranking = pd.read_csv(tmp_path / "out" / "second" / "ranking.tsv", sep="\t")
    record = json.loads((tmp_path / "out" / "second" / "confidence.json").read_text())
    assert ranking["rank"].tolist() == [1, 2, 3]
    assert sorted(ranking["source_model"]) == [1, 2, 3]
    assert ranking["score"].is_monotonic_decreasing
    assert [entry["plddt"] for entry in record["models"]] == pytest.approx(
        ranking["plddt"].tolist(), abs=0.01
    )
    assert not ranking["minimised"].any()


def test_record_says_where_the_models_come_from(fasta, tmp_path, weights):
    fold(fasta, tmp_path / "out", weights)
    record = json.loads((tmp_path / "out" / "hp_1" / "confidence.json").read_text())
    assert record["target"] == "hp_1"
    assert record["header"] == "hp/1"
    assert record["sequence"] == "GGCGAAAGCC"
    assert record["seed"] == 1
    assert len(record["weights_sha256"]) == 64
    assert [len(entry["pae"]) for entry in record["models"]] == [10] * 3


def test_same_request_gives_the_same_files(fasta, tmp_path, weights):
    fold(fasta, tmp_path / "one", weights)
    fold(fasta, tmp_path / "two", weights)
    for name in ("hp_1", "second"):
        assert contents(tmp_path / "one" / name) == contents(tmp_path / "two" / name)


def test_rerun_leaves_what_is_done(fasta, tmp_path, weights, monkeypatch):
    fold(fasta, tmp_path / "out", weights)
    monkeypatch.setattr(module, "predict_target", None)
    assert [r.status for r in fold(fasta, tmp_path / "out", weights)] == ["unchanged"] * 2


@pytest.mark.parametrize("change", [{"seed": 2}, {"models": 2}])
def test_other_options_replace_the_result(fasta, tmp_path, weights, change):
    fold(fasta, tmp_path / "out", weights)
    before = contents(tmp_path / "out" / "second")
    assert [r.status for r in fold(fasta, tmp_path / "out", weights, **change)] == ["folded"] * 2
    after = contents(tmp_path / "out" / "second")
    assert len(after) == change.get("models", 3) + 2
    assert after["confidence.json"] != before["confidence.json"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["hp_1", "second"]


def test_other_sequence_under_the_same_name_is_folded_again(fasta, tmp_path, weights):
    fold(fasta, tmp_path / "out", weights)
    fasta.write_text(RECORDS.replace("GGCGAAAGCC", "GGCGAAAGCCA"))
    results = fold(fasta, tmp_path / "out", weights)
    assert [r.status for r in results] == ["folded", "unchanged"]


def test_result_with_a_file_missing_is_made_again(fasta, tmp_path, weights):
    fold(fasta, tmp_path / "out", weights)
    (tmp_path / "out" / "hp_1" / "model_2.cif").unlink()
    assert [r.status for r in fold(fasta, tmp_path / "out", weights)] == ["folded", "unchanged"]
    assert (tmp_path / "out" / "hp_1" / "model_2.cif").exists()


def test_alignment_enters_and_is_part_of_the_request(tmp_path, weights):
    (tmp_path / "in.fasta").write_text(">one\nGGCGAAAGCC\n")
    rows = tmp_path / "rows.a3m"
    rows.write_text(">one\nGGCGAAAGCC\n>two\nGACGaaAAAGUC\n>three\nGGC----GCC\n")
    out = tmp_path / "out"
    fold(tmp_path / "in.fasta", out, weights)
    alone = contents(out / "one")
    (result,) = fold(tmp_path / "in.fasta", out, weights, msa=rows)
    aligned = contents(out / "one")
    assert result.status == "folded"
    assert alone["model_1.cif"] != aligned["model_1.cif"]
    assert fold(tmp_path / "in.fasta", out, weights, msa=rows)[0].status == "unchanged"
    rows.write_text(rows.read_text() + ">four\nGGCAAAAGCC\n")
    assert fold(tmp_path / "in.fasta", out, weights, msa=rows)[0].status == "folded"


def test_alignment_of_another_sequence_or_for_several_is_refused(fasta, tmp_path, weights):
    rows = tmp_path / "rows.fasta"
    rows.write_text(">x\nGGCGAAAGCG\n")
    with pytest.raises(InputError, match="an alignment is of one sequence, got 2"):
        fold(fasta, tmp_path / "out", weights, msa=rows)
    fasta.write_text(">one\nGGCGAAAGCC\n")
    with pytest.raises(InputError, match="rows.fasta: none of its 1 rows is the sequence of 10 nt"):
        fold(fasta, tmp_path / "out", weights, msa=rows)
    assert not (tmp_path / "out").exists()


def test_lengths_out_of_range_are_refused_and_the_others_done(tmp_path, weights):
    fasta = tmp_path / "in.fasta"
    fasta.write_text(f">short\nGGCC\n>five\nGGACC\n>long\n{'G' * 501}\n")
    results = fold(fasta, tmp_path / "out", weights)
    assert [r.status for r in results] == ["refused", "folded", "refused"]
    assert results[0].message == "sequence short: expected 5 to 500 nt, got 4"
    assert results[2].message == "sequence long: expected 5 to 500 nt, got 501"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["five"]


def test_sequence_with_an_unknown_base_is_refused(tmp_path, weights):
    (tmp_path / "in.fasta").write_text(">unknown\nGGNACC\n")
    (result,) = fold(tmp_path / "in.fasta", tmp_path / "out", weights)
    assert result.message == "sequence unknown: expected A, C, G, U, got N"


def test_models_are_minimised(tmp_path, weights, monkeypatch):
    sequence = "GGACC"
    (tmp_path / "in.fasta").write_text(f">five\n{sequence}\n")
    predict = module.predict_target

    def helical(predictor, *rest, **more):
        """Put the samples of the barely trained network in the place where stage C starts."""
        inputs = sequence_inputs(sequence, np.zeros((0, 2), int), np.zeros(0, np.float32))
        trunk = predictor.network.trunk(Features(**{k: v[None] for k, v in inputs.items()}))
        coords = trunk.start_coords[0].numpy()
        samples = predict(predictor, *rest, **more)
        coords = np.where(samples[0].chain.atom_mask[..., None], coords, np.nan)
        return [replace(s, chain=s.chain.with_coords(coords)) for s in samples]

    monkeypatch.setattr(module, "predict_target", helical)
    fold(tmp_path / "in.fasta", tmp_path / "raw", weights, models=1)
    fold(tmp_path / "in.fasta", tmp_path / "out", weights, models=1, minimize=True)
    before, after = (
        pd.read_csv(tmp_path / name / "five" / "ranking.tsv", sep="\t").iloc[0]
        for name in ("raw", "out")
    )
    assert (bool(before["minimised"]), bool(after["minimised"])) == (False, True)
    assert np.isnan(before["energy"])
    assert after["energy"] < 0
    raw, done = (
        read_chains(tmp_path / name / "five" / "model_1.cif")[0] for name in ("raw", "out")
    )
    assert 0.01 < rmsd(done.coords[done.atom_mask], raw.coords[done.atom_mask]) < 3.0

    hurried = {"refinement": {"time_limit": 1e-3}}
    fold(tmp_path / "in.fasta", tmp_path / "out", weights, models=1, minimize=True, **hurried)
    again = pd.read_csv(tmp_path / "out" / "five" / "ranking.tsv", sep="\t").iloc[0]
    assert not again["minimised"]


def test_failure_leaves_no_half_target_and_the_others_are_done(
    fasta, tmp_path, weights, monkeypatch
):
    write = module.write_json

    def fail(path, record):
        if record["target"] == "hp_1":
            raise EntryError("hp_1", "no", "no")
        write(path, record)

    monkeypatch.setattr(module, "write_json", fail)
    results = fold(fasta, tmp_path / "out", weights)
    assert [r.status for r in results] == ["refused", "folded"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["second"]


def test_failure_keeps_an_earlier_result(fasta, tmp_path, weights, monkeypatch):
    fold(fasta, tmp_path / "out", weights)
    before = contents(tmp_path / "out" / "second")

    def fail(path, record):
        raise EntryError("x", "no", "no")

    monkeypatch.setattr(module, "write_json", fail)
    fold(fasta, tmp_path / "out", weights, seed=9)
    assert contents(tmp_path / "out" / "second") == before


@pytest.mark.parametrize("content", [None, "[]", "not json"])
def test_folder_of_something_else_is_not_touched(fasta, tmp_path, weights, content):
    folder = tmp_path / "out" / "second"
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("irreplaceable")
    if content is not None:
        (folder / "confidence.json").write_text(content)
    results = fold(fasta, tmp_path / "out", weights)
    assert [r.status for r in results] == ["folded", "refused"]
    assert (folder / "thesis.txt").read_text() == "irreplaceable"


@pytest.mark.parametrize("records", [">a\nGGACC\n>a\nGGACC\n", ">a/b\nGGACC\n>a_b\nGGACC\n"])
def test_two_targets_of_one_name_are_an_error(tmp_path, weights, records):
    (tmp_path / "in.fasta").write_text(records)
    with pytest.raises(InputError):
        fold(tmp_path / "in.fasta", tmp_path / "out", weights)
    assert not (tmp_path / "out").exists()


def test_names_cannot_leave_the_folder(tmp_path, weights):
    (tmp_path / "in.fasta").write_text(">../escaped\nGGACC\n")
    fold(tmp_path / "in.fasta", tmp_path / "out", weights)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["_._escaped"]


def test_without_weights_nothing_is_folded(fasta, tmp_path, monkeypatch):
    def none():
        raise InputError("weights", "none found")

    monkeypatch.setattr(module, "find_weights", none)
    with pytest.raises(InputError, match="none found"):
        fold(fasta, tmp_path / "out", None)
    assert not (tmp_path / "out").exists()


def test_no_models_is_an_error(fasta, tmp_path, weights):
    with pytest.raises(InputError, match="expected 1 or more, got 0"):
        fold(fasta, tmp_path / "out", weights, models=0)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    chain = model_chain("1abc", TEMPLATE, hairpin(TEMPLATE, 4).astype(np.float32))
    write_chains([replace(chain, release_date="2010-05-04")], folder / "chains.parquet")
    write_library(folder / "chains.parquet", folder / "library")
    return Library.read(folder / "library")


@pytest.fixture
def one(tmp_path):
    path = tmp_path / "one.fasta"
    path.write_text(f">one\n{TEMPLATE}\n")
    return path


def test_templates_answer_without_weights_and_say_what_they_used(one, tmp_path, library):
    (result,) = fold(one, tmp_path / "out", None, predictor="templates", library=library)
    assert result.status == "folded"
    used = pd.read_csv(tmp_path / "out" / "one" / "templates.tsv", sep="\t")
    row = used[used["role"] == "core"].iloc[0]
    assert row["template"] == "1abc_A" and row["release_date"] == "2010-05-04"
    assert row["identity"] == 1.0 and row["coverage"] > 0.8
    record = json.loads((tmp_path / "out" / "one" / "confidence.json").read_text())
    assert record["weights_sha256"] is None and record["guard"]["cutoff"] == ""
    assert record["families"] is None and record["found_families"] == []


def test_of_both_sources_the_best_models_are_kept(one, tmp_path, weights, library):
    fold(one, tmp_path / "out", weights, predictor="both", library=library)
    table = pd.read_csv(tmp_path / "out" / "one" / "ranking.tsv", sep="\t")
    used = pd.read_csv(tmp_path / "out" / "one" / "templates.tsv", sep="\t")
    assert len(table) == 3 and (table["score"].diff().dropna() <= 0).all()
    network = set(used.loc[used["method"] == "network", "model"])
    assert network == set(table.loc[table["source_model"] > 3, "rank"])


def test_templates_are_minimised_as_the_settings_say(one, tmp_path, library):
    options = {"predictor": "templates", "library": library, "models": 1, "minimize": True}
    for limit, minimised in ((120.0, True), (1e-3, False)):
        settings = asdict(Settings(time_limit=limit, max_iterations=50))
        fold(one, tmp_path / "out", None, refinement=settings, **options)
        table = pd.read_csv(tmp_path / "out" / "one" / "ranking.tsv", sep="\t")
        assert table["minimised"].tolist() == [minimised]


def test_another_guard_is_another_request(one, tmp_path, library):
    options = {"predictor": "templates", "library": library}
    fold(one, tmp_path / "out", None, **options)
    (again,) = fold(one, tmp_path / "out", None, **options)
    guard = Guard(exclude_entries=frozenset({"1abc"}))
    (other,) = fold(one, tmp_path / "out", None, guard=guard, **options)
    assert (again.status, other.status) == ("unchanged", "folded")
    used = pd.read_csv(tmp_path / "out" / "one" / "templates.tsv", sep="\t")
    assert used["template"].isna().all()


def test_families_of_the_sequence_act_and_are_part_of_the_request(tmp_path, library, root):
    (tmp_path / "trna.fasta").write_text(f">trna\n{TRNA}\n")
    families = FamilyModels.read(root / "config/example/rfam/tRNA.c.cm")
    options = {"predictor": "templates", "library": library, "models": 1, "families": families}
    fold(tmp_path / "trna.fasta", tmp_path / "out", None, **options)
    (again,) = fold(tmp_path / "trna.fasta", tmp_path / "out", None, **options)
    record = json.loads((tmp_path / "out" / "trna" / "confidence.json").read_text())
    assert again.status == "unchanged"
    assert record["families"]["models"] == [families.models[0].digest]
    assert record["found_families"] == ["RF00005"]


def test_templates_without_a_library_are_refused(one, tmp_path):
    with pytest.raises(InputError, match="library"):
        fold(one, tmp_path / "out", None, predictor="templates")


def test_the_network_takes_part_where_its_weights_are_named(library, weights, monkeypatch):
    monkeypatch.setattr(module, "shipped_weights", list)
    assert choose_predictor(None, None) == "network"
    assert choose_predictor(library, None) == "templates"
    assert choose_predictor(library, weights) == "both"


def test_the_command_uses_templates_and_says_which_library(one, tmp_path, library, root, capsys):
    arguments = ["fold", str(one), "--out", str(tmp_path / "out"), "--models", "1"]
    arguments += ["--library", str(library.folder), "--no-minimize", "--predictor", "templates"]
    arguments += ["--families", str(root / "config/example/rfam/tRNA.c.cm")]
    assert main([*arguments, "--template-cutoff", "2010-05-04", "--exclude-ids", "9XYZ"]) == 0
    said = capsys.readouterr().err
    assert "1 chains of 1 entries" in said and "families: 1 models" in said
    record = json.loads((tmp_path / "out" / "one" / "confidence.json").read_text())
    assert record["guard"]["cutoff"] == "2010-05-04"
    assert record["guard"]["exclude_entries"] == ["9xyz"]
    assert main([*arguments, "--template-cutoff", "yesterday"]) == 1
