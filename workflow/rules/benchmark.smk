"""Benchmark: network, baselines, null model and foreign models on a table of targets.

INPUTS: the table of `benchmark.targets` with its natives, or the run's own targets that have natives
OUTPUTS: results/benchmark/{benchmark}/{summary,paired,worst,by_length,by_family}.csv and figures
"""

FAMILY_OPTIONS = [
    *("--families", CONFIG.families.models),
    *("--program", CONFIG.families.program),
    *(("--clans", CONFIG.families.clans) if CONFIG.families.clans else ()),
    *(("--seeds", CONFIG.families.seeds) if CONFIG.families.seeds else ()),
    *("--max-evalue", CONFIG.families.max_evalue),
    *("--database-size", CONFIG.families.database_size),
    *("--family-evalue", CONFIG.splits.family_evalue),
]


rule write_sequence:
    """Write the sequence of one target: all that predictors see of it."""
    input:
        native=lambda wildcards: str(puzzle(wildcards.puzzle).native),
        script=SCRIPTS / "write_sequence.py",
    output:
        "results/benchmark/{benchmark}/targets/{puzzle}.fasta",
    log:
        "results/logs/write_sequence/{benchmark}/{puzzle}.log",
    benchmark:
        "results/benchmarks/write_sequence/{benchmark}/{puzzle}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        sequence=lambda wildcards: [
            word
            for letters in [puzzle(wildcards.puzzle).sequence]
            if letters
            for word in ("--sequence", letters)
        ],
        code=code("write_sequence.py"),
    shell:
        "python {input.script:q}"
        " --native {input.native:q}"
        " --target {wildcards.puzzle:q}"
        " {params.sequence:q}"
        " --out {output:q}"
        " &> {log:q}"


rule search_target:
    """Search one target with the covariance models: is its family known?"""
    input:
        sequence="results/benchmark/{benchmark}/targets/{puzzle}.fasta",
        models=CONFIG.families.models,
        clans=CONFIG.families.clans or [],
        script=SCRIPTS / "search_families.py",
    output:
        "results/benchmark/{benchmark}/targets/{puzzle}.families.tsv",
    log:
        "results/logs/search_target/{benchmark}/{puzzle}.log",
    benchmark:
        "results/benchmarks/search_target/{benchmark}/{puzzle}.tsv"
    conda:
        "../../envs/infernal.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        families=CONFIG.families,
        family_evalue=CONFIG.splits.family_evalue,
        clans=["--clans", CONFIG.families.clans] if CONFIG.families.clans else [],
        cache="results/splits/cache",
        code=code("search_families.py"),
    shell:
        "python {input.script:q}"
        " --targets {input.sequence:q}"
        " --models {input.models:q}"
        " --program {params.families.program}"
        " {params.clans:q}"
        " --max-evalue {params.families.max_evalue}"
        " --database-size {params.families.database_size}"
        " --family-evalue {params.family_evalue}"
        " --cache {params.cache:q}"
        " --out {output:q}"
        " &> {log:q}"


rule fold_target:
    """Fold one target with the network or a baseline: sampled, minimised and ranked."""
    input:
        sequence="results/benchmark/{benchmark}/targets/{puzzle}.fasta",
        weights=lambda wildcards: f"results/models/{LEARNED[wildcards.learned]}/model.safetensors",
        families=CONFIG.families.models,
        clans=CONFIG.families.clans or [],
        seeds=CONFIG.families.seeds or [],
        script=SCRIPTS / "fold_target.py",
    output:
        directory("results/benchmark/{benchmark}/models/{learned}/{puzzle}"),
    log:
        "results/logs/fold_target/{benchmark}/{learned}/{puzzle}.log",
    benchmark:
        "results/benchmarks/fold_target/{benchmark}/{learned}/{puzzle}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=120,
        gpu=CONFIG.training.gpus,
    params:
        models=CONFIG.predict.models,
        seed=CONFIG.seed,
        device=CONFIG.predict.device,
        families=FAMILY_OPTIONS,
        refine=REFINE_OPTIONS,
        code=code("fold_target.py"),
    shell:
        "python {input.script:q}"
        " --sequence {input.sequence:q}"
        " --weights {input.weights:q}"
        " --models {params.models}"
        " --seed {params.seed}"
        " --device {params.device}"
        " {params.families:q}"
        " {params.refine:q}"
        " --out-dir {output:q}"
        " &> {log:q}"


rule fold_null:
    """Build one target's null models: predicted pairs as A-form helices, nothing learned."""
    input:
        sequence="results/benchmark/{benchmark}/targets/{puzzle}.fasta",
        script=SCRIPTS / "fold_null.py",
    output:
        directory(PREDICTORS["null_model"]),
    log:
        "results/logs/fold_null/{benchmark}/{puzzle}.log",
    benchmark:
        "results/benchmarks/fold_null/{benchmark}/{puzzle}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        models=CONFIG.predict.models,
        seed=CONFIG.seed,
        refine=REFINE_OPTIONS,
        code=code("fold_null.py"),
    shell:
        "python {input.script:q}"
        " --sequence {input.sequence:q}"
        " --models {params.models}"
        " --seed {params.seed}"
        " {params.refine:q}"
        " --out-dir {output:q}"
        " &> {log:q}"


rule fold_templates:
    """Fold one target on known structures, none of them its own or too young."""
    input:
        sequence="results/benchmark/{benchmark}/targets/{puzzle}.fasta",
        library=rules.build_library.output,
        families=CONFIG.families.models,
        clans=CONFIG.families.clans or [],
        script=SCRIPTS / "fold_templates.py",
    output:
        directory(PREDICTORS["templates"]),
    log:
        "results/logs/fold_templates/{benchmark}/{puzzle}.log",
    benchmark:
        "results/benchmarks/fold_templates/{benchmark}/{puzzle}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        library=lambda wildcards, input: Path(input.library[0]).parent,
        guard=guard_options,
        families=FAMILY_OPTIONS,
        refine=REFINE_OPTIONS,
        models=CONFIG.predict.models,
        seed=CONFIG.seed,
        code=code("fold_templates.py"),
    shell:
        "python {input.script:q}"
        " --sequence {input.sequence:q}"
        " --library {params.library:q}"
        " {params.guard:q}"
        " {params.families:q}"
        " {params.refine:q}"
        " --models {params.models}"
        " --seed {params.seed}"
        " --out-dir {output:q}"
        " &> {log:q}"


rule score_benchmark:
    """Score one predictor's models of one target against the native."""
    input:
        models=benchmark_models,
        native=lambda wildcards: str(puzzle(wildcards.puzzle).native),
        script=SCRIPTS / "score_benchmark.py",
    output:
        scores="results/benchmark/{benchmark}/scores/{predictor}/{puzzle}.tsv",
        residues="results/benchmark/{benchmark}/residues/{predictor}/{puzzle}.tsv",
    log:
        "results/logs/score_benchmark/{benchmark}/{predictor}/{puzzle}.log",
    benchmark:
        "results/benchmarks/score_benchmark/{benchmark}/{predictor}/{puzzle}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code("score_benchmark.py"),
    shell:
        "python {input.script:q}"
        " --predictor {wildcards.predictor}"
        " --target {wildcards.puzzle:q}"
        " --models {input.models:q}"
        " --native {input.native:q}"
        " --jobs {threads}"
        " --out {output.scores:q}"
        " --per-residue {output.residues:q}"
        " &> {log:q}"


rule summarise_benchmark:
    """Summarise the scores: means with intervals, paired comparisons, the worst targets."""
    input:
        scores=of_benchmark(
            "results/benchmark/{benchmark}/scores/{predictor}/{puzzle}.tsv"
        ),
        residues=of_benchmark(
            "results/benchmark/{benchmark}/residues/{predictor}/{puzzle}.tsv"
        ),
        families=lambda wildcards: expand(
            "results/benchmark/{benchmark}/targets/{puzzle}.families.tsv",
            benchmark=wildcards.benchmark,
            puzzle=list(TABLED) or scored(),
        ),
        script=SCRIPTS / "summarise_benchmark.py",
    output:
        targets="results/benchmark/{benchmark}/targets.csv",
        tables=report(
            expand(
                "results/benchmark/{{benchmark}}/{table}.csv",
                table=("summary", "paired", "worst", "by_length", "by_family"),
            ),
            caption="../report/benchmark.rst",
            category="Benchmark",
            subcategory="{benchmark}",
        ),
        figures=report(
            expand(
                "results/benchmark/{{benchmark}}/{figure}.svg",
                figure=("summary", "by_length", "paired"),
            ),
            caption="../report/benchmark.rst",
            category="Benchmark",
            subcategory="{benchmark}",
        ),
    log:
        "results/logs/summarise_benchmark/{benchmark}.log",
    benchmark:
        "results/benchmarks/summarise_benchmark/{benchmark}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        benchmark=CONFIG.benchmark,
        family_evalue=CONFIG.splits.family_evalue,
        seed=CONFIG.seed,
        out_dir=subpath(output.targets, parent=True),
        code=code("summarise_benchmark.py"),
    shell:
        "python {input.script:q}"
        " --scores {input.scores:q}"
        " --residues {input.residues:q}"
        " --families {input.families:q}"
        " --family-evalue {params.family_evalue}"
        " --bootstrap {params.benchmark.bootstrap}"
        " --seed {params.seed}"
        " --out-dir {params.out_dir:q}"
        " &> {log:q}"
