import shutil
import subprocess

import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.clans import LEAST_OVERLAP, clan_of, compete, read_clans

HITS = [  # start, end, group, score, evalue, above the threshold
    (0, 70, "CL1", 60.0, 1e-12, True),
    (2, 68, "CL1", 50.0, 1e-10, True),
    (2, 68, "CL2", 40.0, 1e-8, True),
    (80, 140, "CL1", 30.0, 1e-5, True),
]


def lost(hits):
    return compete(*zip(*hits, strict=True))


def test_of_overlapping_hits_of_a_clan_the_least_evalue_wins():
    assert lost(HITS) == [-1, 0, -1, -1]
    assert lost(HITS[::-1]) == [-1, -1, 3, -1]


def test_the_score_decides_between_equal_evalues():
    one, other = (0, 70, "CL1", 900.0, 0.0, True), (0, 70, "CL1", 1200.0, 0.0, True)
    assert lost([one, other]) == [1, -1]


def test_a_hit_loses_to_winners_only():
    chain = [
        (0, 50, "c", 60.0, 1e-9, True),
        (30, 80, "c", 50.0, 1e-8, True),
        (60, 110, "c", 40.0, 1e-7, True),
    ]
    assert lost(chain) == [-1, 0, -1]


def test_hits_that_touch_by_a_few_residues_do_not_compete():
    length = 100
    first = (0, length, "c", 60.0, 1e-9, True)
    limit = round(LEAST_OVERLAP * length)
    assert lost([first, (length - limit + 1, 2 * length - limit + 1, "c", 50.0, 1e-8, True)])[1] < 0
    assert lost([first, (length - limit, 2 * length - limit, "c", 50.0, 1e-8, True)])[1] == 0


def test_a_member_never_loses_to_a_hit_below_its_threshold():
    weak, member = (0, 70, "c", 60.0, 1e-12, False), (0, 70, "c", 50.0, 1e-10, True)
    assert lost([weak, member]) == [1, -1]


def test_no_hits_do_not_compete():
    assert compete([], [], [], [], [], []) == []


def test_clans_are_read_by_name_and_accession(tmp_path):
    path = tmp_path / "clans"
    path.write_text("# comment\nCL1\ttRNA\tRF01852\n\nCL2 5S_rRNA 5_8S_rRNA\n")
    clans = read_clans(path)
    assert clans == {"tRNA": "CL1", "RF01852": "CL1", "5S_rRNA": "CL2", "5_8S_rRNA": "CL2"}
    assert clan_of("RF00005", "tRNA", clans) == clan_of("RF01852", "tRNA-Sec", clans) == "CL1"
    assert clan_of("RF00029", "Intron_gpII", clans) == "RF00029"


def test_faulty_lists_of_clans_are_refused(tmp_path):
    path = tmp_path / "clans"
    for text, message in (
        ("CL1 a\nCL2 a\n", "line 2: family a is in CL1 and in CL2"),
        ("CL1\n", "line 1: clan CL1 has no family"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_clans(path)
    with pytest.raises(InputError, match="expected a list of clans"):
        read_clans(tmp_path / "absent")


def test_the_example_has_the_clans_of_the_ribosomal_families(root):
    clans = read_clans(root / "config/example/rfam/Rfam.clanin")
    assert clans["SSU_rRNA_bacteria"] == clans["SSU_rRNA_archaea"] == "CL00111"
    assert clans["LSU_rRNA_bacteria"] == clans["LSU_rRNA_eukarya"] == "CL00112"
    assert len(set(clans.values())) == 113


@pytest.mark.tool
@pytest.mark.skipif(shutil.which("cmscan") is None, reason="no cmscan on PATH")
def test_the_winners_are_those_of_cmscan(root, shared_data, tmp_path):
    """Of hits that overlap by more than a tenth; the clan holds three families."""
    from rna_predict.families.covariance_models import read_models

    names = ("Metazoa_SRP", "Bacteria_small_SRP", "Archaea_SRP", "tRNA")
    models = [model for model in read_models([shared_data / "rfam"]) if model.name in names]
    assert len(models) == len(names)
    (tmp_path / "models.cm").write_bytes(b"".join(model.read() for model in models))
    (tmp_path / "clans").write_text(f"CL1 {' '.join(names[:3])}\n")
    texts = {models[k].name: models[k].consensus for k in range(len(models))}
    texts |= {f"half_{name}": text[: len(text) // 2] for name, text in texts.items()}
    (tmp_path / "x.fa").write_text("".join(f">{name}\n{text}\n" for name, text in texts.items()))
    for command in (
        ["cmpress", "models.cm"],
        ["cmscan", "--cpu", "0", "--toponly", "-Z", "1", "-E", "1", "--fmt", "2", "--clanin",
         "clans", "--tblout", "table", "-o", "out", "models.cm", "x.fa"],
    ):  # fmt: skip
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    lines = [line.split() for line in (tmp_path / "table").read_text().splitlines()]
    rows = [words for words in lines if not words[0].startswith("#")]
    table = pd.DataFrame(
        {
            "query": [words[3] for words in rows],
            "start": [int(words[9]) - 1 for words in rows],
            "end": [int(words[10]) for words in rows],
            "group": ["tRNA" if words[1] == "tRNA" else "CL1" for words in rows],
            "score": [float(words[16]) for words in rows],
            "evalue": [float(words[17]) for words in rows],
            "won": [words[19] != "=" for words in rows],
        }
    )
    assert (~table["won"]).sum() >= 5
    for _, hits in table.groupby("query"):
        columns = ("start", "end", "group", "score", "evalue")
        ours = compete(*(hits[name].tolist() for name in columns), [True] * len(hits))
        assert [place < 0 for place in ours] == hits["won"].tolist()
