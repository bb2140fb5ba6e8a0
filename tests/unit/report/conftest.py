"""A small finished run: real chains of the embedded example, and models made by shaking natives."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors.numpy import save_file

from rna_predict.constants import TORSIONS, slot_mask, torsion_slots
from rna_predict.evaluate.reference import geometry_statistics
from rna_predict.evaluate.scores import residue_scores, score_models
from rna_predict.geometry.dihedrals import dihedral
from rna_predict.report.inputs import ReportInputs
from rna_predict.secondary.dot_bracket import to_dot_bracket
from rna_predict.secondary.pairs import annotate_pairs, canonical_pairs
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.structure.mmcif import read_chains, write_chain
from rna_predict.structure.store import write_chains

TARGETS = ("1y26_X", "1xjr_A", "1a9n_R")
FAMILIES = {"train": ("RF00005", "tRNA"), "test": ("RF00167", "Purine")}
SHAKE = (1.2, 2.0, 3.5, 6.0, 9.0)
"""How far each model strays from its native (angstrom)."""


def torsions(chain: Chain) -> dict[str, np.ndarray]:
    """Measure all torsions of a chain, radians; NaN where an atom is missing."""
    offset, slot = torsion_slots()
    n = len(chain)
    padded = np.full((n + 2, *chain.coords.shape[1:]), np.nan)
    padded[1:-1] = chain.coords
    rows = np.arange(n)[:, None] + 1
    angles = {}
    for k, name in enumerate(TORSIONS):
        slots = slot[chain.kinds, k]
        points = padded[rows + offset[k], np.maximum(slots, 0)]
        points[(slots < 0).any(1)] = np.nan
        angles[name] = dihedral(points).astype(np.float32)
    nu = [angles[f"nu{k}"] for k in range(5)]
    sine = nu[4] + nu[1] - nu[3] - nu[0]
    angles["phase"] = np.arctan2(sine, 2 * nu[2] * (np.sin(np.pi / 5) + np.sin(np.pi / 2.5)))
    return angles


def write_table(path: Path, rows: list[dict] | pd.DataFrame, columns: list[str] | None = None):
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=columns).to_csv(path, sep="\t", index=False)


def shaken(native: Chain, strength: float, name: str, generator: np.random.Generator) -> Chain:
    """Bend a chain by a smooth random walk, as a model that gets worse along the chain."""
    n = len(native)
    walk = np.cumsum(generator.normal(size=(n, 3)), axis=0)
    walk -= walk.mean(0)
    walk *= strength / max(float(np.sqrt((walk**2).sum(-1).mean())), 1e-6)
    coords = native.coords + walk[:, None] + generator.normal(scale=0.05, size=native.coords.shape)
    turn, _ = np.linalg.qr(generator.normal(size=(3, 3)))
    turn[:, 0] *= np.linalg.det(turn)
    coords = coords @ turn.T + [30.0, -10.0, 5.0]
    coords[~slot_mask()[native.kinds]] = np.nan
    return model_chain(name, native.sequence, coords.astype(np.float32))


def write_target(root: Path, native: Chain, name: str, sha256: str, shake=SHAKE) -> None:
    """Write everything that the flow leaves of one target."""
    generator = np.random.default_rng(len(native))
    models = [shaken(native, strength, name, generator) for strength in shake]
    count, n = len(models), len(native)
    write_chain(root / f"natives/{name}.cif", native)
    paths = [root / f"ranked/{name}/model_{rank}.cif" for rank in range(1, count + 1)]
    for path, model in zip(paths, models, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_chain(path, model, np.full(n, 50.0))
    read = [read_chains(path)[0] for path in paths]
    names = [str(path) for path in paths]
    scores = score_models(read, native, names)
    residues = residue_scores(read, native, names)
    write_table(root / f"scores/{name}.tsv", scores)
    write_table(root / f"scores/{name}.residues.tsv", residues)
    confidence, energies, ranking = [], [], []
    for rank, (path, strength) in enumerate(zip(names, shake, strict=True), start=1):
        source = count + 1 - rank
        lddt = residues.loc[residues["model"] == path, "lddt"].to_numpy(dtype=float)
        plddt = np.full(n, 60.0)
        plddt[: len(lddt)] = np.clip(100 * lddt - 8 + generator.normal(0, 6, len(lddt)), 1, 99)
        apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        pae = np.clip(strength * np.sqrt(apart) / 2 + generator.gamma(2, 0.4, (n, n)), 0.2, 31)
        confidence.append(
            {
                "model": source,
                "plddt": round(float(plddt.mean()), 2),
                "ptm": round(0.9 - 0.07 * strength, 4),
                "plddt_per_residue": plddt.round(2).tolist(),
                "pae": pae.round(1).tolist(),
            }
        )
        kept = rank != 4
        energies.append(
            {
                "model": source,
                "kept": kept,
                "reason": "" if kept else "more clashes than before: 31.2 instead of 12.0",
                "energy_before": 41250.3 + 1000 * rank,
                "energy_after": -18230.7 + 100 * rank if kept else float("nan"),
                "clashes_before": 12.0,
                "clashes_after": 1.5 if kept else 31.2,
                "rmsd_to_input": 0.42,
                "tm_to_input": 0.97,
                "iterations": 420,
                "seconds": 6.3,
            }
        )
        ranking.append(
            {
                "rank": rank,
                "source_model": source,
                "score": 0.8 - 0.09 * rank,
                "plddt": confidence[-1]["plddt"],
                "ptm": confidence[-1]["ptm"],
                "clashes": 1.5 if kept else 12.0,
                "energy": energies[-1]["energy_after"],
                "minimised": kept,
            }
        )
    write_table(root / f"refined/{name}/energies.tsv", energies)
    write_table(root / f"ranked/{name}/ranking.tsv", ranking)
    record = {"target": name, "sequence": native.sequence, "seed": 0, "weights_sha256": sha256}
    path = root / f"predictions/{name}/confidence.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record | {"models": confidence}))


def write_dataset(root: Path, chains: list[Chain]) -> None:
    """Write what the data stages leave."""
    write_chains(chains, root / "chains.parquet")
    rows = [{"chain_id": c.name, "model": c.model} | torsions(c) for c in chains]
    pd.DataFrame(rows).to_parquet(root / "angles.parquet")
    entries = sorted({chain.entry for chain in chains})
    manifest = [
        {"entry": e, "status": "ok", "path": f"{e}.cif.gz", "sha256": "0", "bytes": 1, "reason": ""}
        for e in entries
    ]
    write_table(
        root / "raw/000.tsv", [*manifest, manifest[0] | {"entry": "9xyz", "status": "failed"}]
    )
    rejected = [
        ("9xyz", "", "not_found", "404 from the source"),
        ("1a9n", "Q", "too_short", "4 nt; expected 5 or more"),
        ("1duq", "NA", "too_short", "3 nt; expected 5 or more"),
        ("1kxk", "B", "modified", "45 % modified residues; expected 30 % or less"),
    ]
    write_table(root / "rejected.tsv", rejected, ["entry", "chain", "reason", "detail"])
    splits, families, clusters = [], [], []
    for k, chain in enumerate(chains):
        held = chain.name in TARGETS
        split = "test" if held else "validation" if k % 6 == 0 else "train"
        # A family is on one side only, as the audit demands.
        family = FAMILIES.get(split) if len(chain) > 60 else None
        component = family[0] if family else f"c{k}"
        splits.append((chain.name, component, split, "holdout" if held else ""))
        clusters.append((chain.name, f"s{k}"))
        if family:
            families.append((chain.name, *family, 0, len(chain), 55.2, 1e-9))
    write_table(root / "splits.tsv", splits, ["chain_id", "component", "split", "reason"])
    write_table(root / "clusters.tsv", clusters, ["chain_id", "cluster"])
    columns = ["chain_id", "family", "family_name", "start", "end", "score", "evalue"]
    write_table(root / "families.tsv", families, columns)
    write_table(root / "leakage.tsv", [], ["kind", "train_chain", "test_chain", "value", "detail"])
    tiers = [
        ("coordinates", 12, 12, 0, 1.0, 0, 0.79, 1.9, ""),
        ("pair_swap", 4, 5, 11, 0.42, 1, 0.02, 0.31, ""),
        ("homolog", 0, 0, 0, 0.0, 0, float("nan"), float("nan"), "no homologs"),
    ]
    columns = ["tier", "parents", "copies", "changed_residues", "factor", "dropped"]
    columns += ["c1_median", "c1_max", "note"]
    write_table(root / "augmentation.tsv", tiers, columns)


def write_checks(root: Path, chains: list[Chain], targets: tuple[str, ...]) -> None:
    """Write what the data stages found when they looked at their own work."""
    kept = {"chains": len(chains), "residues": sum(len(chain) for chain in chains)}
    kept |= {"entries": len({chain.entry for chain in chains})}
    steps = [
        ("listed", "", {}), ("fetched", "not_fetched", {"entries": 1}),
        ("parsed", "unreadable", {}), ("filter", "too_short", {"chains": 2, "residues": 7}),
        ("filter", "too_modified", {"chains": 1, "residues": 40}), ("kept", "", {}),
    ]  # fmt: skip
    left = {w: kept[w] + sum(lost.get(w, 0) for _, _, lost in steps) for w in kept}
    rows = []
    for step, reason, lost in steps:
        row = {"step": step, "removes": reason}
        for what in ("entries", "chains", "residues"):
            row[f"{what}_in"] = left[what]
            left[what] -= lost.get(what, 0)
            row[f"{what}_out"] = left[what]
        rows.append(row)
    write_table(root / "funnel.tsv", rows)
    notes = [("1ehz", "A", "unknown_residues", "1 N"), ("1y26", "", "facts_differ", "resolution")]
    write_table(root / "notes.tsv", notes, ["entry", "chain", "note", "detail"])
    write_table(root / "geometry.tsv", geometry_statistics(chains))
    checks = [
        (name, compared, apart)
        for compared, apart in [(90, 2e-5), (10, 4e-5)]
        for name in (*TORSIONS, "phase")
    ]
    write_table(root / "checked.tsv", checks, ["angle", "compared", "max_difference"])
    nearest = [
        ("1y26_X", "1ehz_A", 0.48, 0.91, 0.11, "1ehz_A", 0.31, 71),
        ("1xjr_A", "1ehz_A", 0.44, 0.6, 0.0, "17ra_A", 0.28, 47),
        ("1a9n_R", "1kxk_A", 0.4, 0.3, 0.0, "", float("nan"), float("nan")),
    ]
    columns = ["chain_id", "nearest", "identity", "coverage", "contained", "nearest_fold"]
    write_table(root / "nearest.tsv", nearest, [*columns, "tm", "residues"])
    summary = [
        ("train", 12, 330, 0.478, 0.7, 1, 12, 10), ("validation", 4, 219, 0.317, 0.15, 0, 4, 4),
        ("test", 3, 142, 0.205, 0.15, 1, 3, 3), ("quarantine", 0, 0, 0.0, "", 0, 0, 0),
        ("held out at E <= 0.001", 3, 142, 0.205, "", 1, 3, 3),
    ]  # fmt: skip
    columns = ["side", "chains", "residues", "share", "wanted", "families", "clusters"]
    write_table(root / "summary.tsv", summary, [*columns, "components"])
    comparison = [
        ("train: chains", 12, 12), ("leaks: all", 0, 12), ("test chains with a leak", 0.0, 0.667),
    ]  # fmt: skip
    write_table(root / "comparison.tsv", comparison, ["what", "components", "random"])
    pairs = annotate_pairs(chains)
    pairs.to_parquet(root / "pairs.parquet")
    # Structures are right by construction, and so are sure pairs but for targets.
    folded, probable = [], []
    by_name = canonical_pairs(pairs).groupby("chain_id")
    for chain in chains:
        known = by_name.get_group(chain.name) if chain.name in by_name.groups else pairs.head(0)
        ends = list(zip(known["i"].tolist(), known["j"].tolist(), strict=True))
        brackets = to_dot_bracket(ends, len(chain))
        folded.append((chain.name, brackets, brackets, -1.0))
        if chain.name in targets:
            probable += [(chain.name, 0, len(chain) - 1, 0.97), (chain.name, 1, 12, 0.2)]
            continue
        free = sorted(set(range(len(chain))) - {end for pair in ends for end in pair})
        wrong = zip(free[::2], free[1::2], strict=False)
        probable += [(chain.name, i, j, 0.97) for i, j in ends]
        probable += [(chain.name, i, j, 0.6) for i, j in wrong]
    columns = ["chain_id", "mfe", "mea", "mfe_energy"]
    pd.DataFrame(folded, columns=columns).to_parquet(root / "structures.parquet")
    columns = ["chain_id", "i", "j", "probability"]
    pd.DataFrame(probable, columns=columns).to_parquet(root / "probabilities.parquet")


def write_training(root: Path) -> str:
    """Write what training leaves; give the hash of the weights."""
    terms = {"diffusion": 4.0, "smooth_lddt": 1.0, "torsion": 0.5, "distogram": 0.03, "plddt": 0.01}
    model = {
        "dimensions": {"single": 64, "pair": 32},
        "training": {
            "phases": [
                {"name": "pretrain", "steps": 600, "losses": terms | {"plddt": 0.0}},
                {"name": "confidence", "steps": 200, "losses": {"plddt": 1.0}},
            ],
            "noise_mean": -1.2,
        },
        "sampling": {"steps": 20},
    }  # fmt: skip
    (root / "model.yaml").write_text(yaml.safe_dump(model, sort_keys=False))
    rows = []
    generator = np.random.default_rng(1)
    for phase in model["training"]["phases"]:
        for step in range(10, phase["steps"] + 1, 10):
            row = {"phase": phase["name"], "step": step, "kind": "train", "total": 0.0}
            for k, (term, weight) in enumerate(phase["losses"].items()):
                if weight:
                    noise = float(generator.lognormal(0, 0.15))
                    row[term] = (2 + k) * np.exp(-step / (150 + 60 * k)) * noise + 0.1 * (k + 1)
                    row[f"{term}_weighted"] = weight * row[term]
                    row["total"] += weight * row[term]
            row |= {"gradient_norm": float(generator.lognormal(1, 0.4))}
            rows.append(row | {"learning_rate": 1e-3 * min(1, step / 100) * (1 - step / 900)})
            if step % 100 == 0:
                done = step / 600 if phase["name"] == "pretrain" else 1
                lddt, error = 0.25 + 0.3 * done, 0.2 - 0.1 * done
                rows.append(
                    {
                        "phase": phase["name"], "step": step, "kind": "validation", "lddt": lddt,
                        "tm": 0.1 + 0.15 * done, "rmsd": 18 - 7 * done, "spread": 0.4 + 0.5 * done,
                        "neighbour": 0.3 + 0.55 * done, "plddt": lddt + error, "plddt_error": error,
                    }
                )  # fmt: skip
    pd.DataFrame(rows).to_csv(root / "metrics.csv", index=False)
    tensors = {"a": np.zeros((300, 40), dtype=np.float32), "b": np.zeros(400, dtype=np.float32)}
    facts = {"format": "rna-predict 1", "phase": "confidence", "step": "200"}
    save_file(tensors, root / "model.safetensors", metadata=facts)
    return hashlib.sha256((root / "model.safetensors").read_bytes()).hexdigest()


def write_run(root: Path, chains: list[Chain], targets=TARGETS) -> ReportInputs:
    """Write a whole run and give its inputs."""
    root.mkdir(parents=True, exist_ok=True)
    write_dataset(root, chains)
    sha256 = write_training(root)
    by_name = {chain.name: chain for chain in chains}
    write_checks(root, chains, targets)
    for name in targets:
        write_target(root, by_name[name], name, sha256)
    for rule, seconds in {"train_model/example": 321.4, "build": 2.5, "fetch/000": 0.4}.items():
        row = {"s": seconds, "h:m:s": "0:00:01", "max_rss": "-" if seconds < 1 else 812.3}
        write_table(root / f"benchmarks/{rule}.tsv", [row])
    config = {
        "run": "example", "seed": 7, "splits": {"train": 0.7, "cutoff": "", "family_evalue": 1e-3},
        "report": {"title": "RNA 3D structures of the embedded example"},
    }  # fmt: skip
    return ReportInputs(
        run="example", built=datetime(2026, 3, 4, 5, 6, tzinfo=UTC), config=config,
        chains=root / "chains.parquet", rejected=root / "rejected.tsv",
        angles=root / "angles.parquet", families=root / "families.tsv",
        clusters=root / "clusters.tsv", splits=root / "splits.tsv", leakage=root / "leakage.tsv",
        augmentation=root / "augmentation.tsv", metrics=root / "metrics.csv",
        model=root / "model.yaml", targets=tuple(targets), natives_dir=root / "natives",
        predictions_dir=root / "predictions", refined_dir=root / "refined",
        ranked_dir=root / "ranked", scores_dir=root / "scores",
        manifests=(root / "raw/000.tsv",), probabilities=root / "probabilities.parquet",
        pairs=root / "pairs.parquet", structures=root / "structures.parquet",
        funnel=root / "funnel.tsv", notes=root / "notes.tsv", geometry=root / "geometry.tsv",
        angle_check=root / "checked.tsv", nearest=root / "nearest.tsv",
        split_summary=root / "summary.tsv", split_comparison=root / "comparison.tsv",
        weights=root / "model.safetensors", benchmarks_dir=root / "benchmarks",
    )  # fmt: skip


@pytest.fixture(scope="session")
def run_inputs(tmp_path_factory, example_chains) -> ReportInputs:
    """Give the inputs of a finished run of three targets. Not to be changed."""
    return write_run(tmp_path_factory.mktemp("run"), example_chains)


@pytest.fixture
def small_run(tmp_path, example_chains) -> ReportInputs:
    """Give the inputs of a finished run of one short target, to be broken by a test."""
    return write_run(tmp_path, example_chains, targets=("1a9n_R",))
