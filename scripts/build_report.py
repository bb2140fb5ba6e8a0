"""Build the self-contained HTML report of a run."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from rna_predict.report.inputs import ReportInputs
from rna_predict.report.render import build_report


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    files = {
        "--chains": "kept chains (Parquet)",
        "--rejected": "rejected entries and chains (TSV)",
        "--angles": "torsions of the chains (Parquet)",
        "--families": "families of the chains (TSV)",
        "--clusters": "clusters of the chains (TSV)",
        "--splits": "split of each chain (TSV)",
        "--leakage": "leakage audit (TSV)",
        "--augmentation": "copies by tier (TSV)",
        "--metrics": "training log (CSV)",
        "--model-config": "complete model file of the run (YAML)",
        "--natives-dir": "folder of {target}.cif",
        "--predictions-dir": "folder of {target}/confidence.json",
        "--refined-dir": "folder of {target}/energies.tsv",
        "--ranked-dir": "folder of {target}/model_{rank}.cif and ranking.tsv",
        "--scores-dir": "folder of {target}.tsv and {target}.residues.tsv",
        "--out": "the page (HTML)",
    }
    for name, text in files.items():
        parser.add_argument(name, type=Path, required=True, help=text)
    parser.add_argument("--run", required=True, help="name of the training run")
    parser.add_argument("--config", type=json.loads, required=True, help="configuration (JSON)")
    parser.add_argument("--targets", nargs="*", default=[], help="names of the targets")
    parser.add_argument("--manifests", type=Path, nargs="*", default=[], help="fetched (TSV)")
    parser.add_argument("--probabilities", type=Path, help="of base pairs (Parquet)")
    optional = {
        "--pairs": "base pairs of the structures (Parquet)",
        "--structures": "secondary structures from sequence (Parquet)",
        "--funnel": "what each step let through (TSV)",
        "--notes": "notes on kept chains (TSV)",
        "--geometry": "statistics of bonds, angles and torsions (TSV)",
        "--angle-check": "angles measured again (TSV)",
        "--nearest": "what is nearest to each test chain in training (TSV)",
        "--split-summary": "what each split holds and what was wanted (TSV)",
        "--split-comparison": "the split beside a random one (TSV)",
        "--benchmark": "folder of a benchmark's tables",
        "--weights": "weights of the run (safetensors)",
        "--benchmarks-dir": "folder of snakemake's benchmarks",
    }
    for name, text in optional.items():
        parser.add_argument(name, type=Path, help=text)
    args = vars(parser.parse_args(argv))

    out, model = args.pop("out"), args.pop("model_config")
    args |= {name: tuple(args[name]) for name in ("targets", "manifests")}
    build_report(ReportInputs(**args, model=model, built=datetime.now(UTC)), out)


if __name__ == "__main__":
    main()
