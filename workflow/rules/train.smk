"""Training of the network and of the baselines: the run of a baseline is {run}_{baseline}.

INPUTS: the audited data set, the model file, the template library where templates are shown
OUTPUTS: results/models/{run}/{model.yaml,model.safetensors,model_card.md,best.ckpt,last.ckpt}, metrics.csv and
throughput.csv beside them, and an export in half the bytes, results/models/{run}/export
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


rule search_templates:
    """Search templates for the chains that training and validation show."""
    input:
        library="results/templates/templates.parquet",
        library_chains="results/templates/chains.safetensors",
        chains="results/structures/chains.parquet",
        probabilities="results/secondary/probabilities.parquet",
        consensus="results/secondary/consensus.parquet",
        splits="results/splits/splits.tsv",
        clusters="results/splits/clusters.tsv",
        leakage="results/splits/leakage.tsv",
        script=SCRIPTS / "search_templates.py",
    output:
        "results/templates/training.safetensors",
    log:
        "results/logs/search_templates.log",
    benchmark:
        "results/benchmarks/search_templates.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 4
    resources:
        mem_mb=8000,
        runtime=600,
    params:
        library=subpath(input.library, parent=True),
        cutoff=CONFIG.splits.cutoff,
        code=code("search_templates.py"),
    shell:
        "python {input.script:q}"
        " --library {params.library:q}"
        " --chains {input.chains:q}"
        " --probabilities {input.probabilities:q}"
        " --consensus {input.consensus:q}"
        " --splits {input.splits:q}"
        " --clusters {input.clusters:q}"
        " --cutoff={params.cutoff:q}"
        " --processes {threads}"
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
        clusters="results/splits/clusters.tsv",
        splits="results/splits/splits.tsv",
        leakage="results/splits/leakage.tsv",
        augmented="results/augment/augmented.parquet",
        augmented_angles="results/augment/angles.parquet",
        augmented_probabilities="results/augment/probabilities.parquet",
        templates=(
            "results/templates/training.safetensors"
            if CONFIG.training.templates
            else []
        ),
        script=SCRIPTS / "train_model.py",
    output:
        weights="results/models/{run}/model.safetensors",
        model="results/models/{run}/model.yaml",
        best="results/models/{run}/best.ckpt",
        last="results/models/{run}/last.ckpt",
        card="results/models/{run}/model_card.md",
        throughput="results/models/{run}/throughput.csv",
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
    threads: CONFIG.training.threads
    resources:
        mem_mb=8000,
        runtime=CONFIG.training.runtime,
        gpu=CONFIG.training.gpus,
    params:
        seed=CONFIG.seed,
        device=CONFIG.training.device,
        cutoff=CONFIG.splits.cutoff,
        templates=lambda wildcards, input: (
            ["--templates", input.templates] if input.templates else []
        ),
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
        " --clusters {input.clusters:q}"
        " --augmented {input.augmented:q}"
        " --augmented-angles {input.augmented_angles:q}"
        " --augmented-probabilities {input.augmented_probabilities:q}"
        " {params.templates:q}"
        " --cutoff={params.cutoff:q}"
        " --seed {params.seed}"
        " --device {params.device}"
        " --threads {threads}"
        " --out-dir {params.out_dir:q}"
        " &> {log:q}"


rule export_weights:
    """Round the weights to half their bytes, to be shipped with their model file and card."""
    input:
        weights="results/models/{run}/model.safetensors",
        model="results/models/{run}/model.yaml",
        card="results/models/{run}/model_card.md",
        script=SCRIPTS / "export_weights.py",
    output:
        weights="results/models/{run}/export/model.safetensors",
        model="results/models/{run}/export/model.yaml",
        card="results/models/{run}/export/model_card.md",
    log:
        "results/logs/export_weights/{run}.log",
    benchmark:
        "results/benchmarks/export_weights/{run}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        out_dir=subpath(output.weights, parent=True),
        code=code("export_weights.py"),
    shell:
        "python {input.script:q}"
        " --weights {input.weights:q}"
        " --model {input.model:q}"
        " --card {input.card:q}"
        " --out-dir {params.out_dir:q}"
        " &> {log:q}"
