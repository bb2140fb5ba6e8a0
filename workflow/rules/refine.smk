"""Minimisation and ranking: the final models.

INPUTS: results/predictions/{run}/{target}/model_{k}.cif
OUTPUTS: results/refined/{run}/{target}/, results/ranked/{run}/{target}/ (best first)
"""


rule minimize_models:
    """Minimise the models of one target; a model that fails a gate keeps its input."""
    input:
        models=expand("results/predictions/{{run}}/{{target}}/model_{k}.cif", k=MODELS),
        script=SCRIPTS / "minimize_models.py",
    output:
        models=expand("results/refined/{{run}}/{{target}}/model_{k}.cif", k=MODELS),
        energies="results/refined/{run}/{target}/energies.tsv",
    log:
        "results/logs/minimize_models/{run}/{target}.log",
    benchmark:
        "results/benchmarks/minimize_models/{run}/{target}.tsv"
    conda:
        "../../envs/openmm.yaml"
    threads: 4
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        refine=REFINE_OPTIONS,
        out_dir=subpath(output.energies, parent=True),
        code=code("minimize_models.py"),
    shell:
        "python {input.script:q}"
        " --models {input.models:q}"
        " {params.refine:q}"
        " --threads {threads}"
        " --energies {output.energies:q}"
        " --out-dir {params.out_dir:q}"
        " &> {log:q}"


rule rank_models:
    """Rank the models of one target by confidence and clashes, best first."""
    input:
        models=expand("results/refined/{{run}}/{{target}}/model_{k}.cif", k=MODELS),
        confidence="results/predictions/{run}/{target}/confidence.json",
        energies="results/refined/{run}/{target}/energies.tsv",
        script=SCRIPTS / "rank_models.py",
    output:
        models=expand("results/ranked/{{run}}/{{target}}/model_{k}.cif", k=MODELS),
        ranking=report(
            "results/ranked/{run}/{target}/ranking.tsv",
            caption="../report/ranking.rst",
            category="Models",
            labels={"target": "{target}"},
        ),
    log:
        "results/logs/rank_models/{run}/{target}.log",
    benchmark:
        "results/benchmarks/rank_models/{run}/{target}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        out_dir=subpath(output.ranking, parent=True),
        code=code("rank_models.py"),
    shell:
        "python {input.script:q}"
        " --models {input.models:q}"
        " --confidence {input.confidence:q}"
        " --energies {input.energies:q}"
        " --out-dir {params.out_dir:q}"
        " &> {log:q}"
