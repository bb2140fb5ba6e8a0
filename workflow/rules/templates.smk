"""The template library: known chains with release dates, pairs in 3D and families.

INPUTS: results/structures/chains.parquet, results/secondary/pairs.parquet,
results/splits/{families.tsv,alignments.parquet}, covariance models
OUTPUTS: results/templates/{templates.parquet,chains.safetensors,families}
"""


rule build_library:
    """Build the library that template searches read."""
    input:
        chains="results/structures/chains.parquet",
        pairs="results/secondary/pairs.parquet",
        families="results/splits/families.tsv",
        alignments="results/splits/alignments.parquet",
        models=CONFIG.families.models,
        script=SCRIPTS / "build_library.py",
    output:
        table="results/templates/templates.parquet",
        chains="results/templates/chains.safetensors",
        families=directory("results/templates/families"),
    log:
        "results/logs/build_library.log",
    benchmark:
        "results/benchmarks/build_library.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        folder=lambda wildcards, output: Path(output.table).parent,
        code=code("build_library.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --pairs {input.pairs:q}"
        " --families {input.families:q}"
        " --alignments {input.alignments:q}"
        " --models {input.models:q}"
        " --out {params.folder:q}"
        " &> {log:q}"
