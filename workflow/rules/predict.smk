"""What families tell of the targets, and samples of the network for each target.

INPUTS: results/models/{run}/model.safetensors, the targets' sequences, models and seeds of families
OUTPUTS: results/secondary/target_consensus.parquet, results/splits/target_homologs.parquet,
results/predictions/{run}/{target}/model_{k}.cif and confidence.json
"""


rule align_targets:
    """Align the targets to the covariance models of their families; the search is in the cache."""
    input:
        targets=CONFIG.predict.targets,
        models=CONFIG.families.models,
        clans=CONFIG.families.clans or [],
        searched="results/splits/target_families.tsv",
        script=SCRIPTS / "search_families.py",
    output:
        families=temp("results/splits/target_hits.tsv"),
        alignments="results/splits/target_alignments.parquet",
    log:
        "results/logs/align_targets.log",
    benchmark:
        "results/benchmarks/align_targets.tsv"
    conda:
        "../../envs/infernal.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        families=CONFIG.families,
        family_evalue=CONFIG.splits.family_evalue,
        clans=["--clans", CONFIG.families.clans] if CONFIG.families.clans else [],
        cache="results/splits/cache",
        code=code("search_families.py"),
    shell:
        "python {input.script:q}"
        " --targets {input.targets:q}"
        " --models {input.models:q}"
        " --program {params.families.program}"
        " {params.clans:q}"
        " --max-evalue {params.families.max_evalue}"
        " --database-size {params.families.database_size}"
        " --family-evalue {params.family_evalue}"
        " --cache {params.cache:q}"
        " --out {output.families:q}"
        " --alignments {output.alignments:q}"
        " &> {log:q}"


rule project_target_consensus:
    """Project the consensus pairs of families on the targets."""
    input:
        targets=CONFIG.predict.targets,
        alignments="results/splits/target_alignments.parquet",
        models=CONFIG.families.models,
        script=SCRIPTS / "project_consensus.py",
    output:
        "results/secondary/target_consensus.parquet",
    log:
        "results/logs/project_target_consensus.log",
    benchmark:
        "results/benchmarks/project_target_consensus.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=code("project_consensus.py"),
    shell:
        "python {input.script:q}"
        " --targets {input.targets:q}"
        " --alignments {input.alignments:q}"
        " --models {input.models:q}"
        " --out {output:q}"
        " &> {log:q}"


rule align_target_homologs:
    """Align the homologs in the seeds of families to the targets."""
    input:
        targets=CONFIG.predict.targets,
        alignments="results/splits/target_alignments.parquet",
        models=CONFIG.families.models,
        seeds=CONFIG.families.seeds or [],
        script=SCRIPTS / "align_homologs.py",
    output:
        "results/splits/target_homologs.parquet",
    log:
        "results/logs/align_target_homologs.log",
    benchmark:
        "results/benchmarks/align_target_homologs.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        seeds=["--seeds", CONFIG.families.seeds] if CONFIG.families.seeds else [],
        code=code("align_homologs.py"),
    shell:
        "python {input.script:q}"
        " --targets {input.targets:q}"
        " --alignments {input.alignments:q}"
        " --models {input.models:q}"
        " {params.seeds:q}"
        " --out {output:q}"
        " &> {log:q}"


rule predict_models:
    """Sample models of one target from its sequence and what its family tells."""
    input:
        weights="results/models/{run}/model.safetensors",
        model="results/models/{run}/model.yaml",
        targets=CONFIG.predict.targets,
        files=CONFIG.secondary.files or [],
        consensus="results/secondary/target_consensus.parquet",
        homologs="results/splits/target_homologs.parquet",
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
        " --consensus {input.consensus:q}"
        " --homologs {input.homologs:q}"
        " --out-dir {params.out_dir:q}"
        " &> {log:q}"
