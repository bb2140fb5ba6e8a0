"""Labels against Rfam's own table of PDB chains: how many agree, and why the others do not."""

import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.clans import read_clans
from rna_predict.families.covariance_models import read_models
from rna_predict.families.infernal import make_program
from rna_predict.families.members import chain_sequences
from rna_predict.families.search import search_families
from rna_predict.structure.mmcif import read_chains

REFERENCE_COLUMNS = (
    "family", "entry", "chain", "start", "end", "score", "evalue", "cm_start", "cm_end", "colour",
    "significant",
)  # fmt: skip


def read_reference(path):
    """Read Rfam's table; ``significant``: the hit did not lose within its clan."""
    table = pd.read_csv(
        path, sep="\t", header=None, names=REFERENCE_COLUMNS, keep_default_na=False,
        dtype={"entry": "str", "chain": "str"},
    )  # fmt: skip
    return table.assign(chain_id=table["entry"] + "_" + table["chain"])


def explain_reference(families, reference, sequences, thresholds):
    """Give the rows of the reference that are hits of our chains and families, and what they are.

    Rfam searched whole deposited sequences: where its region ends past the chain that is here, the
    chain is another, shorter sequence ("cut chain"). Its models are of another release: where its
    own score is below our model's threshold, the threshold rose ("threshold"). "lost": our hit
    passes and a better one of the clan overlaps. "score": our hit has a lower score, below the
    threshold, on other letters or with another model; "none": no hit.
    """
    known = reference["chain_id"].isin(sequences) & reference["family"].isin(thresholds)
    rows = reference[known].reset_index(drop=True)
    passed = families["score"] >= families["family"].map(thresholds)
    keys = {
        name: set(zip(hits["chain_id"], hits["family"], strict=True))
        for name, hits in (
            ("found", families[families["label"]]),
            ("lost", families[passed]),
            ("any", families),
        )
    }
    classes = []
    for row in rows.itertuples():
        key = (row.chain_id, row.family)
        if key in keys["found"] or key in keys["lost"]:
            classes.append("found" if key in keys["found"] else "lost")
        elif row.end > len(sequences[row.chain_id]):
            classes.append("cut chain")
        elif row.score < thresholds[row.family]:
            classes.append("threshold")
        else:
            classes.append("score" if key in keys["any"] else "none")
    whole = rows["end"] <= rows["chain_id"].map(sequences).str.len()
    return rows.assign(kind=classes, whole=whole)


def explain_labels(families, reference):
    """Give the labels and what the reference says of them."""
    labels = families[families["label"]].reset_index(drop=True)
    entry = labels["chain_id"].str.partition("_")[0]
    chains = set(zip(reference["chain_id"], reference["family"], strict=True))
    significant = reference[reference["significant"] == 1]
    won = set(zip(significant["chain_id"], significant["family"], strict=True))
    of_entry = set(zip(reference["entry"], reference["family"], strict=True))
    entries = set(reference["entry"])
    kinds = []
    for chain, family, of in zip(labels["chain_id"], labels["family"], entry, strict=True):
        if (chain, family) in chains:
            kinds.append("agrees" if (chain, family) in won else "not significant there")
        elif (of, family) in of_entry:
            kinds.append("on another chain of the entry there")
        else:
            kinds.append("entry not there" if of not in entries else "not there")
    return labels.assign(kind=kinds)


def compare(shared_data, root, sequences, cache=None):
    """Search chains as the workflow does; give hits, explained reference and explained labels."""
    models = read_models([shared_data / "rfam"])
    clans = read_clans(root / "config/example/rfam/Rfam.clanin")
    families, alignments = search_families(
        sequences, models, make_program("pyinfernal", 1.0, 1.0), clans=clans, cache=cache
    )
    reference = read_reference(shared_data / "rfam/pdb_full_region.txt")
    thresholds = {model.family: model.threshold for model in models}
    rows = explain_reference(families, reference, sequences, thresholds)
    return families, alignments, rows, explain_labels(families, reference)


def agreement(rows, labels):
    """Give recall over the significant regions of whole chains, and precision over all labels."""
    wanted = rows[rows["whole"] & (rows["significant"] == 1)]
    return (wanted["kind"] == "found").mean(), (labels["kind"] == "agrees").mean()


def shared_chains(shared_data, step=1):
    """Read the chains of every so many of the shared entries."""
    chains = []
    for path in sorted((shared_data / "pdb").glob("*.cif.gz"))[::step]:
        try:
            chains += read_chains(path)
        except InputError as error:
            assert "no RNA chain" in str(error)  # L-RNA
    return chains


def test_labels_of_some_shared_chains_are_those_of_rfam(shared_data, root):
    chains = [chain for chain in shared_chains(shared_data, step=16) if len(chain) <= 200]
    _, _, rows, labels = compare(shared_data, root, chain_sequences(chains))
    assert len(rows) > 25
    recall, precision = agreement(rows, labels)
    assert recall >= 0.95
    assert precision >= 0.95


@pytest.mark.slow
def test_labels_of_all_shared_chains_are_those_of_rfam(shared_data, root):
    families, _, rows, labels = compare(
        shared_data, root, chain_sequences(shared_chains(shared_data))
    )
    recall, precision = agreement(rows, labels)
    assert len(rows) > 500
    assert recall >= 0.95
    assert precision >= 0.95
    # Every miss has a reason that is not the search's: another sequence, or another threshold.
    missed = rows[(rows["significant"] == 1) & (rows["kind"] != "found")]
    assert missed["kind"].isin(["cut chain", "threshold", "score"]).all()
    assert (missed["kind"] == "score").sum() <= 3
    # No label contradicts the table, except where the model of the better family is not here.
    others = labels[labels["kind"] == "not significant there"]
    assert set(others["family"]) <= {"RF00005"}  # selenocysteine tRNAs, RF01852
    assert (labels["kind"] != "not there").all()
