"""Sample structures of one target from its sequence and what its family tells."""

import argparse
from dataclasses import replace
from pathlib import Path

from rna_predict.data.families import read_families
from rna_predict.data.records import read_record
from rna_predict.predict.confidence import write_predictions
from rna_predict.predict.sampling import predict_target
from rna_predict.predict.weights import load_predictor
from rna_predict.secondary.fold import BACKENDS, make_adjacency
from rna_predict.structure.fasta import read_fasta
from rna_predict.training.settings import ModelFile


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="weights (safetensors)")
    parser.add_argument("--adapter", type=Path, help="adapter of these weights (safetensors)")
    parser.add_argument(
        "--model", type=Path, required=True, help="model file (YAML); its section `sampling` counts"
    )
    parser.add_argument("--targets", type=Path, required=True, help="sequences (FASTA)")
    parser.add_argument("--target", required=True, help="name of one of them")
    parser.add_argument("--models", type=int, default=5, help="structures to sample")
    parser.add_argument("--seed", type=int, default=0, help="seed of the samples")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--backend", choices=BACKENDS, default="viennarna", help="of base pairs")
    parser.add_argument("--files", type=Path, help="backend file: folder with a file a target")
    parser.add_argument("--program", default="", help="backend program: command line with {out}")
    parser.add_argument("--min-probability", type=float, default=0.01, help="of a pair (0 to 1)")
    parser.add_argument("--max-span", type=int, default=0, help="of a pair (nt); 0: no bound")
    parser.add_argument("--cache", type=Path, help="folder that keeps foldings by sequence")
    parser.add_argument("--consensus", type=Path, help="consensus pairs of the targets (parquet)")
    parser.add_argument("--homologs", type=Path, help="homologs aligned to the targets (parquet)")
    parser.add_argument(
        "--out-dir", type=Path, required=True, help="gets model_{k}.cif and confidence.json"
    )
    args = parser.parse_args(argv)

    sequences = read_fasta(args.targets)
    if args.target not in sequences:
        parser.error(f"{args.targets} has no record {args.target}; records: {list(sequences)}")
    predictor = load_predictor(args.weights, args.device, args.adapter)
    predictor = replace(predictor, sampling=read_record(ModelFile, args.model).sampling)
    adjacency = make_adjacency(
        args.backend,
        args.min_probability,
        args.max_span,
        files=args.files,
        program=args.program,
        cache=args.cache,
    )
    sequence = sequences[args.target]
    families = read_families(args.consensus, args.homologs, [args.target])
    predictions = predict_target(
        predictor,
        args.target,
        sequence,
        args.models,
        args.seed,
        adjacency,
        *families.of(args.target, sequence),
    )
    write_predictions(args.out_dir, predictions, args.seed, predictor.sha256)


if __name__ == "__main__":
    main()
