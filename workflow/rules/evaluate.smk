"""Scores of the final models against the experimental structures.

INPUTS: results/ranked/{run}/{target}/model_{k}.cif, results/structures/chains.parquet
OUTPUTS: results/natives/{target}.cif, results/scores/{run}/{target}.tsv, {target}.residues.tsv
"""


rule extract_native:
    """Write the experimental structure that a target is named after."""
    input:
        chains="results/structures/chains.parquet",
        script=SCRIPTS / "extract_native.py",
    output:
        "results/natives/{target}.cif",
    log:
        "results/logs/extract_native/{target}.log",
    benchmark:
        "results/benchmarks/extract_native/{target}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code("extract_native.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --chain {wildcards.target:q}"
        " --out {output:q}"
        " &> {log:q}"


rule score_models:
    """Score ranked models against the experimental structure."""
    input:
        models=expand("results/ranked/{{run}}/{{target}}/model_{k}.cif", k=MODELS),
        native="results/natives/{target}.cif",
        script=SCRIPTS / "score_models.py",
    output:
        scores=report(
            "results/scores/{run}/{target}.tsv",
            caption="../report/scores.rst",
            category="Accuracy",
            labels={"target": "{target}"},
        ),
        residues="results/scores/{run}/{target}.residues.tsv",
    log:
        "results/logs/score_models/{run}/{target}.log",
    benchmark:
        "results/benchmarks/score_models/{run}/{target}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("score_models.py"),
    shell:
        "python {input.script:q}"
        " --models {input.models:q}"
        " --native {input.native:q}"
        " --ensemble"
        " --out {output.scores:q}"
        " --per-residue {output.residues:q}"
        " &> {log:q}"
