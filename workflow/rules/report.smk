"""The HTML report of a run.

INPUTS: the tables of all stages and, for each target, its models, scores and confidences
OUTPUTS: results/report/index.html
"""


rule build_report:
    """Build the self-contained HTML report."""
    input:
        manifests=of_all_shards("results/raw/shards/{shard}.tsv"),
        chains="results/structures/chains.parquet",
        rejected="results/structures/rejected.tsv",
        angles="results/angles/angles.parquet",
        angle_check="results/angles/checked.tsv",
        geometry="results/geometry/statistics.tsv",
        funnel="results/structures/funnel.tsv",
        notes="results/structures/notes.tsv",
        pairs="results/secondary/pairs.parquet",
        probabilities="results/secondary/probabilities.parquet",
        structures="results/secondary/structures.parquet",
        families="results/splits/families.tsv",
        clusters="results/splits/clusters.tsv",
        splits="results/splits/splits.tsv",
        leakage="results/splits/leakage.tsv",
        nearest="results/splits/nearest.tsv",
        split_summary="results/splits/summary.tsv",
        split_comparison="results/splits/comparison.tsv",
        augmentation="results/augment/augmentation.tsv",
        metrics=f"results/models/{CONFIG.run}/metrics.csv",
        model=f"results/models/{CONFIG.run}/model.yaml",
        weights=f"results/models/{CONFIG.run}/model.safetensors",
        rankings=expand(
            "results/ranked/{run}/{target}/ranking.tsv", run=CONFIG.run, target=TARGETS
        ),
        scores=lambda wildcards: expand(
            "results/scores/{run}/{target}.tsv", run=CONFIG.run, target=scored()
        ),
        benchmark=(
            f"results/benchmark/{CONFIG.benchmark.name}/summary.csv"
            if CONFIG.report.benchmark
            else []
        ),
        script=SCRIPTS / "build_report.py",
    output:
        report(
            "results/report/index.html",
            caption="../report/index.rst",
            category="Report",
        ),
    log:
        "results/logs/build_report.log",
    benchmark:
        "results/benchmarks/build_report.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=CONFIG.run,
        targets=TARGETS,
        config=lambda wildcards: CONFIG.model_dump_json(),
        benchmark=(
            ["--benchmark", f"results/benchmark/{CONFIG.benchmark.name}"]
            if CONFIG.report.benchmark
            else []
        ),
        code=code("build_report.py"),
    shell:
        "python {input.script:q}"
        " --run {params.run}"
        " --config {params.config:q}"
        " --manifests {input.manifests:q}"
        " --chains {input.chains:q}"
        " --rejected {input.rejected:q}"
        " --angles {input.angles:q}"
        " --angle-check {input.angle_check:q}"
        " --geometry {input.geometry:q}"
        " --funnel {input.funnel:q}"
        " --notes {input.notes:q}"
        " --pairs {input.pairs:q}"
        " --probabilities {input.probabilities:q}"
        " --structures {input.structures:q}"
        " --families {input.families:q}"
        " --clusters {input.clusters:q}"
        " --splits {input.splits:q}"
        " --leakage {input.leakage:q}"
        " --nearest {input.nearest:q}"
        " --split-summary {input.split_summary:q}"
        " --split-comparison {input.split_comparison:q}"
        " --augmentation {input.augmentation:q}"
        " --metrics {input.metrics:q}"
        " --model-config {input.model:q}"
        " --weights {input.weights:q}"
        " --targets {params.targets:q}"
        " --natives-dir results/natives"
        " --predictions-dir results/predictions/{params.run}"
        " --refined-dir results/refined/{params.run}"
        " --ranked-dir results/ranked/{params.run}"
        " --scores-dir results/scores/{params.run}"
        " --benchmarks-dir results/benchmarks"
        " {params.benchmark:q}"
        " --out {output:q}"
        " &> {log:q}"
