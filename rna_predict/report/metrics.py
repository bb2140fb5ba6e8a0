"""The metrics of the tables: name, unit, digits, which way is better, and what they mean."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Metric:
    """How a column of a table is shown and explained."""

    label: str
    digits: int
    better: str
    """``high``, ``low``, or "" where neither is."""
    text: str
    """For the glossary."""
    unit: str = ""


METRICS: Final = {
    "tm_score": Metric(
        "TM-score", 3, "high",
        "Likeness of the whole fold, 0 to 1, over C3' atoms of residues with the same number, "
        "divided by the length of the native, with the RNA length scale "
        "d0 = 0.6 √(L − 0.5) − 2.5 Å. Above 0.45 two RNAs mostly share their fold "
        "(Gong et al. 2019, Bioinformatics 35:4459).",
    ),
    "tm_score_c1": Metric(
        "TM-score (C1')", 3, "high", "The same over C1' atoms, as in the Kaggle competitions."
    ),
    "lddt": Metric(
        "lDDT", 3, "high",
        "Local distance difference test, 0 to 1: the share of heavy-atom distances of the native "
        "up to 15 Å that the model keeps within 0.5, 1, 2 and 4 Å (mean of the four). Needs no "
        "superposition; a missing atom counts as lost.",
    ),
    "rmsd": Metric(
        "RMSD", 2, "low",
        "Root-mean-square deviation over all heavy atoms that both have, after the best "
        "superposition. One wrong helix can dominate it.", "Å",
    ),
    "rmsd_c1": Metric("RMSD (C1')", 2, "low", "The same over C1' atoms alone.", "Å"),
    "gdt_ts": Metric(
        "GDT-TS", 3, "high",
        "Global distance test: the share of C4' atoms within 1, 2, 4 and 8 Å, each at its best "
        "superposition (mean of the four).",
    ),
    "inf_all": Metric(
        "INF", 3, "high",
        "Interaction network fidelity: geometric mean of precision and sensitivity of base pairs "
        "and stacking.",
    ),
    "inf_wc": Metric("INF (WC)", 3, "high", "INF of canonical (Watson-Crick) pairs alone."),
    "inf_nwc": Metric("INF (non-WC)", 3, "high", "INF of non-canonical pairs alone."),
    "inf_stack": Metric("INF (stacking)", 3, "high", "INF of stacking alone."),
    "di": Metric("DI", 2, "low", "Deformation index: RMSD divided by INF.", "Å"),
    "mcq": Metric(
        "MCQ", 1, "low", "Mean of circular quantities: average difference of torsions.", "°"
    ),
    "clash_score": Metric(
        "Clash score", 1, "low",
        "Serious overlaps (0.4 Å or more, hydrogens included) per 1,000 atoms.", "/1,000",
    ),
    "clashes": Metric(
        "Clashes", 1, "low",
        "Pairs of heavy atoms closer than their radii allow, per 1,000 atoms. Without hydrogens, "
        "so not the MolProbity clash score.", "/1,000",
    ),
    "bond_outliers": Metric(
        "Bond outliers", 3, "low", "Share of bond lengths far from the reference geometry."
    ),
    "angle_outliers": Metric(
        "Angle outliers", 3, "low", "Share of bond angles far from the reference geometry."
    ),
    "chirality_errors": Metric(
        "Chirality errors", 0, "low", "Sugar carbons with the wrong handedness."
    ),
    "pairwise_rmsd": Metric(
        "RMSD to others", 1, "",
        "Mean RMSD (C3') of a model to the other models of the target: how much the answers "
        "differ. Uses no native.", "Å",
    ),
    "pairwise_tm": Metric(
        "TM to others", 2, "", "The same as TM-score (C3'); 1 means that all answers are one."
    ),
    "z_rna": Metric(
        "Z_RNA", 2, "high",
        "Rank among the models of the target: z-scores of TM-score and GDT-TS (1/3 each), lDDT and "
        "INF (1/8 each) and clash score (1/12), as in CASP15.",
    ),
    "plddt": Metric(
        "pLDDT", 1, "high",
        "The network's own estimate of lDDT × 100, per residue, and its mean over the chain. A "
        "prediction, not a measurement.",
    ),
    "ptm": Metric(
        "pTM", 3, "high", "The network's own estimate of the TM-score, from its aligned errors."
    ),
    "score": Metric(
        "Ranking score", 3, "high",
        "What the models are ranked by: confidence less a penalty for clashes. Uses no native.",
    ),
    "energy": Metric(
        "Energy", 0, "low",
        "Force-field energy after minimisation (amber14 RNA.OL3, implicit solvent). Comparable "
        "between models of one sequence only.", "kJ/mol",
    ),
}  # fmt: skip

TERMS: Final = (
    ("Native", "The experimental structure, seen by scoring only, never by the network."),
    (
        "Best of five",
        "The best value of a metric over the final models of a target, each metric by itself; "
        "the first model is the one ranked best without knowing the native.",
    ),
    (
        "PAE (Å)",
        "Predicted aligned error: the error the network expects at residue j when the structures "
        "are superposed on the frame of residue i.",
    ),
    (
        "Component",
        "Chains joined by shared families, clusters or entries. A component goes whole to one "
        "split, so that no relative of a test chain is trained on.",
    ),
    ("Family", "Rfam family found in a chain with its covariance model (Infernal)."),
    (
        "Pucker, P (°)",
        "Phase of the sugar's pseudorotation (Altona and Sundaralingam 1972): C3'-endo 0 to 36, "
        "C2'-endo 144 to 190.",
    ),
    (
        "α β γ δ ε ζ χ (°)",
        "Torsions of the backbone along the chain, and of the glycosidic bond to the base "
        "(IUPAC-IUB 1983).",
    ),
    (
        "η, θ (°)",
        "Pseudo-torsions of the backbone, C4'-P-C4'-P and P-C4'-P-C4' (Duarte and Pyle 1998).",
    ),
    (
        "Minimised, kept",
        "The minimised structure passed its gates (finite, no more clashes, still like its input) "
        "and replaced the sample; otherwise the sample was kept as it was.",
    ),
)
"""Words of the glossary that are not columns."""
