"""Augmented copies of training chains.

INPUTS: chains, splits, annotated pairs, base-pair probabilities and homologs
OUTPUTS: results/augment/{augmented,probabilities}.parquet, results/augment/augmentation.tsv
"""


rule augment_chains:
    """Copy training chains: noise, pair swaps, mutated loops, homologs; check every copy."""
    input:
        chains="results/structures/chains.parquet",
        splits="results/splits/splits.tsv",
        leakage="results/splits/leakage.tsv",
        pairs="results/secondary/pairs.parquet",
        probabilities="results/secondary/probabilities.parquet",
        homologs="results/splits/homologs.parquet",
        targets=CONFIG.predict.targets,
        script=SCRIPTS / "augment_chains.py",
    output:
        chains="results/augment/augmented.parquet",
        table="results/augment/augmentation.tsv",
    log:
        "results/logs/augment_chains.log",
    benchmark:
        "results/benchmarks/augment_chains.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        augment=CONFIG.augment,
        families=CONFIG.families,
        seed=CONFIG.seed,
        code=code("augment_chains.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --splits {input.splits:q}"
        " --pairs {input.pairs:q}"
        " --probabilities {input.probabilities:q}"
        " --homologs {input.homologs:q}"
        " --targets {input.targets:q}"
        " --coordinate-copies {params.augment.coordinate_copies}"
        " --coordinate-noise {params.augment.coordinate_noise}"
        " --swap-copies {params.augment.swap_copies}"
        " --swap-probability {params.augment.swap_probability}"
        " --loop-copies {params.augment.loop_copies}"
        " --loop-fraction {params.augment.loop_fraction}"
        " --homolog-copies {params.augment.homolog_copies}"
        " --homolog-identity {params.augment.homolog_identity}"
        " --held-identity {params.families.cluster_identity}"
        " --held-coverage {params.families.cluster_coverage}"
        " --seed {params.seed}"
        " --out {output.chains:q}"
        " --report {output.table:q}"
        " &> {log:q}"


rule fold_augmented:
    """Compute base-pair probabilities of the augmented sequences."""
    input:
        chains="results/augment/augmented.parquet",
        files=CONFIG.secondary.files or [],
        script=SCRIPTS / "fold_sequences.py",
    output:
        "results/augment/probabilities.parquet",
    log:
        "results/logs/fold_augmented.log",
    benchmark:
        "results/benchmarks/fold_augmented.tsv"
    conda:
        "../../envs/viennarna.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        folding=lambda wildcards: FOLDING,
        code=code("fold_sequences.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " {params.folding:q}"
        " --out {output:q}"
        " &> {log:q}"


rule measure_augmented:
    """Measure the torsions of the augmented chains, from their own coordinates."""
    input:
        chains="results/augment/augmented.parquet",
        script=SCRIPTS / "compute_angles.py",
    output:
        angles="results/augment/angles.parquet",
        manifest="results/augment/manifest.json",
    log:
        "results/logs/measure_augmented.log",
    benchmark:
        "results/benchmarks/measure_augmented.tsv"
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
