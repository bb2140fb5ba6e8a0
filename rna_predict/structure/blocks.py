"""A chain as a block of mmCIF categories."""

import gemmi
import numpy as np
from jaxtyping import Float

from rna_predict.structure.chain import Chain
from rna_predict.structure.components import DNA, component, slot_names

UNKNOWN_VALUE = "?"
ATOM_SITE = (
    "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id",
    "label_asym_id", "label_entity_id", "label_seq_id", "pdbx_PDB_ins_code", "Cartn_x", "Cartn_y",
    "Cartn_z", "occupancy", "B_iso_or_equiv", "auth_seq_id", "auth_comp_id", "auth_asym_id",
    "auth_atom_id", "pdbx_PDB_model_num",
)  # fmt: skip


def chain_block(chain: Chain, b_factor: Float[np.ndarray, " n"]) -> gemmi.cif.Block:
    """Describe one chain as entity 1, label_asym A of an mmCIF block.

    Parameters
    ----------
    chain : Chain
    b_factor : (n,) float
        One value a residue.

    Returns
    -------
    gemmi.cif.Block
    """
    quote = gemmi.cif.quote
    block = gemmi.cif.Block("".join(c if c.isalnum() else "_" for c in chain.entry) or "chain")
    block.set_pair("_entry.id", quote(chain.entry))
    resolution = f"{chain.resolution:g}" if np.isfinite(chain.resolution) else ""
    set_header(block, chain.entry, chain.title, chain.method, resolution, chain.release_date)
    names = [quote(name) for name in chain.residue_names]
    kinds = {name: component(name).kind for name in sorted(set(chain.residue_names))}
    types = ["DNA linking" if kind == DNA else "RNA linking" for kind in kinds.values()]
    fill(block, "_chem_comp.", id=[quote(name) for name in kinds], type=[quote(t) for t in types])
    fill(block, "_entity.", id=["1"], type=["polymer"])
    letters = [n if len(n) == 1 else f"({n})" for n in chain.residue_names]
    fill(
        block,
        "_entity_poly.",
        entity_id=["1"],
        type=["polyribonucleotide"],
        pdbx_seq_one_letter_code=[quote("".join(letters))],
        pdbx_seq_one_letter_code_can=[quote(chain.sequence)],
        pdbx_strand_id=[quote(chain.chain)],
    )
    fill(
        block,
        "_entity_poly_seq.",
        entity_id=["1"] * len(names),
        num=[str(i + 1) for i in range(len(names))],
        mon_id=names,
        hetero=["n"] * len(names),
    )
    fill(block, "_struct_asym.", id=["A"], entity_id=["1"])
    residue, slot = np.nonzero(chain.atom_mask)
    count = len(residue)
    pairs = zip(chain.residue_names, chain.sequence, strict=True)
    tables = np.array([slot_names(name, letter) for name, letter in pairs], dtype="U4")
    atoms = tables.reshape(len(chain), -1)[residue, slot].tolist()
    quoted = {name: quote(name) for name in set(atoms)}
    labels = [quoted[name] for name in atoms]
    xyz = [[f"{value:.3f}" for value in axis] for axis in chain.coords[residue, slot].T.tolist()]
    per_residue = {
        "comp": names,
        "seq": [str(i + 1) for i in range(len(names))],
        "number": [str(number) for number in chain.auth_numbers.tolist()],
        "code": [code or UNKNOWN_VALUE for code in chain.ins_codes],
        "b": [f"{value:.2f}" for value in b_factor.tolist()],
    }
    at = {key: [values[i] for i in residue.tolist()] for key, values in per_residue.items()}
    columns = (
        ["ATOM"] * count, [str(i + 1) for i in range(count)], [name[0] for name in atoms], labels,
        ["."] * count, at["comp"], ["A"] * count, ["1"] * count, at["seq"], at["code"], *xyz,
        ["1.00"] * count, at["b"], at["number"], at["comp"], [quote(chain.chain)] * count, labels,
        [str(chain.model)] * count,
    )  # fmt: skip
    fill(block, "_atom_site.", **dict(zip(ATOM_SITE, columns, strict=True)))
    return block


def fill(block: gemmi.cif.Block, category: str, **columns: list[str]) -> None:
    """Add a category as a loop; values are CIF text, quoted where needed."""
    block.init_loop(category, list(columns)).set_all_values(list(columns.values()))


def set_header(
    block: gemmi.cif.Block, entry: str, title: str, method: str, resolution: str, release_date: str
) -> None:
    """Add the facts about an entry that are known; an empty string adds nothing."""
    quote = gemmi.cif.quote
    if title:
        block.set_pair("_struct.entry_id", quote(entry))
        block.set_pair("_struct.title", quote(title))
    if method:
        block.set_pair("_exptl.entry_id", quote(entry))
        block.set_pair("_exptl.method", quote(method))
    if resolution:
        block.set_pair("_refine.entry_id", quote(entry))
        block.set_pair("_refine.pdbx_refine_id", quote(method or UNKNOWN_VALUE))
        block.set_pair("_refine.ls_d_res_high", resolution)
    if release_date:
        block.set_pair("_pdbx_audit_revision_history.ordinal", "1")
        block.set_pair("_pdbx_audit_revision_history.revision_date", release_date)
