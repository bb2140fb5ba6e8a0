import numpy as np
import pandas as pd
import pytest
from pyhmmer.easel import Alphabet, TextMSA, TextSequence

from rna_predict.errors import InputError
from rna_predict.families.alignment import (
    FamilyAlignment,
    align_to_chain,
    choose_rows,
    compare_rows,
    family_alignment,
    match_columns,
)
from rna_predict.families.covariance_models import read_models
from rna_predict.families.stockholm import Stockholm, read_stockholm

ANTICODON = slice(30, 37)
"""Columns of the tRNA model's anticodon loop."""


@pytest.fixture(scope="module")
def folder(root):
    return root / "config" / "example" / "rfam"


@pytest.fixture(scope="module")
def trna(folder):
    (model,) = read_models([folder / "tRNA.c.cm"])
    return model


def letters(*rows):
    return np.array([list(row.encode()) for row in rows], dtype=np.uint8)


def texts(array):
    return [row.tobytes().decode() for row in array]


def seed_of(model, insert="", drop=slice(0, 0)):
    """Make a seed of one row, the model's consensus, with columns put in or left out."""
    kept = list(model.consensus)
    del kept[drop]
    return Stockholm(("x",), ("".join(kept) + insert,), "".join(kept) + insert)


def test_the_example_seed_is_what_the_example_model_was_built_from(folder):
    seed = read_stockholm(folder / "RF00005.sto")
    rows = [TextSequence(name=str(k), sequence=row) for k, row in enumerate(seed.rows)]
    checksum = TextMSA(name="seed", sequences=rows).digitize(Alphabet.rna()).checksum()
    assert f"CKSUM    {checksum}\n" in (folder / "tRNA.c.cm").read_text()


def test_the_example_seed_gives_whole_trnas(folder, trna):
    alignment = family_alignment(trna, folder)
    assert alignment.family == "RF00005"
    assert alignment.letters.shape == (len(alignment.names), 71) == (967, 71)
    commonest = [
        max("ACGU-", key=column.tolist().count)
        for column in alignment.letters.view("S1").astype(str).T
    ]
    same = np.array(commonest) == np.array(list(trna.consensus))
    assert same.mean() > 0.85
    assert "".join(commonest[ANTICODON])[1] == "U"  # U33, before the anticodon
    i, j = trna.pairs.T
    pairs = np.char.add(
        alignment.letters[:, i].view("S1").astype(str),
        alignment.letters[:, j].view("S1").astype(str),
    )
    assert np.isin(pairs, ["AU", "UA", "GC", "CG", "GU", "UG"]).mean() > 0.85


def test_columns_of_the_own_release_are_found_one_to_one(trna):
    found = match_columns(seed_of(trna), trna, "x")
    assert found.tolist() == list(range(71))


def test_columns_that_a_release_added_or_dropped_shift_the_others(trna):
    dropped = match_columns(seed_of(trna, drop=slice(40, 43)), trna, "x")
    assert dropped[:38].tolist() == list(range(38))
    assert dropped[45:].tolist() == list(range(42, 68))
    assert (dropped[38:45] == -1).sum() == 3
    added = match_columns(seed_of(trna, insert="ACGU"), trna, "x")
    assert added.tolist() == list(range(71))


def test_insertions_are_no_columns(trna):
    row = trna.consensus[:20] + "acg" + trna.consensus[20:]
    reference = trna.consensus[:20] + "..." + trna.consensus[20:]
    found = match_columns(Stockholm(("x",), (row,), reference), trna, "x")
    assert found.tolist() == [*range(20), *range(23, 74)]


def test_seeds_that_do_not_fit_are_refused(folder, trna):
    seed = read_stockholm(folder / "RF00005.sto")
    with pytest.raises(InputError, match="RF00005.sto: no reference line"):
        match_columns(Stockholm(seed.names, seed.rows, ""), trna, folder / "RF00005.sto")
    (other,) = read_models([folder / "RF00042.cm"])
    with pytest.raises(InputError, match="too far from the model's release: .* of the 92 columns"):
        match_columns(seed, other, folder / "RF00005.sto")


def test_a_family_without_a_seed_has_no_rows(folder, tmp_path):
    (model,) = read_models([folder / "RF00042.cm"])
    for seeds in (None, folder, tmp_path):
        alignment = family_alignment(model, seeds)
        assert alignment.names == ()
        assert alignment.letters.shape == (0, 92)


def test_members_are_rows_after_the_seed_if_their_sequence_is_given(folder, trna):
    sequence = "AAA" + trna.consensus[:30] + "GG" + trna.consensus[32:]
    columns = [*range(30), -1, -1, *range(32, 71)]
    row = {"family": "RF00005", "model": trna.digest, "start": 3, "columns": columns}
    table = pd.DataFrame(
        [
            {"chain_id": "seen", **row},
            {"chain_id": "hidden", **row},
            {"chain_id": "seen", **row, "model": "another"},
        ]
    )
    alignment = family_alignment(trna, folder, table, {"seen": sequence})
    assert alignment.names[967:] == ("seen",)
    (text,) = texts(alignment.letters[967:])
    assert text == trna.consensus[:30] + "--" + trna.consensus[32:]


def test_rows_lie_over_the_chain_without_their_insertions():
    alignment = FamilyAlignment("f", ("a", "b"), letters("ACGU-A", "A-GUCA"))
    columns = np.array([1, 2, -1, 4, 5])
    over = align_to_chain(alignment, columns, start=2, length=9)
    assert texts(over) == ["--CG--A--", "---G-CA--"]


def test_identity_counts_places_where_both_have_a_base():
    identity, coverage = compare_rows(letters("ACGU", "AC--", "NNGA", "----"), "ACGG")
    assert identity == pytest.approx([0.75, 1.0, 0.5, 0.0])
    assert coverage == pytest.approx([1.0, 0.5, 0.5, 0.0])
    _, coverage = compare_rows(letters("ACGU"), "ACNN")
    assert coverage == pytest.approx([0.5])


def test_copies_fragments_and_the_chain_itself_are_not_chosen():
    rows = letters("ACGU", "ACGA", "ACGA", "A---", "UCGA", "----")
    identity, coverage = compare_rows(rows, "ACGU")
    chosen = choose_rows(rows, identity, coverage, min_coverage=0.5, max_depth=9)
    assert chosen.tolist() == [1, 4]


def test_many_rows_are_thinned_evenly_along_their_identity():
    generator = np.random.default_rng(0)
    rows = generator.choice(letters("ACGU")[0], size=(300, 40))
    identity, coverage = compare_rows(rows, "ACGU" * 10)
    everything = choose_rows(rows, identity, coverage, 0.0, 300)
    chosen = choose_rows(rows, identity, coverage, 0.0, 25)
    assert len(chosen) == 25
    assert (np.diff(identity[chosen]) <= 0).all()
    assert chosen[0] == everything[0]
    assert chosen[-1] == everything[-1]
    median = np.median(identity[everything])
    assert np.median(identity[chosen]) == pytest.approx(median, abs=0.03)


def test_seeds_of_the_shared_folder_fit_their_models(shared_data):
    models = read_models([shared_data / "rfam"])
    fitting, pairs = [], []
    for model in models:
        try:
            alignment = family_alignment(model, shared_data / "rfam" / "seeds_3d")
        except InputError as error:
            assert "too far from the model's release" in str(error)
            continue
        if alignment.names:
            fitting.append(model.family)
            sides = [alignment.letters[:, side].view("S1").astype(str) for side in model.pairs.T]
            pairs.append(np.char.add(*sides))
    assert len(fitting) == 93
    # What the columns mean is right where the model's pairs are pairs in the seed.
    for family, of_family in zip(fitting, pairs, strict=True):
        whole = of_family[~np.char.count(of_family, "-").astype(bool)]
        good = np.isin(whole, ["AU", "UA", "GC", "CG", "GU", "UG"]).mean()
        assert good > 0.7, family
