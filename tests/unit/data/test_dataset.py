"""Examples of a split, and the guard against the others."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.constants import slot_mask
from rna_predict.data.dataset import ExampleSet, load_examples
from rna_predict.errors import InputError
from rna_predict.structure.store import write_chains


@pytest.fixture
def chains(make_chain):
    sequences = ["GGGAAACCC", "GCGCAAAAGCGC", "AUAUGGAUAU", "CCCCUUGGGG"]
    return [make_chain(f"{k}abc", sequence, k) for k, sequence in enumerate(sequences, 1)]


@pytest.fixture
def paths(tmp_path, chains, make_tables):
    return make_tables(
        tmp_path, {"train": chains[:2], "validation": chains[2:3], "test": chains[3:]}
    )


def copy_of(chain, tier="pair_swap", chain_id="A~swap1"):
    return replace(chain, chain=chain_id, parent=chain.name, tier=tier)


@pytest.fixture
def with_copies(tmp_path, paths, make_annotations):
    def write(copies):
        files = [tmp_path / f"augmented_{name}" for name in ("angles", "pairs", "probabilities")]
        write_chains(copies, tmp_path / "augmented")
        make_annotations(copies, *files)
        return replace(
            paths,
            augmented=tmp_path / "augmented",
            augmented_angles=files[0],
            augmented_probabilities=files[2],
        )

    return write


@pytest.mark.parametrize(
    ("split", "names"),
    [("train", ["1abc_A", "2abc_A"]), ("validation", ["3abc_A"]), ("test", ["4abc_A"])],
)
def test_only_chains_of_the_split_are_loaded(paths, split, names):
    assert [example.name for example in load_examples(paths, split).examples] == names


def test_example_joins_the_tables_of_its_chain(paths, chains):
    example = load_examples(paths, "train").examples[1]
    name, inputs, truth = example.crop(np.arange(2, 12))
    assert name == "2abc_A"
    assert inputs["pair_probability"].sum() == 0
    whole = example.crop()
    assert whole[1]["pair_probability"][0, 11] == 0.75
    assert whole[2].pair_contacts[11, 0]
    assert truth.torsion_mask[0].all()
    assert not whole[2].torsion_mask[0, 0]


def test_copies_come_with_their_parents_pairs(with_copies, chains):
    examples = load_examples(with_copies([copy_of(chains[0])]), "train")
    (copy,) = examples.copies
    assert copy.origin == "1abc_A"
    assert copy.pairs.tolist() == [[0, 8]]
    assert len(copy.likely_pairs) == 1


def test_noise_is_no_change_of_torsions(with_copies, chains):
    noise = np.random.default_rng(0).normal(size=chains[0].coords.shape).astype(np.float32)
    moved = chains[0].with_coords(chains[0].coords + noise)
    noisy, swapped = copy_of(moved, "coordinates", "A~coordinates1"), copy_of(moved)
    examples = load_examples(with_copies([noisy, swapped]), "train")
    parent, (noisy, swapped) = examples.examples[0], examples.copies
    np.testing.assert_array_equal(noisy.torsions, parent.torsions)
    assert not np.array_equal(swapped.torsions, parent.torsions, equal_nan=True)


def test_validation_and_test_have_no_copies(with_copies, chains):
    paths = with_copies([copy_of(chains[0])])
    assert load_examples(paths, "validation").copies == ()


def test_examples_have_what_their_families_tell(paths, chains, make_family_tables):
    known = {"1abc_A": chains[0].sequence, "4abc_A": chains[3].sequence}
    first, second = load_examples(make_family_tables(paths, known), "train").examples
    assert first.consensus[0].tolist() == [[1, 7]]
    assert first.homologs.shape == (3, 9)
    assert second.homologs.shape == (0, 12) and len(second.consensus[0]) == 0
    _, inputs, _ = first.crop(np.arange(1, 8))
    assert inputs["consensus_probability"].nonzero().tolist() == [[0, 6], [6, 0]]
    assert inputs["msa"].shape == (3, 7)
    assert first.crop(msa=first.homologs[:1])[1]["msa"].shape == (1, 9)


def test_copies_have_the_family_of_their_parent_as_far_as_their_letters_pair(
    paths, chains, with_copies, make_family_tables
):
    kept = copy_of(chains[0])
    changed = replace(
        copy_of(chains[0], chain_id="A~swap2"), sequence="GGGAAACAC", residue_names=("N",) * 9
    )
    mask = slot_mask()[changed.kinds] & changed.atom_mask
    changed = replace(
        changed,
        atom_mask=mask,
        coords=np.where(mask[..., None], changed.coords, np.nan).astype(np.float32),
    )
    tables = make_family_tables(with_copies([kept, changed]), {"1abc_A": chains[0].sequence})
    kept, changed = load_examples(tables, "train").copies
    assert kept.consensus[0].tolist() == [[1, 7]]
    assert len(changed.consensus[0]) == 0
    assert kept.homologs.shape == changed.homologs.shape == (3, 9)


def test_family_tables_of_another_chain_are_refused(paths, chains, make_family_tables):
    tables = make_family_tables(paths, {"1abc_A": chains[1].sequence})
    with pytest.raises(InputError, match="chain 1abc_A: family tables are not of 9 residues"):
        load_examples(tables, "train")


@pytest.mark.parametrize("parent", [2, 3])
def test_copy_of_a_chain_outside_training_is_refused(with_copies, chains, parent):
    with pytest.raises(InputError, match=f"expected {chains[parent].name} in the split 'train'"):
        load_examples(with_copies([copy_of(chains[parent])]), "train")


def test_copy_under_the_name_of_a_chain_is_refused(with_copies, chains):
    planted = replace(chains[3], parent="1abc_A", tier="pair_swap")
    with pytest.raises(InputError, match="not an augmented copy"):
        load_examples(with_copies([planted]), "train")


def test_copy_of_an_unknown_chain_is_refused(with_copies, chains):
    planted = replace(chains[3], chain="A~swap1", parent="9xyz_A", tier="pair_swap")
    with pytest.raises(InputError, match="it is in none"):
        load_examples(with_copies([planted]), "train")


def test_test_chain_planted_among_training_examples_is_refused(paths):
    training, test = load_examples(paths, "train"), load_examples(paths, "test")
    with pytest.raises(InputError, match="expected 4abc_A in the split 'train', it is in 'test'"):
        replace(training, examples=training.examples + test.examples)


def test_test_chain_cannot_pose_as_a_copy(paths):
    training, test = load_examples(paths, "train"), load_examples(paths, "test")
    with pytest.raises(InputError, match="4abc_A"):
        replace(training, copies=test.examples)


def test_chain_without_a_split_is_refused(paths):
    table = pd.read_csv(paths.splits, sep="\t")
    table[table["chain_id"] != "2abc_A"].to_csv(paths.splits, sep="\t", index=False)
    with pytest.raises(InputError, match="no split for 2abc_A"):
        load_examples(paths, "train")


def test_chain_of_the_split_that_is_not_stored_is_refused(paths, chains):
    write_chains(chains[1:], paths.chains)
    with pytest.raises(InputError, match="missing: 1abc_A"):
        load_examples(paths, "train")


def test_chain_without_torsions_is_refused(paths):
    table = pd.read_parquet(paths.angles)
    table[table["chain_id"] != "2abc_A"].to_parquet(paths.angles)
    with pytest.raises(InputError, match="no row of chain 2abc_A"):
        load_examples(paths, "train")


def test_table_that_does_not_fit_the_chain_is_refused(paths):
    table = pd.read_parquet(paths.probabilities)
    table.assign(j=40).to_parquet(paths.probabilities)
    with pytest.raises(InputError, match="residue 40 of a chain of 9"):
        load_examples(paths, "train")


def test_empty_split_is_refused():
    with pytest.raises(InputError, match="no chain in it"):
        ExampleSet("validation", (), {})


@pytest.fixture
def dated(tmp_path, chains, make_tables):
    """Give a data set with dates: 2010 in training and validation, 2020 in the test split."""
    dates = ("2010-06-01", "2010-06-01", "2010-06-01", "2020-01-01")
    chains = [replace(c, release_date=date) for c, date in zip(chains, dates, strict=True)]
    parts = {"train": chains[:2], "validation": chains[2:3], "test": chains[3:]}
    return make_tables(tmp_path, parts), chains


def test_chains_before_the_cut_off_and_all_of_the_test_split_pass(dated):
    for split in ("train", "validation", "test"):
        assert load_examples(dated[0], split, "2010-06-02").cutoff == "2010-06-02"


@pytest.mark.parametrize("split", ["train", "validation"])
def test_chain_of_the_day_of_the_cut_off_is_refused(dated, split):
    with pytest.raises(InputError, match="before the cut-off 2010-06-01, got 2010-06-01"):
        load_examples(dated[0], split, "2010-06-01")


def test_chain_without_a_date_is_refused_where_there_is_a_cut_off(dated):
    paths, chains = dated
    write_chains([replace(chains[0], release_date=""), *chains[1:]], paths.chains)
    assert load_examples(paths, "train").examples
    with pytest.raises(InputError, match="chain 1abc_A: .* cut-off 2015-01-01, got no date"):
        load_examples(paths, "train", "2015-01-01")


def test_young_copy_of_an_old_chain_is_refused(dated, make_annotations, tmp_path):
    paths, chains = dated
    copy = replace(copy_of(chains[0]), release_date="2030-01-01")
    training = load_examples(paths, "train", "2015-01-01")
    (example, *_) = training.examples
    with pytest.raises(InputError, match="chain 1abc_A~swap1: .* got 2030-01-01"):
        replace(training, copies=(replace(example, chain=copy),))
