"""Inputs of a network for a new sequence: pairs that it may form, and what its family tells."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rna_predict.data.families import FamilyTables
from rna_predict.data.features import (
    PROBABILITY_FLOOR,
    Templates,
    WeighedPairs,
    sequence_inputs,
)
from rna_predict.data.msa import Msa, choose_rows, empty_msa, encode_rows
from rna_predict.data.seeds import derive_seed
from rna_predict.families.consensus import consensus_table
from rna_predict.families.covariance_models import CovarianceModel
from rna_predict.families.homologs import homolog_table
from rna_predict.families.infernal import Program
from rna_predict.families.members import ALIGNMENT_SCHEMA
from rna_predict.families.search import search_families
from rna_predict.model.inputs import Features
from rna_predict.secondary.adjacency import Adjacency
from rna_predict.secondary.fold import make_adjacency

log = logging.getLogger(__name__)


def target_features(
    name: str,
    sequence: str,
    msa_rows: int,
    seed: int,
    adjacency: Adjacency | None = None,
    consensus: WeighedPairs | None = None,
    msa: Msa | None = None,
    templates: Templates | None = None,
) -> Features:
    """Make the inputs of one sequence of n residues.

    Parameters
    ----------
    name : str
        Of the target, for messages.
    sequence : str
        Letters of ``constants.ALPHABET``.
    msa_rows : int
        Most rows of an alignment that the network looks at.
    seed : int
        Of the draw of those rows.
    adjacency : Adjacency, optional
        Source of the base-pair probabilities; it should be that of the training. Default:
        ViennaRNA without a bound on the span.
    consensus : pairs and probabilities, optional
        Of the structure of the sequence's family.
    msa : (r, n) uint8, optional
        Homologs over the sequence.
    templates : Templates, optional
        Frames of known structures over the sequence. To leave out the target's own structure is
        for the caller.

    Returns
    -------
    Features
        With a batch dimension of 1, on the CPU.
    """
    source = make_adjacency("viennarna", PROBABILITY_FLOOR, 0) if adjacency is None else adjacency
    folding = source.fold(sequence, (name,))
    pairs = np.stack([folding.i, folding.j], axis=-1)
    rows = choose_rows(
        empty_msa(len(sequence)) if msa is None else msa,
        msa_rows,
        np.random.default_rng(derive_seed(seed, "msa", sequence)),
    )
    inputs = sequence_inputs(
        sequence, pairs, folding.probability, consensus=consensus, msa=rows, templates=templates
    )
    return Features(**{key: tensor[None] for key, tensor in inputs.items()})


def family_inputs(
    sequences: Mapping[str, str],
    models: Sequence[CovarianceModel],
    program: Program,
    *,
    seeds: Path | None = None,
    family_evalue: float = 1e-3,
    clans: Mapping[str, str] | None = None,
    cache: Path | None = None,
) -> FamilyTables:
    """Search sequences with covariance models; give consensus pairs and homologs of the members.

    Parameters
    ----------
    sequences : mapping of str to str
        Of each target.
    models : sequence of CovarianceModel
        Of Rfam families.
    program : Program
        That searches with them.
    seeds : path, optional
        Folder of seed alignments, ``{accession}.sto``; none: no homologs.
    family_evalue, clans, cache
        As of :func:`~rna_predict.families.search.search_families`.

    Returns
    -------
    FamilyTables
        A target without a family is in neither table.

    Raises
    ------
    InputError
        If a model cannot be read.
    """
    rows = search_families(
        sequences, models, program, family_evalue=family_evalue, clans=clans, cache=cache
    )[1]
    aligned = pd.DataFrame(rows, columns=ALIGNMENT_SCHEMA.names)
    pairs = consensus_table(sequences, aligned, models)
    consensus = {
        str(name): (part[["i", "j"]].to_numpy(np.int64), part["probability"].to_numpy(np.float32))
        for name, part in pairs.groupby("chain_id", sort=False)
    }
    homologs: dict[str, Msa] = {}
    if seeds is not None:
        table, faults = homolog_table(sequences, aligned, models, seeds)
        for fault in faults:
            log.warning("%s", fault)
        found = table.select(["chain_id", "row"]).to_pandas()
        homologs = {
            str(name): encode_rows(list(part), len(sequences[name]), f"homologs of {name}")
            for name, part in found.groupby("chain_id", sort=False)["row"]
        }
    return FamilyTables(consensus, homologs)
