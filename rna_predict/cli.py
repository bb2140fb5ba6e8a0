"""The command ``rna-predict``: fold, score, angles and minimize, for single files.

Each works on files through the same functions as the workflow's scripts. Faulty input ends with a
message and exit status 1.
"""

import argparse
import os
import sys
from pathlib import Path

from rna_predict import __version__
from rna_predict.errors import InputError

FEW_MODELS = 4
"""Models that are worth a process of their own when scoring."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    parser = argparse.ArgumentParser(prog="rna-predict", description="RNA 3D structures.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_add_fold, _add_score, _add_angles, _add_minimize):
        add(commands)
    args = parser.parse_args(argv)
    try:
        return args.run(args)
    except InputError as error:
        print(f"rna-predict {args.command}: {error}", file=sys.stderr)
        return 1


def _add_fold(commands: argparse._SubParsersAction) -> None:
    fold = commands.add_parser(
        "fold",
        help="predict structures of the sequences of a FASTA file",
        description="Writes DIR/{name}/model_1.cif (best), model_2.cif, ..., ranking.tsv, "
        "confidence.json and, with templates, templates.tsv (which known structures were used) for "
        "each sequence (5 to 500 nt of A, C, G, U). Templates are used where there is a library; "
        "the network too where weights are named or shipped, and alone where there is no library. "
        "A folder that holds the same result is left as it is. Exit status 1 if a sequence was "
        "refused.",
    )
    fold.add_argument("fasta", type=Path, metavar="INPUT.fasta", help="one or more sequences")
    fold.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of results")
    fold.add_argument("--models", type=int, default=5, help="models a sequence (default 5)")
    fold.add_argument("--seed", type=int, default=0, help="seed of the samples (default 0)")
    fold.add_argument(
        "--weights", type=Path, metavar="FILE", help="safetensors (default: shipped, or make run's)"
    )
    fold.add_argument(
        "--msa", type=Path, metavar="FILE", help="alignment of the one sequence: a3m, .sto or FASTA"
    )
    fold.add_argument(
        "--predictor",
        choices=("templates", "network", "both"),
        help="where models come from; of both, the ranking keeps the best (default: see above)",
    )
    fold.add_argument(
        "--library",
        type=Path,
        metavar="DIR",
        help="template library (default: results/templates, made by make run or make library)",
    )
    fold.add_argument("--no-templates", action="store_true", help="as --predictor network")
    fold.add_argument(
        "--template-cutoff",
        default="",
        metavar="DATE",
        help="YYYY-MM-DD: no template released on this day or later, or of unknown date",
    )
    fold.add_argument(
        "--exclude-ids", nargs="+", default=[], metavar="ID", help="entries that are no templates"
    )
    fold.add_argument(
        "--families",
        type=Path,
        metavar="PATH",
        help="covariance models that the library was searched with, a file or a folder of *.cm "
        "(default: those in the library's folder, or families.models of config/config.yaml)",
    )
    fold.add_argument("--no-minimize", action="store_true", help="leave out the minimisation")
    fold.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    fold.set_defaults(run=_fold)


def _fold(args: argparse.Namespace) -> int:
    """Fold, and say what became of each sequence."""
    from rna_predict.predict.fold import choose_predictor, fold_fasta
    from rna_predict.predict.template_library import (
        FamilyModels,
        describe_library,
        find_families,
        find_library,
    )
    from rna_predict.templates.guards import Guard
    from rna_predict.templates.library import Library

    wanted = "network" if args.no_templates else args.predictor
    folder = None if wanted == "network" else args.library or find_library()
    library = None if folder is None else Library.read(folder)
    predictor = wanted or choose_predictor(library, args.weights)
    if library is not None:
        print(f"templates: {describe_library(library)}", file=sys.stderr)
    where = args.families or find_families(library.folder if library is not None else None)
    families = FamilyModels.read(where) if where else None
    print(f"families: {len(families.models) if families else 0} models", file=sys.stderr)
    results = fold_fasta(
        args.fasta,
        args.out,
        models=args.models,
        seed=args.seed,
        weights=args.weights,
        minimize=not args.no_minimize,
        device=args.device,
        msa=args.msa,
        predictor=predictor,
        library=library,
        guard=Guard(
            cutoff=args.template_cutoff,
            exclude_entries=frozenset(name.lower() for name in args.exclude_ids),
        ),
        families=families,
    )
    for result in results:
        where = args.out / result.name if result.status != "refused" else result.message
        print(f"{result.header}\t{result.status}\t{where}")
    return int(any(result.status == "refused" for result in results))


def _add_score(commands: argparse._SubParsersAction) -> None:
    score = commands.add_parser(
        "score",
        help="score models against an experimental structure",
        description="One row a model, in the order given. Exit status 1 if one cannot be scored.",
    )
    score.add_argument("--native", type=Path, required=True, help="experimental structure")
    score.add_argument("--models", nargs="+", required=True, help="models (mmCIF or PDB)")
    score.add_argument("--out", type=Path, required=True, help="TSV, distances in angstrom")
    score.add_argument("--per-residue", type=Path, metavar="FILE", help="TSV, one row a residue")
    score.add_argument(
        "--pairing",
        choices=("auto", "number", "sequence", "structure"),
        default="auto",
        help="pair residues by number, by sequence alignment, by free alignment of the structures, "
        "or by number if the bases agree and else by sequence (default)",
    )
    score.add_argument("--native-chain", default="", metavar="C", help="one chain (default all)")
    score.add_argument(
        "--no-clash-score", action="store_true", help="leave out the score that takes most time"
    )
    score.add_argument("--lddt-30", action="store_true", help="lDDT at 30 A too, as lddt_30")
    score.add_argument(
        "--ensemble",
        action="store_true",
        help="how far the models are apart (pairwise_rmsd, pairwise_tm) and their z_rna too",
    )
    score.add_argument("--jobs", type=int, default=0, help="processes (default: all cores)")
    score.set_defaults(run=_score)


def _score(args: argparse.Namespace) -> int:
    """Score, and write the tables."""
    from rna_predict.evaluate.ensembles import with_ensemble
    from rna_predict.evaluate.models import read_complex, read_complexes
    from rna_predict.evaluate.scores import residue_scores, score_models
    from rna_predict.structure.files import replacing

    models = read_complexes([Path(name) for name in args.models])
    native = read_complex(args.native, args.native_chain)
    # A process takes longer to start than a few models to score.
    jobs = min(args.jobs or os.cpu_count() or 1, 1 + len(models) // FEW_MODELS)
    scores = score_models(
        models,
        native,
        args.models,
        args.pairing,
        hydrogens=not args.no_clash_score,
        wide=args.lddt_30,
        jobs=jobs,
    )
    if args.ensemble:
        scores = with_ensemble(scores, models, native, args.pairing)
    with replacing(args.out) as path:
        scores.to_csv(path, sep="\t", index=False)
    if args.per_residue:
        with replacing(args.per_residue) as path:
            residue_scores(models, native, args.models, args.pairing, jobs=jobs).to_csv(
                path, sep="\t", index=False
            )
    faults = scores["error"][scores["error"] != ""]
    for fault in faults:
        print(f"rna-predict score: {fault}", file=sys.stderr)
    return int(len(faults) > 0)


def _add_angles(commands: argparse._SubParsersAction) -> None:
    angles = commands.add_parser(
        "angles",
        help="measure torsions and sugar pucker",
        description="One row an observed RNA residue of the first model; degrees in (-180, 180], "
        "phase in [0, 360), blank where undefined.",
    )
    angles.add_argument("structure", type=Path, metavar="FILE", help=".cif or .pdb, also .gz")
    angles.add_argument("--out", type=Path, required=True, metavar="TABLE.tsv")
    angles.add_argument("--backend", choices=("mdanalysis", "dssr"), default="mdanalysis")
    angles.set_defaults(run=_angles)


def _angles(args: argparse.Namespace) -> int:
    """Measure, and write the table."""
    from rna_predict.angles.residues import residue_table
    from rna_predict.structure.files import replacing
    from rna_predict.structure.mmcif import read_chains

    table = residue_table(read_chains(args.structure), args.backend)
    with replacing(args.out) as path:
        table.to_csv(path, sep="\t", index=False, float_format="%.3f")
    return 0


def _add_minimize(commands: argparse._SubParsersAction) -> None:
    from rna_predict.refine.settings import add_refine_options

    minimize = commands.add_parser(
        "minimize",
        help="repair and minimise models with OpenMM",
        description="Writes files of the same names and energies.tsv; a model that fails a gate "
        "keeps its input, and energies.tsv says why. What an earlier run has done is left as it "
        "is. Exit status 1 if a model cannot be read.",
    )
    minimize.add_argument("models", type=Path, nargs="+", metavar="FILE", help="mmCIF or PDB")
    minimize.add_argument("--out", type=Path, required=True, metavar="DIR")
    minimize.add_argument(
        "--threads", type=int, default=0, help="models at a time (default: all cores)"
    )
    minimize.add_argument("--force", action="store_true", help="do again what is done")
    add_refine_options(minimize, seed="--seed")
    minimize.set_defaults(run=_minimize)


def _minimize(args: argparse.Namespace) -> int:
    """Minimise, write models and energies, and say what became of them."""
    from rna_predict.refine.files import minimize_files
    from rna_predict.refine.settings import chosen_refinement

    batch = minimize_files(
        args.models,
        args.out,
        args.out / "energies.tsv",
        threads=args.threads or os.cpu_count() or 1,
        force=args.force,
        **chosen_refinement(args),
    )
    for error in batch.faults:
        print(f"rna-predict minimize: {error}", file=sys.stderr)
    for row in batch.table[~batch.table["kept"].astype(bool)].itertuples():
        print(f"{row.model}\tnot minimised\t{row.reason}\t{row.detail}")
    print(
        f"{len(batch.table)} models, {int(batch.table['kept'].sum())} minimised, "
        f"{batch.skipped} of all done before"
    )
    return int(len(batch.faults) > 0)


if __name__ == "__main__":
    sys.exit(main())
