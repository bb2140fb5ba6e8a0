import io
import re

import numpy as np
import pytest
from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence
from pyinfernal.cm import CMFile, Pipeline

from rna_predict.errors import InputError
from rna_predict.families.covariance_models import model_files, read_models


@pytest.fixture(scope="module")
def folder(root):
    return root / "config" / "example" / "rfam"


@pytest.fixture(scope="module")
def trna(folder):
    (model,) = read_models([folder / "tRNA.c.cm"])
    return model


def test_the_header_is_read(trna):
    assert (trna.family, trna.name, trna.length, trna.threshold) == ("RF00005", "tRNA", 71, 24.0)
    assert trna.consensus.startswith("GGGGAUGUAGCUCAGUGGU")


def test_a_trna_is_a_cloverleaf(trna):
    stems = np.split(trna.pairs, np.flatnonzero(np.diff(trna.pairs[:, 0]) > 2) + 1)
    assert [len(stem) for stem in stems] == [7, 4, 5, 5]
    assert all((stem.sum(axis=1) == stem[0].sum()).all() for stem in stems)


def printed_structure(model):
    """Give the consensus structure that Infernal prints with the model's own consensus."""
    alphabet = Alphabet.rna()
    text = TextSequence(name="consensus", sequence=model.consensus)
    with CMFile(io.BytesIO(model.read()), alphabet=alphabet) as file:
        cm = file.read()
    block = DigitalSequenceBlock(alphabet, [text.digitize(alphabet)])
    alignment = Pipeline(alphabet, 1_000_000).search_cm(cm, block)[0].alignment
    assert alignment.cm_sequence.upper() == alignment.target_sequence == model.consensus
    return next(line.split()[0] for line in str(alignment).splitlines() if line.endswith(" CS"))


def brackets(text):
    """Give the pairs of Infernal's notation, whatever the kind of bracket."""
    pairs, stack = [], []
    for place, letter in enumerate(text):
        if letter in "(<[{":
            stack.append(place)
        elif letter in ")>]}":
            pairs.append((stack.pop(), place))
    return sorted(pairs)


@pytest.mark.parametrize("name", ["tRNA.c.cm", "RF00029.cm", "RF00042.cm", "RF00107.cm"])
def test_pairs_are_those_that_infernal_prints(folder, name):
    (model,) = read_models([folder / name])
    assert [tuple(pair) for pair in model.pairs.tolist()] == brackets(printed_structure(model))


def test_structures_of_all_shared_models_are_nested_pairs_of_the_right_length(shared_data):
    models = read_models([shared_data / "rfam"])
    assert len({model.family for model in models}) == 110
    for model in models:
        i, j = model.pairs.T
        assert len(np.unique(model.pairs)) == 2 * len(i), model.name
        assert ((i[:-1] < i[1:]) & ((i[1:] > j[:-1]) | (j[1:] < j[:-1]))).all(), model.name
        letters = np.array(list(model.consensus))
        good = np.isin(np.char.add(letters[i], letters[j]), ["AU", "UA", "GC", "CG", "GU", "UG"])
        assert good.mean() > 0.8, model.name


def test_a_model_is_read_back_whole_from_its_place(folder, tmp_path):
    texts = [(folder / name).read_bytes() for name in ("RF00029.cm", "tRNA.c.cm")]
    (tmp_path / "both.cm").write_bytes(b"".join(texts))
    models = read_models([tmp_path / "both.cm"])
    assert [model.read() for model in models] == texts


def test_a_model_given_twice_counts_once(folder, tmp_path):
    (tmp_path / "copy.cm").write_bytes((folder / "tRNA.c.cm").read_bytes())
    models = read_models([folder, tmp_path])
    assert len(models) == 4
    assert len({model.digest for model in models}) == 4


def test_a_model_without_accession_or_threshold_is_read(folder, tmp_path, trna):
    text = re.sub(r"^(ACC|GA) .*\n", "", (folder / "tRNA.c.cm").read_text(), flags=re.MULTILINE)
    (tmp_path / "plain.cm").write_text(text)
    (model,) = read_models([tmp_path / "plain.cm"])
    assert model.family == model.name == "tRNA"
    assert np.isnan(model.threshold)
    assert (model.pairs == trna.pairs).all()
    assert model.digest != trna.digest


def test_an_uncalibrated_model_is_refused_by_name(folder, tmp_path):
    lines = (folder / "RF00042.cm").read_text().splitlines(keepends=True)
    plain = tmp_path / "both.cm"
    calibrated = (folder / "tRNA.c.cm").read_text()
    plain.write_text(calibrated + "".join(line for line in lines if line[:5] != "ECMGI"))
    with pytest.raises(InputError, match="CopA.*not calibrated \\(no ECMGI\\); run cmcalibrate"):
        read_models([plain])


def test_files_that_are_no_models_are_refused(folder, tmp_path):
    text = tmp_path / "text.cm"
    text.write_text("hello\n")
    with pytest.raises(InputError, match="expected covariance models"):
        read_models([text])
    cut = tmp_path / "cut.cm"
    cut.write_text((folder / "tRNA.c.cm").read_text()[:9000])
    with pytest.raises(InputError, match="cut.cm: cut short in model 'tRNA'"):
        read_models([cut])
    (tmp_path / "short.cm").write_text((folder / "tRNA.c.cm").read_text().replace("MATP", "MATL"))
    with pytest.raises(InputError, match="has 50 columns, its header says 71"):
        read_models([tmp_path / "short.cm"])
    for absent in (tmp_path / "absent.cm", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(InputError, match="expected a file of covariance models or a folder"):
            model_files([absent])
    with pytest.raises(InputError, match="no covariance models were given"):
        model_files([])
