"""Training of the network and of the baselines: the run of a baseline is {run}_{baseline}.

INPUTS: the audited data set and the model file
OUTPUTS: results/models/{run}/{model.yaml,model.safetensors,best.ckpt,last.ckpt,metrics.csv}
"""

BASELINES = {
    f"{CONFIG.run}_{name}": model for name, model in CONFIG.training.baselines.items()
}


rule write_model_config:
    """Check the model file and fill in its defaults."""
    input:
        model=lambda wildcards: BASELINES.get(wildcards.run, CONFIG.training.model),
        script=SCRIPTS / "write_model_config.py",
    output:
        "results/models/{run}/settings.yaml",
    log:
        "results/logs/write_model_config/{run}.log",
    benchmark:
        "results/benchmarks/write_model_config/{run}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code("write_model_config.py"),
    shell:
        "python {input.script:q}"
        " --model {input.model:q}"
        " --out {output:q}"
        " &> {log:q}"


rule train_model:
    """Train the network; a killed run goes on from its last resume point."""
    input:
        model="results/models/{run}/settings.yaml",
        chains="results/structures/chains.parquet",
        angles="results/angles/angles.parquet",
        pairs="results/secondary/pairs.parquet",
        probabilities="results/secondary/probabilities.parquet",
        consensus="results/secondary/consensus.parquet",
        homologs="results/splits/homologs.parquet",
        splits="results/splits/splits.tsv",
        leakage="results/splits/leakage.tsv",
        augmented="results/augment/augmented.parquet",
        augmented_angles="results/augment/angles.parquet",
        augmented_probabilities="results/augment/probabilities.parquet",
        script=SCRIPTS / "train_model.py",
    output:
        weights="results/models/{run}/model.safetensors",
        model="results/models/{run}/model.yaml",
        best="results/models/{run}/best.ckpt",
        last="results/models/{run}/last.ckpt",
        metrics=report(
            "results/models/{run}/metrics.csv",
            caption="../report/training.rst",
            category="Training",
        ),
    log:
        "results/logs/train_model/{run}.log",
    benchmark:
        "results/benchmarks/train_model/{run}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=CONFIG.training.runtime,
        gpu=CONFIG.training.gpus,
    params:
        seed=CONFIG.seed,
        device=CONFIG.training.device,
        out_dir=subpath(output.weights, parent=True),
        code=code("train_model.py"),
    shell:
        "python {input.script:q}"
        " --model {input.model:q}"
        " --chains {input.chains:q}"
        " --angles {input.angles:q}"
        " --pairs {input.pairs:q}"
        " --probabilities {input.probabilities:q}"
        " --consensus {input.consensus:q}"
        " --homologs {input.homologs:q}"
        " --splits {input.splits:q}"
        " --augmented {input.augmented:q}"
        " --augmented-angles {input.augmented_angles:q}"
        " --augmented-probabilities {input.augmented_probabilities:q}"
        " --seed {params.seed}"
        " --device {params.device}"
        " --threads {threads}"
        " --out-dir {params.out_dir:q}"
        " &> {log:q}"
