"""Structures of several chains: which chain stands for which, and all of them as one.

Scores work on one record. The chains of a complex are laid one after the other in it, their
residue numbers moved apart, so that nothing is taken for bonded across the seam.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from rna_predict.errors import InputError
from rna_predict.evaluate.pairing import How, Pairing, pair_residues
from rna_predict.structure.chain import Chain

SEAM = 1000
"""Residue numbers left free between chains."""


def join_chains(chains: Sequence[Chain]) -> Chain:
    """Lay chains one after the other in one record.

    Parameters
    ----------
    chains : sequence of Chain
        At least one, of one entry and model; a single one is returned as it is.

    Returns
    -------
    Chain
        Its chain id names them all, as in ``A+B``. The numbers of the first chain are kept, those
        of the others are moved to follow after a gap.
    """
    first = chains[0]
    if len(chains) == 1:
        return first
    numbers, last = [], None
    for chain in chains:
        shift = 0 if last is None else last + SEAM - int(chain.auth_numbers.min())
        numbers.append(chain.auth_numbers + np.int32(shift))
        last = int(numbers[-1].max())
    return replace(
        first,
        chain="+".join(chain.chain for chain in chains),
        sequence="".join(chain.sequence for chain in chains),
        residue_names=tuple(name for chain in chains for name in chain.residue_names),
        coords=np.concatenate([chain.coords for chain in chains]),
        atom_mask=np.concatenate([chain.atom_mask for chain in chains]),
        auth_numbers=np.concatenate(numbers),
        ins_codes=tuple(code for chain in chains for code in chain.ins_codes),
    )


def pair_complexes(model: Sequence[Chain], native: Sequence[Chain], how: How = "auto") -> Pairing:
    """Pair the residues of a model with those of the native, chain by chain.

    Two single chains are paired whatever their names. Otherwise chains of one name stand for each
    other if their residues pair; of the others, those whose sequences agree best. Copies of one
    sequence are taken in the order of the files. Free alignment (``structure``) looks at all
    chains at once.

    Parameters
    ----------
    model, native : sequence of Chain
        All RNA chains of each.
    how : {"auto", "number", "sequence", "structure"}
        As in :func:`~rna_predict.evaluate.pairing.pair_residues`.

    Returns
    -------
    Pairing
        Positions in the joined records. ``how`` is ``sequence`` if any chain was paired so.

    Raises
    ------
    InputError
        If no chain of the model pairs with one of the native; the reasons are in the message.
    """
    if how == "structure" or len(model) == len(native) == 1:
        return pair_residues(join_chains(model), join_chains(native), how)
    found: dict[tuple[int, int], Pairing] = {}
    reasons: list[str] = []

    def attempt(i: int, j: int) -> Pairing | None:
        try:
            return pair_residues(model[i], native[j], how)
        except InputError as error:
            reasons.append(f"chain {model[i].chain} with {native[j].chain}: {error.what}")
            return None

    names = {chain.chain: i for i, chain in enumerate(model)}
    for j, chain in enumerate(native):
        if chain.chain in names and (pairs := attempt(names[chain.chain], j)):
            found[names[chain.chain], j] = pairs
    rows = [i for i in range(len(model)) if i not in {i for i, _ in found}]
    columns = [j for j in range(len(native)) if j not in {j for _, j in found}]
    others = {(i, j): pairs for i in rows for j in columns if (pairs := attempt(i, j))}
    sizes = np.zeros((len(model), len(native)))
    for (i, j), pairs in others.items():
        sizes[i, j] = len(pairs.native)
    found |= {
        (int(i), int(j)): others[int(i), int(j)]
        for i, j in zip(*linear_sum_assignment(-sizes), strict=True)
        if (int(i), int(j)) in others
    }
    if not found:
        raise InputError(model[0].entry, "; ".join(dict.fromkeys(reasons)))
    return _joined(found, model, native)


def _joined(
    found: dict[tuple[int, int], Pairing], model: Sequence[Chain], native: Sequence[Chain]
) -> Pairing:
    """Move the positions of each pair of chains to those of the joined records."""
    starts = [np.cumsum([0, *(len(chain) for chain in side)]) for side in (model, native)]
    order = sorted(found, key=lambda pair: pair[1])
    return Pairing(
        np.concatenate([found[i, j].model + starts[0][i] for i, j in order]),
        np.concatenate([found[i, j].native + starts[1][j] for i, j in order]),
        "sequence" if any(found[pair].how == "sequence" for pair in order) else "number",
    )
