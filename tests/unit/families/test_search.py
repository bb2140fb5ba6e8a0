import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.families.search import check_calibrated, search_families
from rna_predict.structure.chain import model_chain

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"


def chain(name, sequence):
    return model_chain(name, sequence, np.full((len(sequence), 23, 3), np.nan, dtype=np.float32))


@pytest.fixture(scope="module")
def models(root):
    return root / "config" / "example" / "rfam"


def test_a_trna_is_found_where_it_lies(models):
    chains = [chain("flanked", "AAAAAAA" + TRNA + "AAAAA"), chain("other", "ACGU" * 10)]
    table = search_families(chains, [models / "tRNA.c.cm"], 1.0, 1.0)
    (row,) = table.itertuples()
    assert (row.chain_id, row.family, row.family_name) == ("flanked_A", "RF00005", "tRNA")
    assert (row.start, row.end) == (7, 80)
    assert row.score > 50
    assert row.evalue < 1e-9


def test_example_trnas_are_labelled_and_other_chains_are_not(models, example_chains):
    table = search_families(example_chains, [models], 1e-3, 1.0)
    labels = set(zip(table["chain_id"], table["family"], strict=True))
    assert labels == {
        ("1ehz_A", "RF00005"),
        ("1evv_A", "RF00005"),
        ("6tna_A", "RF00005"),
        ("1kxk_A", "RF00029"),
    }


def test_equal_sequences_get_equal_rows_in_the_order_of_the_chains(models):
    chains = [chain("b", TRNA), chain("x", "ACGU" * 10), chain("a", TRNA)]
    table = search_families(chains, [models / "tRNA.c.cm"], 1.0, 1.0)
    assert list(table["chain_id"]) == ["b_A", "a_A"]
    assert table["evalue"].nunique() == 1


def test_evalues_are_proportional_to_the_stated_database(models):
    small, large = (
        search_families([chain("x", TRNA)], [models / "tRNA.c.cm"], 1.0, size)["evalue"].item()
        for size in (1.0, 10.0)
    )
    assert large == pytest.approx(10 * small, rel=1e-3)


def test_hits_above_the_evalue_are_not_reported(models):
    half = [chain("x", TRNA[:40])]
    everything = search_families(half, [models / "tRNA.c.cm"], 1e5, 1.0)
    least = everything["evalue"].min()
    assert search_families(half, [models / "tRNA.c.cm"], least / 2, 1.0).empty


def test_no_chains_give_an_empty_table_of_the_same_types(models):
    full = search_families([chain("x", TRNA)], [models / "tRNA.c.cm"], 1.0, 1.0)
    empty = search_families([], [models / "tRNA.c.cm"], 1.0, 1.0)
    assert len(empty) == 0
    assert dict(empty.dtypes) == dict(full.dtypes)


def test_sequences_too_short_for_a_model_are_no_error(models):
    chains = [chain("x", "A"), chain("y", "NN"), chain("z", "NNNNNNNNNN")]
    assert search_families(chains, [models / "tRNA.c.cm"], 1.0, 1.0).empty


def test_an_uncalibrated_model_is_refused_by_name(models, tmp_path):
    lines = (models / "RF00042.cm").read_text().splitlines(keepends=True)
    plain = tmp_path / "both.cm"
    calibrated = (models / "tRNA.c.cm").read_text()
    plain.write_text(calibrated + "".join(line for line in lines if line[:5] != "ECMGI"))
    with pytest.raises(InputError, match="CopA.*not calibrated \\(no ECMGI\\); run cmcalibrate"):
        search_families([chain("x", TRNA)], [plain], 1.0, 1.0)
    check_calibrated(models / "RF00042.cm")


def test_files_that_are_no_models_are_refused(models, tmp_path):
    text = tmp_path / "text.cm"
    text.write_text("hello\n")
    with pytest.raises(InputError, match="expected covariance models"):
        search_families([chain("x", TRNA)], [text], 1.0, 1.0)
    cut = tmp_path / "cut.cm"
    cut.write_text((models / "tRNA.c.cm").read_text()[:9000])
    with pytest.raises(InputError, match="cut.cm: cut short in model 'tRNA'"):
        search_families([chain("x", TRNA)], [cut], 1.0, 1.0)
    spoiled = tmp_path / "spoiled.cm"
    spoiled.write_text((models / "tRNA.c.cm").read_text().replace("STATES", "STATEZ"))
    with pytest.raises(InputError, match="spoiled.cm: not readable"):
        search_families([chain("x", TRNA)], [spoiled], 1.0, 1.0)
    with pytest.raises(InputError, match="expected a file of covariance models or a folder"):
        search_families([chain("x", TRNA)], [tmp_path / "absent.cm"], 1.0, 1.0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="expected a file of covariance models or a folder"):
        search_families([chain("x", TRNA)], [tmp_path / "empty"], 1.0, 1.0)
    with pytest.raises(InputError, match="positive"):
        search_families([chain("x", TRNA)], [models], 0.0, 1.0)
