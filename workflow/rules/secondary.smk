"""Base pairs: annotated from 3D (supervision, evaluation) and predicted from sequence (input).

INPUTS: results/structures/shards/{shard}.chains.parquet
OUTPUTS: results/secondary/{pairs,stacking,probabilities,structures}.parquet,
         results/secondary/dot_brackets.tsv
"""

# How sequences are folded, whichever they are. Foldings are kept by sequence, for all rules.
FOLDING = [
    word
    for key in ("backend", "files", "program", "min_probability", "max_span")
    if (value := getattr(CONFIG.secondary, key)) not in (None, "")
    for word in (f"--{key.replace('_', '-')}", value)
] + ["--cache", "results/secondary/cache"]


rule annotate_pairs:
    """Annotate base pairs (Leontis-Westhof) and stackings of one shard from coordinates."""
    input:
        chains="results/structures/shards/{shard}.chains.parquet",
        script=SCRIPTS / "annotate_pairs.py",
    output:
        pairs="results/secondary/shards/{shard}.pairs.parquet",
        stacking="results/secondary/shards/{shard}.stacking.parquet",
        dot_brackets="results/secondary/shards/{shard}.dot_brackets.tsv",
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
        " --out {output.pairs:q}"
        " --stacking {output.stacking:q}"
        " --dot-brackets {output.dot_brackets:q}"
        " &> {log:q}"


rule fold_sequences:
    """Compute base-pair probabilities and structures of one shard from its sequences alone."""
    input:
        chains="results/structures/shards/{shard}.chains.parquet",
        files=CONFIG.secondary.files or [],
        script=SCRIPTS / "fold_sequences.py",
    output:
        probabilities="results/secondary/shards/{shard}.probabilities.parquet",
        structures="results/secondary/shards/{shard}.structures.parquet",
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
        folding=lambda wildcards: FOLDING,
        code=code("fold_sequences.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " {params.folding:q}"
        " --out {output.probabilities:q}"
        " --structures {output.structures:q}"
        " &> {log:q}"
