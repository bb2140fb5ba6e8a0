"""Targets and predictors of the benchmark, for the rules of benchmark.smk."""

from rna_predict.evaluate.benchmarks import FOREIGN, Target, read_targets

# Trained predictor: the run that its weights come from.
LEARNED = {"network": CONFIG.run} | {
    name: f"{CONFIG.run}_{name}" for name in CONFIG.training.baselines
}
# Predictor: where its models of a target are made. A new one is a line here and a rule that makes
# this folder from targets/{puzzle}.fasta; `benchmark.predictors` then chooses it by name.
PREDICTORS = {
    name: f"results/benchmark/{{benchmark}}/models/{name}/{{puzzle}}"
    for name in (*LEARNED, "null_model", "templates")
}
TABLED = {}
try:
    if CONFIG.benchmark.targets:
        TABLED = {row.name: row for row in read_targets(CONFIG.benchmark.targets)}
    if strange := sorted(set(CONFIG.benchmark.predictors) - set(PREDICTORS)):
        raise InputError(
            "config benchmark.predictors",
            f"expected some of {', '.join(PREDICTORS)}, got {', '.join(strange)}",
        )
except InputError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    benchmark=r"[A-Za-z0-9_-]+",
    predictor="|".join(map(re.escape, [*PREDICTORS, FOREIGN])),
    learned="|".join(map(re.escape, LEARNED)),
    puzzle=r"[A-Za-z0-9][A-Za-z0-9._-]*",


def puzzle(name):
    """Give a target of the benchmark: a row of the table, or one of the run's own."""
    return TABLED.get(name) or Target(name, f"results/natives/{name}.cif")


def guard_options(wildcards):
    """Give the options that keep a target's own structure from its templates.

    Before a known cut-off nothing is excluded; without one, its entry and all copies of it are.
    """
    cutoff = puzzle(wildcards.puzzle).cutoff
    if cutoff:
        return ["--cutoff", cutoff]
    entry = wildcards.puzzle.split("_")[0]
    return ["--exclude-ids", entry, "--max-identity", "0.9"]


def benchmark_models(wildcards):
    """Give the folder of models: what a predictor makes, or the foreign ones as they came."""
    if wildcards.predictor == FOREIGN:
        return str(puzzle(wildcards.puzzle).models)
    return PREDICTORS[wildcards.predictor].format(**wildcards)


def of_benchmark(pattern):
    """Make an input function: the files of a pattern, for each predictor and target."""

    def files(wildcards):
        names = list(TABLED) or scored()
        chosen = [(p, name) for p in CONFIG.benchmark.predictors for name in names]
        if CONFIG.benchmark.foreign:
            chosen += [(FOREIGN, name) for name in names if puzzle(name).models]
        return [
            pattern.format(predictor=p, puzzle=name, **wildcards) for p, name in chosen
        ]

    return files
