from dataclasses import replace

import pytest

from rna_predict.errors import InputError
from rna_predict.structure.funnel import COUNTS, STEPS, count_funnel
from rna_predict.structure.rejects import Reject, as_table
from rna_predict.structure.store import write_chains

REJECTS = [
    Reject("1aaa", "", "not_fetched", "offline"),
    Reject("1bbb", "", "unreadable", "empty"),
    Reject("1ccc", "A", "not_rna", "8 dna", 1, 8),
    Reject("1ccc", "", "not_rna", "no RNA chain"),
    Reject("1ddd", "A", "too_short", "3 nt", 1, 3),
    Reject("1ddd", "B", "too_short", "4 nt", 1, 4),
]


@pytest.fixture
def tables(tmp_path, example_chains, write_manifest):
    """Write a store of two entries, one of them with two models, and some rejects."""
    first, second = example_chains[0], example_chains[-1]
    chains = [first, replace(first, model=2), second]

    def write(rejects, failed=("1aaa",)):
        rejects = [
            *rejects,
            Reject(first.entry, "Z", "duplicate", "of chain A", 1, 10),
            Reject(first.entry, "Z", "duplicate", "of chain A", 2, 10),
            Reject(first.entry, first.chain, "chain_id_reused", "2 residues", 1, 2),
            Reject(first.entry, first.chain, "chain_id_reused", "2 residues", 2, 2),
        ]
        entries = sorted({row.entry for row in rejects} | {second.entry} - set(failed))
        manifest = write_manifest([tmp_path / entry for entry in entries if entry not in failed])
        other = write_manifest([], failed, name="other.tsv")
        as_table(rejects, Reject).to_csv(tmp_path / "rejected.tsv", sep="\t", index=False)
        write_chains(chains, tmp_path / "chains.parquet")
        return [manifest, other], tmp_path / "rejected.tsv", tmp_path / "chains.parquet"

    return write, chains


def test_each_step_takes_away_what_its_reason_says(tables):
    write, chains = tables
    funnel = count_funnel(*write(REJECTS)).set_index("removes")
    n, m = len(chains[0]), len(chains[-1])
    gone = {
        "not_fetched": (1, 0, 0, 0),
        "unreadable": (1, 0, 0, 0),
        "not_rna": (1, 1, 1, 8),
        "chain_id_reused": (0, 1, 2, 4),
        "too_short": (1, 2, 2, 7),
        "duplicate": (0, 1, 2, 20),
    }
    for reason, row in funnel.iterrows():
        difference = [row[f"{what}_in"] - row[f"{what}_out"] for what in COUNTS]
        assert difference == list(gone.get(reason, (0, 0, 0, 0))), reason
    assert [funnel[f"{what}_out"].iloc[-1] for what in COUNTS] == [2, 2, 3, 2 * n + m]


def test_what_goes_out_of_a_step_goes_into_the_next(tables):
    funnel = count_funnel(*tables[0](REJECTS))
    assert funnel["removes"].tolist() == ["", *(reason for _, reason in STEPS), ""]
    for what in COUNTS:
        assert funnel[f"{what}_out"].tolist()[:-1] == funnel[f"{what}_in"].tolist()[1:]
    assert funnel["entries_in"].iloc[0] == 6


def test_an_entry_in_no_table_is_an_error(tables):
    with pytest.raises(InputError, match="entry 1bbb is neither kept nor rejected"):
        manifests, rejected, chains = tables[0](REJECTS)
        text = rejected.read_text().replace("1bbb\t", "1aaa\t")
        rejected.write_text(text)
        count_funnel(manifests, rejected, chains)
    with pytest.raises(InputError, match="entry 1zzz is not in the list"):
        manifests, rejected, chains = tables[0](REJECTS)
        rejected.write_text(rejected.read_text() + "1zzz\t\tunreadable\tempty\t0\t0\n")
        count_funnel(manifests, rejected, chains)


def test_tables_of_another_form_are_named(tables, tmp_path):
    manifests, rejected, chains = tables[0](REJECTS)
    with pytest.raises(InputError, match=r"rejected.tsv: unknown reason 'ugly'"):
        rejected.write_text(rejected.read_text().replace("unreadable", "ugly"))
        count_funnel(manifests, rejected, chains)
    with pytest.raises(InputError, match=r"absent: expected a table of rejects"):
        count_funnel(manifests, tmp_path / "absent", chains)
    with pytest.raises(InputError, match=r"manifest.tsv: expected a table of rejects"):
        count_funnel(manifests, manifests[0], chains)
    manifests, rejected, _ = tables[0](REJECTS)
    with pytest.raises(InputError, match=r"rejected.tsv: expected a chain store"):
        count_funnel(manifests, rejected, rejected)
