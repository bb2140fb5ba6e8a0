"""Families, clusters, leak-free splits and the audit that fails the run.

INPUTS: results/structures/chains.parquet, covariance models, targets
OUTPUTS: results/splits/{families,clusters,splits,leakage}.tsv
"""


rule search_families:
    """Search the chains of one shard with the covariance models."""
    input:
        chains="results/structures/shards/{shard}.chains.parquet",
        models=CONFIG.families.models,
        script=SCRIPTS / "search_families.py",
    output:
        "results/splits/shards/{shard}.families.tsv",
    log:
        "results/logs/search_families/{shard}.log",
    benchmark:
        "results/benchmarks/search_families/{shard}.tsv"
    conda:
        "../../envs/infernal.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        max_evalue=CONFIG.families.max_evalue,
        database_size=CONFIG.families.database_size,
        code=code("search_families.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --models {input.models:q}"
        " --max-evalue {params.max_evalue}"
        " --database-size {params.database_size}"
        " --out {output:q}"
        " &> {log:q}"


rule cluster_sequences:
    """Cluster all chains by sequence identity."""
    input:
        chains="results/structures/chains.parquet",
        script=SCRIPTS / "cluster_sequences.py",
    output:
        "results/splits/clusters.tsv",
    log:
        "results/logs/cluster_sequences.log",
    benchmark:
        "results/benchmarks/cluster_sequences.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        identity=CONFIG.families.cluster_identity,
        coverage=CONFIG.families.cluster_coverage,
        code=code("cluster_sequences.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --identity {params.identity}"
        " --coverage {params.coverage}"
        " --out {output:q}"
        " &> {log:q}"


rule split_chains:
    """Deal whole components to train, validation and test; targets are held out."""
    input:
        chains="results/structures/chains.parquet",
        families="results/splits/families.tsv",
        clusters="results/splits/clusters.tsv",
        targets=CONFIG.predict.targets,
        script=SCRIPTS / "split_chains.py",
    output:
        "results/splits/splits.tsv",
    log:
        "results/logs/split_chains.log",
    benchmark:
        "results/benchmarks/split_chains.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        splits=CONFIG.splits,
        families=CONFIG.families,
        seed=CONFIG.seed,
        code=code("split_chains.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --families {input.families:q}"
        " --clusters {input.clusters:q}"
        " --holdouts {params.splits.holdouts:q}"
        " --targets {input.targets:q}"
        " --identity {params.families.cluster_identity}"
        " --coverage {params.families.cluster_coverage}"
        " --fractions {params.splits.train} {params.splits.validation} {params.splits.test}"
        " --family-evalue {params.splits.family_evalue}"
        " --component-evalue {params.splits.component_evalue}"
        " --cutoff={params.splits.cutoff:q}"
        " --seed {params.seed}"
        " --out {output:q}"
        " &> {log:q}"


rule audit_leakage:
    """Look for anything that training and evaluation share; a leak fails the run."""
    input:
        chains="results/structures/chains.parquet",
        families="results/splits/families.tsv",
        clusters="results/splits/clusters.tsv",
        splits="results/splits/splits.tsv",
        targets=CONFIG.predict.targets,
        script=SCRIPTS / "audit_leakage.py",
    output:
        report(
            "results/splits/leakage.tsv",
            caption="../report/leakage.rst",
            category="Data",
        ),
    log:
        "results/logs/audit_leakage.log",
    benchmark:
        "results/benchmarks/audit_leakage.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        splits=CONFIG.splits,
        families=CONFIG.families,
        code=code("audit_leakage.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --families {input.families:q}"
        " --clusters {input.clusters:q}"
        " --splits {input.splits:q}"
        " --targets {input.targets:q}"
        " --family-evalue {params.splits.family_evalue}"
        " --identity {params.families.cluster_identity}"
        " --coverage {params.families.cluster_coverage}"
        " --cutoff={params.splits.cutoff:q}"
        " --out {output:q}"
        " &> {log:q}"
