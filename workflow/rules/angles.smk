"""Torsion angles and sugar pucker.

INPUTS: results/structures/shards/{shard}.chains.parquet
OUTPUTS: results/angles/angles.parquet, a manifest of backend and version beside each shard,
results/geometry/statistics.tsv and its figure
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


rule measure_geometry:
    """Summarise bond lengths, bond angles and torsions of the data set, and draw them."""
    input:
        chains="results/structures/chains.parquet",
        script=SCRIPTS / "measure_geometry.py",
    output:
        table="results/geometry/statistics.tsv",
        figure=report(
            "results/geometry/statistics.svg",
            caption="../report/geometry.rst",
            category="Data",
            labels={"figure": "Bonds, angles and torsions"},
        ),
    log:
        "results/logs/measure_geometry.log",
    benchmark:
        "results/benchmarks/measure_geometry.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=30,
    params:
        max_resolution=CONFIG.structures.max_resolution,
        code=code("measure_geometry.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --max-resolution {params.max_resolution}"
        " --out {output.table:q}"
        " --figure {output.figure:q}"
        " &> {log:q}"


rule check_angles:
    """Measure one shard's angles again, in another way; a disagreement fails the run."""
    input:
        chains="results/structures/shards/{shard}.chains.parquet",
        angles="results/angles/shards/{shard}.angles.parquet",
        manifest="results/angles/shards/{shard}.manifest.json",
        script=SCRIPTS / "check_angles.py",
    output:
        "results/angles/shards/{shard}.checked.tsv",
    log:
        "results/logs/check_angles/{shard}.log",
    benchmark:
        "results/benchmarks/check_angles/{shard}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=code("check_angles.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --angles {input.angles:q}"
        " --manifest {input.manifest:q}"
        " --out {output:q}"
        " &> {log:q}"
