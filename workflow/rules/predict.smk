"""Samples of the network for each target.

INPUTS: results/models/{run}/model.safetensors and the target's sequence
OUTPUTS: results/predictions/{run}/{target}/model_{k}.cif and confidence.json
"""


rule predict_models:
    """Sample models of one target from its sequence alone."""
    input:
        weights="results/models/{run}/model.safetensors",
        model="results/models/{run}/model.yaml",
        targets=CONFIG.predict.targets,
        files=CONFIG.secondary.files or [],
        script=SCRIPTS / "predict_models.py",
    output:
        models=expand("results/predictions/{{run}}/{{target}}/model_{k}.cif", k=MODELS),
        confidence="results/predictions/{run}/{target}/confidence.json",
    log:
        "results/logs/predict_models/{run}/{target}.log",
    benchmark:
        "results/benchmarks/predict_models/{run}/{target}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=60,
        gpu=CONFIG.training.gpus,
    params:
        models=CONFIG.predict.models,
        seed=CONFIG.seed,
        device=CONFIG.predict.device,
        folding=lambda wildcards: FOLDING,
        out_dir=subpath(output.confidence, parent=True),
        code=code("predict_models.py"),
    shell:
        "python {input.script:q}"
        " --weights {input.weights:q}"
        " --model {input.model:q}"
        " --targets {input.targets:q}"
        " --target {wildcards.target:q}"
        " --models {params.models}"
        " --seed {params.seed}"
        " --device {params.device}"
        " {params.folding:q}"
        " --out-dir {params.out_dir:q}"
        " &> {log:q}"
