"""Torsion angles and sugar pucker.

INPUTS: results/structures/shards/{shard}.chains.parquet
OUTPUTS: results/angles/angles.parquet, a manifest of backend and version beside each shard
"""


rule compute_angles:
    """Measure the torsions, pucker and pseudo-torsions of one shard."""
    input:
        chains="results/structures/shards/{shard}.chains.parquet",
        script=SCRIPTS / "compute_angles.py",
    output:
        angles="results/angles/shards/{shard}.angles.parquet",
        manifest="results/angles/shards/{shard}.manifest.json",
    log:
        "results/logs/compute_angles/{shard}.log",
    benchmark:
        "results/benchmarks/compute_angles/{shard}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        backend=CONFIG.angles.backend,
        code=code("compute_angles.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --backend {params.backend}"
        " --out {output.angles:q}"
        " --manifest {output.manifest:q}"
        " &> {log:q}"
