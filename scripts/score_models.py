"""Score predicted models against the experimental structure."""

import argparse
from pathlib import Path

from rna_predict.evaluate.ensembles import with_ensemble
from rna_predict.evaluate.models import read_complex, read_complexes
from rna_predict.evaluate.scores import residue_scores, score_models
from rna_predict.structure.files import replacing


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", required=True, help="models (mmCIF or PDB)")
    parser.add_argument("--native", type=Path, required=True, help="experimental structure")
    parser.add_argument(
        "--pairing",
        choices=("auto", "number", "sequence", "structure"),
        default="auto",
        help="residues paired by author number, by sequence alignment, by free alignment of the "
        "structures, or by number if the bases so paired agree and else by sequence (auto)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="TSV, one row a model, distances in angstrom"
    )
    parser.add_argument(
        "--per-residue", type=Path, help="TSV, one row a residue of each model, angstrom"
    )
    parser.add_argument("--native-chain", default="", help="one chain of the native; default all")
    parser.add_argument("--no-clash-score", action="store_true", help="leave the slow score out")
    parser.add_argument("--lddt-30", action="store_true", help="lDDT at 30 A too, column lddt_30")
    parser.add_argument(
        "--ensemble", action="store_true", help="models among each other too, and their Z_RNA"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args(argv)

    models = read_complexes([Path(name) for name in args.models])
    native = read_complex(args.native, args.native_chain)
    table = score_models(
        models,
        native,
        args.models,
        args.pairing,
        hydrogens=not args.no_clash_score,
        wide=args.lddt_30,
        jobs=args.jobs,
    )
    if args.ensemble:
        table = with_ensemble(table, models, native, args.pairing)
    with replacing(args.out) as path:
        table.to_csv(path, sep="\t", index=False)
    if args.per_residue:
        table = residue_scores(models, native, args.models, args.pairing, jobs=args.jobs)
        with replacing(args.per_residue) as path:
            table.to_csv(path, sep="\t", index=False)


if __name__ == "__main__":
    main()
