"""Pairs from files: every kind round trip, and what is wrong with a file is said."""

import hashlib

import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.secondary.dot_bracket import to_dot_bracket
from rna_predict.secondary.files import PairFiles, parse_pairs
from rna_predict.secondary.fold import fold_chains
from rna_predict.secondary.viennarna import FLOOR, ViennaRNA

SEQUENCE = "GGAACCAACCAGGAUU"
KNOT = "((..[[.))..]]..."
PAIRS = [(0, 8), (1, 7), (4, 12), (5, 11)]


def listed(pairs):
    return dict(zip(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True),
                    pairs.probability.tolist(), strict=True))  # fmt: skip


def bpseq(sequence, pairs):
    partner = {a: b for i, j in pairs for a, b in ((i, j), (j, i))}
    lines = [f"{k + 1} {letter} {partner.get(k, -1) + 1}" for k, letter in enumerate(sequence)]
    return "\n".join(lines) + "\n"


def posteriors(sequence, folding):
    rows = {k: [] for k in range(len(sequence))}
    for i, j, p in zip(folding.i, folding.j, folding.probability, strict=True):
        rows[int(i)].append(f"{j + 1}:{p:.6g}")
    return "".join(" ".join([str(k + 1), sequence[k], *rows[k]]) + "\n" for k in rows)


HARD = {
    "alone": KNOT,
    "after the sequence": f"{SEQUENCE}\n{KNOT}\n",
    "with name and energy": f">x some words\n{SEQUENCE}\n{KNOT} (-3.40)\n",
    "sequence of several lines": f"{SEQUENCE[:7]}\n{SEQUENCE[7:]}\n\n{KNOT}\n",
    "DNA letters in lower case": f"{SEQUENCE.replace('U', 'T').lower()}\n{KNOT}\n",
    "two headers": f">x\n{SEQUENCE}\n>structure\n{KNOT}\n",
    "bpseq": "# written by hand\n" + bpseq(SEQUENCE, PAIRS),
    "list": "".join(f"{i + 1}\t{j + 1}\t1.0\n" for i, j in PAIRS),
    "list both ways round": "".join(f"{i + 1} {j + 1} 1\n{j + 1} {i + 1} 1\n" for i, j in PAIRS),
    "list with a header": "i j p\n" + "".join(f"{i + 1} {j + 1} 1\n" for i, j in PAIRS),
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_one_structure_has_pairs_of_probability_one(tmp_path, text):
    (tmp_path / "x_A.dbn").write_text(text)
    folding = PairFiles(tmp_path, 0.01, 0).fold(SEQUENCE, ["x_A"])
    assert listed(folding) == dict.fromkeys(PAIRS, 1.0)
    assert folding.mea == KNOT
    assert folding.entropy == 0


def test_soft_probabilities_come_back_from_every_kind_of_file(tmp_path, monkeypatch):
    import RNA

    sequence = "GGGAAACCCAUUGGCAAAGCC"
    known = ViennaRNA(0.0, 0).fold(sequence)
    rows = zip(known.i + 1, known.j + 1, known.probability, strict=True)
    (tmp_path / "list.bpp").write_text("".join(f"{i} {j} {p:.4e}\n" for i, j, p in rows) + "\n")
    (tmp_path / "rows.tsv").write_text(posteriors(sequence, known))
    RNA.pf_fold(sequence)  # the plot shows what was folded last
    assert RNA.PS_dot_plot(sequence, str(tmp_path / "plot_dp.ps")) == 1
    for name in ("list", "rows", "plot"):
        folding = PairFiles(tmp_path, 10 * FLOOR, 0).fold(sequence, [name])
        kept = known.probability >= 10 * FLOOR
        assert np.array_equal(folding.i, known.i[kept]), name
        assert np.array_equal(folding.j, known.j[kept]), name
        np.testing.assert_allclose(folding.probability, known.probability[kept], atol=1e-4)
        assert folding.mea == known.mea
        assert folding.entropy == pytest.approx(known.entropy, abs=1e-3)


def test_predicted_structures_of_the_example_come_back(tmp_path, example_chains):
    probabilities, structures = fold_chains(example_chains, ViennaRNA(0.01, 0))
    sequences = {chain.name: chain.sequence for chain in example_chains}
    for row in structures.itertuples():
        text = f">{row.chain_id}\n{sequences[row.chain_id]}\n{row.mfe} ({row.mfe_energy:.2f})\n"
        (tmp_path / f"{row.chain_id}.dbn").write_text(text)
    read, again = fold_chains(example_chains, PairFiles(tmp_path, 0.01, 0))
    assert again["mea"].tolist() == structures["mfe"].tolist()
    assert (read["probability"] == 1).all()
    assert set(probabilities["chain_id"]) >= set(read["chain_id"])


def test_span_and_probability_bound_what_a_file_says(tmp_path):
    (tmp_path / "x.bpp").write_text("1 16 0.9\n2 9 0.6\n3 8 0.2\n")
    assert set(listed(PairFiles(tmp_path, 0.5, 0).fold(SEQUENCE, ["x"]))) == {(0, 15), (1, 8)}
    assert set(listed(PairFiles(tmp_path, 0.5, 8).fold(SEQUENCE, ["x"]))) == {(1, 8)}


def test_a_chain_takes_its_own_file_then_that_of_its_sequence_then_its_parents(tmp_path):
    source = PairFiles(tmp_path, 0.01, 0)
    names = ["x_A~swap1", "x_A"]

    def first_pair():
        return min(listed(source.fold(SEQUENCE, names)))

    (tmp_path / "x_A.dbn").write_text("A" * len(SEQUENCE) + f"\n{KNOT}\n")
    assert first_pair() == (0, 8)  # the parent's letters need not be the copy's
    digest = hashlib.sha256(SEQUENCE.encode()).hexdigest()
    (tmp_path / f"{digest}.bpp").write_text("2 9 0.5\n")
    assert first_pair() == (1, 8)
    (tmp_path / "x_A~swap1.bpp").write_text("3 9 0.5\n")
    assert first_pair() == (2, 8)


def test_unknown_residues_agree_with_any_letter(tmp_path):
    (tmp_path / "x.dbn").write_text("GNAAC\n(...)\n")
    assert len(PairFiles(tmp_path, 0.01, 0).fold("NGAAC", ["x"]).i) == 1


def test_a_chain_without_a_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no pairs of 1abc_A; looked for 1abc_A\{\.dbn,"):
        PairFiles(tmp_path, 0.01, 0).fold(SEQUENCE, ["1abc_A"])


def test_two_files_of_one_chain_are_refused(tmp_path):
    for suffix in (".dbn", ".db"):
        (tmp_path / f"x{suffix}").write_text(KNOT)
    with pytest.raises(InputError, match=r"expected one file of x, got x\.dbn, x\.db"):
        PairFiles(tmp_path, 0.01, 0).fold(SEQUENCE, ["x"])


def test_no_name_leads_out_of_the_folder(tmp_path):
    (tmp_path / "secret.dbn").write_text(KNOT)
    (tmp_path / "files").mkdir()
    with pytest.raises(InputError, match="cannot be the name of a file"):
        PairFiles(tmp_path / "files", 0.01, 0).fold(SEQUENCE, ["../secret"])


def test_an_absent_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="expected a folder"):
        PairFiles(tmp_path / "absent", 0.01, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found nothing"),
        ("# nothing\n>x\n", "found nothing"),
        (SEQUENCE, "found none"),
        ("((..))", "6 residues, but the chain has 16"),
        ("GGAACC\n((..))\n", "6 residues, but the chain has 16"),
        (f"{SEQUENCE}\n((..))\n", "16 letters, but 6 brackets"),
        (f"GGAACCAACCAGGAUA\n{KNOT}\n", "residue 16 is A, but U in the chain"),
        (f"{SEQUENCE}\n(((.............\n", "never closed"),
        (f"{SEQUENCE}\n{KNOT}\n{KNOT}\n", "line 3: expected one structure"),
        ("1 9 0.5\n2 eight 0.5\n", "line 2: .*got '2 eight 0.5'"),
        ("1 9 0.5\n2 8\n", "line 2: expected 'i j probability'"),
        ("0 9 0.5\n", "expected positions of 1 to 16, got 0"),
        ("1 17 0.5\n", "expected positions of 1 to 16, got 1 to 17"),
        ("3 3 0.5\n", "residue 3 is paired with itself"),
        ("1 9 1.5\n", "expected probabilities of 0 to 1, got 1.5"),
        ("1 9 -0.5\n", "expected probabilities"),
        ("1 9 nan\n", "expected probabilities"),
        ("1 9 0.8\n1 10 0.8\n", "residue 1 is paired with probability 1.600"),
        ("1 9 0.8\n9 1 0.7\n", "pair 1 9 has two probabilities"),
        ("1 G 9\n3 A 0\n", "line 2: expected residue 2"),
        ("%!PS-Adobe-3.0\n1 9 0.5 ubox\n", "found no /sequence"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, text, message):
    (tmp_path / "x.dbn").write_text(text)
    with pytest.raises(InputError, match=message) as error:
        PairFiles(tmp_path, 0.01, 0).fold(SEQUENCE, ["x"])
    assert "x.dbn" in str(error.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "x.dbn").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match=r"x\.dbn: cannot be read"):
        PairFiles(tmp_path, 0.01, 0).fold(SEQUENCE, ["x"])


def test_digits_that_add_up_to_slightly_more_than_one_are_scaled(tmp_path):
    (tmp_path / "x.bpp").write_text("1 9 0.504\n1 10 0.501\n")
    folding = PairFiles(tmp_path, 0.01, 0).fold(SEQUENCE, ["x"])
    assert folding.probability.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(10))
def test_random_structures_survive_dot_bracket_and_bpseq(seed):
    rng = np.random.default_rng(seed)
    ends = rng.permutation(40)[:16].reshape(-1, 2)
    pairs = sorted((int(min(row)), int(max(row))) for row in ends)
    sequence = "".join(rng.choice(list("ACGU"), 40))
    for text in (f"{sequence}\n{to_dot_bracket(pairs, 40)}\n", bpseq(sequence, pairs)):
        found = parse_pairs(text, "x")
        assert found.sequence == sequence
        assert listed(found) == dict.fromkeys(pairs, 1.0)
