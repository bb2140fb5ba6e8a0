"""Train the network on the training split; a killed run goes on from its last validation."""

import argparse
import logging
from pathlib import Path

from rna_predict.data.records import read_record
from rna_predict.data.tables import TablePaths
from rna_predict.training.fit import train
from rna_predict.training.settings import ModelFile


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="model file (YAML)")
    parser.add_argument("--chains", type=Path, required=True, help="chains (parquet)")
    parser.add_argument("--angles", type=Path, required=True, help="their torsions (parquet)")
    parser.add_argument("--pairs", type=Path, required=True, help="annotated pairs (parquet)")
    parser.add_argument(
        "--probabilities", type=Path, required=True, help="base-pair probabilities (parquet)"
    )
    parser.add_argument("--splits", type=Path, required=True, help="split of each chain (TSV)")
    parser.add_argument("--augmented", type=Path, help="augmented copies (parquet)")
    parser.add_argument("--augmented-angles", type=Path, help="torsions of the copies (parquet)")
    parser.add_argument(
        "--augmented-probabilities", type=Path, help="probabilities of the copies (parquet)"
    )
    parser.add_argument("--consensus", type=Path, help="consensus pairs of families (parquet)")
    parser.add_argument("--homologs", type=Path, help="homologs aligned to the chains (parquet)")
    parser.add_argument("--clusters", type=Path, help="cluster of each chain (TSV)")
    parser.add_argument("--templates", type=Path, help="templates of each chain (safetensors)")
    parser.add_argument("--cutoff", default="", help="ISO date: younger chains are refused")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, order and noise")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, help="CPU threads; torch's own choice if absent")
    parser.add_argument(
        "--out-dir",
        type=Path,
        required=True,
        help="gets model.safetensors, model.yaml, model_card.md, metrics.csv and checkpoints",
    )
    args = parser.parse_args(argv)

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    tables = TablePaths(
        chains=args.chains,
        angles=args.angles,
        pairs=args.pairs,
        probabilities=args.probabilities,
        splits=args.splits,
        augmented=args.augmented,
        augmented_angles=args.augmented_angles,
        augmented_probabilities=args.augmented_probabilities,
        consensus=args.consensus,
        homologs=args.homologs,
        clusters=args.clusters,
        templates=args.templates,
    )
    model = read_record(ModelFile, args.model)
    train(tables, model, args.out_dir, args.seed, args.device, args.threads, args.cutoff)


if __name__ == "__main__":
    main()
