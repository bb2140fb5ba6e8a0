"""Base pairs: annotated from 3D (supervision, evaluation) and predicted from sequence (input).

INPUTS: results/structures/shards/{shard}.chains.parquet
OUTPUTS: results/secondary/pairs.parquet, results/secondary/probabilities.parquet
"""


rule annotate_pairs:
    """Annotate the base pairs of one shard from coordinates (Leontis-Westhof)."""
    input:
        chains="results/structures/shards/{shard}.chains.parquet",
        script=SCRIPTS / "annotate_pairs.py",
    output:
        "results/secondary/shards/{shard}.pairs.parquet",
    log:
        "results/logs/annotate_pairs/{shard}.log",
    benchmark:
        "results/benchmarks/annotate_pairs/{shard}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code("annotate_pairs.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --out {output:q}"
        " &> {log:q}"


rule fold_sequences:
    """Compute base-pair probabilities of one shard from its sequences alone."""
    input:
        chains="results/structures/shards/{shard}.chains.parquet",
        script=SCRIPTS / "fold_sequences.py",
    output:
        "results/secondary/shards/{shard}.probabilities.parquet",
    log:
        "results/logs/fold_sequences/{shard}.log",
    benchmark:
        "results/benchmarks/fold_sequences/{shard}.tsv"
    conda:
        "../../envs/viennarna.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        min_probability=CONFIG.secondary.min_probability,
        max_span=CONFIG.secondary.max_span,
        code=code("fold_sequences.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --min-probability {params.min_probability}"
        " --max-span {params.max_span}"
        " --out {output:q}"
        " &> {log:q}"
