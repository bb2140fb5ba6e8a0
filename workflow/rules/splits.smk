"""Families, clusters, leak-free splits and the audit that fails the run.

INPUTS: results/structures/chains.parquet, covariance models, targets
OUTPUTS: results/splits/{families,clusters,neighbours,target_families}.tsv,
results/splits/{splits,summary,leakage,nearest,comparison}.tsv, results/splits/homologs.parquet,
results/secondary/consensus.parquet
"""


rule search_families:
    """Search the chains of one shard with the covariance models."""
    input:
        chains="results/structures/shards/{shard}.chains.parquet",
        models=CONFIG.families.models,
        clans=CONFIG.families.clans or [],
        script=SCRIPTS / "search_families.py",
    output:
        families="results/splits/shards/{shard}.families.tsv",
        alignments="results/splits/shards/{shard}.alignments.parquet",
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
        families=CONFIG.families,
        family_evalue=CONFIG.splits.family_evalue,
        clans=["--clans", CONFIG.families.clans] if CONFIG.families.clans else [],
        cache="results/splits/cache",
        code=code("search_families.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
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


rule project_consensus:
    """Project the consensus pairs of families on the members of one shard: an input feature."""
    input:
        chains="results/structures/shards/{shard}.chains.parquet",
        alignments=rules.search_families.output.alignments,
        models=CONFIG.families.models,
        script=SCRIPTS / "project_consensus.py",
    output:
        "results/secondary/shards/{shard}.consensus.parquet",
    log:
        "results/logs/project_consensus/{shard}.log",
    benchmark:
        "results/benchmarks/project_consensus/{shard}.tsv"
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
        " --chains {input.chains:q}"
        " --alignments {input.alignments:q}"
        " --models {input.models:q}"
        " --out {output:q}"
        " &> {log:q}"


rule align_homologs:
    """Align the homologs in the seeds of families to the members of one shard."""
    input:
        chains="results/structures/shards/{shard}.chains.parquet",
        alignments=rules.search_families.output.alignments,
        models=CONFIG.families.models,
        seeds=CONFIG.families.seeds or [],
        script=SCRIPTS / "align_homologs.py",
    output:
        "results/splits/shards/{shard}.homologs.parquet",
    log:
        "results/logs/align_homologs/{shard}.log",
    benchmark:
        "results/benchmarks/align_homologs/{shard}.tsv"
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
        " --chains {input.chains:q}"
        " --alignments {input.alignments:q}"
        " --models {input.models:q}"
        " {params.seeds:q}"
        " --out {output:q}"
        " &> {log:q}"


rule search_targets:
    """Search the targets with the covariance models: their families belong to test."""
    input:
        targets=CONFIG.predict.targets,
        models=CONFIG.families.models,
        clans=CONFIG.families.clans or [],
        script=SCRIPTS / "search_families.py",
    output:
        "results/splits/target_families.tsv",
    log:
        "results/logs/search_targets.log",
    benchmark:
        "results/benchmarks/search_targets.tsv"
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
        families=CONFIG.families,
        code=code("cluster_sequences.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --identity {params.families.cluster_identity}"
        " --coverage {params.families.cluster_coverage}"
        " --program {params.families.cluster_program}"
        " --out {output:q}"
        " &> {log:q}"


rule find_neighbours:
    """Find chains of different families and clusters that fold alike."""
    input:
        chains="results/structures/chains.parquet",
        families="results/splits/families.tsv",
        clusters="results/splits/clusters.tsv",
        script=SCRIPTS / "find_neighbours.py",
    output:
        "results/splits/neighbours.tsv",
    log:
        "results/logs/find_neighbours.log",
    benchmark:
        "results/benchmarks/find_neighbours.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        tm=CONFIG.families.neighbour_tm,
        family_evalue=CONFIG.splits.family_evalue,
        code=code("find_neighbours.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --families {input.families:q}"
        " --clusters {input.clusters:q}"
        " --family-evalue {params.family_evalue}"
        " --tm {params.tm}"
        " --out {output:q}"
        " &> {log:q}"


rule split_chains:
    """Deal whole components to train, validation and test; targets are held out."""
    input:
        chains="results/structures/chains.parquet",
        families="results/splits/families.tsv",
        clusters="results/splits/clusters.tsv",
        neighbours="results/splits/neighbours.tsv",
        targets=CONFIG.predict.targets,
        target_families="results/splits/target_families.tsv",
        holdout_table=CONFIG.splits.holdout_table or [],
        previous=CONFIG.splits.previous or [],
        script=SCRIPTS / "split_chains.py",
    output:
        splits="results/splits/splits.tsv",
        summary="results/splits/summary.tsv",
    log:
        "results/logs/split_chains.log",
    benchmark:
        "results/benchmarks/split_chains.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        splits=CONFIG.splits,
        families=CONFIG.families,
        seed=CONFIG.seed,
        tables=[
            *(
                ["--holdout-table", CONFIG.splits.holdout_table]
                if CONFIG.splits.holdout_table
                else []
            ),
            *(
                ["--previous", CONFIG.splits.previous]
                if CONFIG.splits.previous
                else []
            ),
        ],
        code=code("split_chains.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --families {input.families:q}"
        " --clusters {input.clusters:q}"
        " --neighbours {input.neighbours:q}"
        " --holdouts {params.splits.holdouts:q}"
        " --targets {input.targets:q}"
        " --target-families {input.target_families:q}"
        " {params.tables:q}"
        " --identity {params.families.cluster_identity}"
        " --coverage {params.families.cluster_coverage}"
        " --fractions {params.splits.train} {params.splits.validation} {params.splits.test}"
        " --family-evalue {params.splits.family_evalue}"
        " --component-evalue {params.splits.component_evalue}"
        " --cutoff={params.splits.cutoff:q}"
        " --seed {params.seed}"
        " --out {output.splits:q}"
        " --summary {output.summary:q}"
        " &> {log:q}"


rule audit_leakage:
    """Look for anything that training and evaluation share; a leak fails the run."""
    input:
        chains="results/structures/chains.parquet",
        families="results/splits/families.tsv",
        clusters="results/splits/clusters.tsv",
        splits="results/splits/splits.tsv",
        targets=CONFIG.predict.targets,
        target_families="results/splits/target_families.tsv",
        script=SCRIPTS / "audit_leakage.py",
    output:
        leaks=report(
            "results/splits/leakage.tsv",
            caption="../report/leakage.rst",
            category="Data",
        ),
        nearest="results/splits/nearest.tsv",
    log:
        words="results/logs/audit_leakage.log",
        # A failed job loses its outputs; the leaks stay here.
        leaks="results/logs/leakage_pairs.tsv",
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
        " --target-families {input.target_families:q}"
        " --family-evalue {params.splits.family_evalue}"
        " --identity {params.families.cluster_identity}"
        " --coverage {params.families.cluster_coverage}"
        " --cutoff={params.splits.cutoff:q}"
        " --neighbours {params.splits.audit_neighbours}"
        " --tm {params.splits.audit_tm}"
        " --out {output.leaks:q}"
        " --nearest {output.nearest:q}"
        " --evidence {log.leaks:q}"
        " &> {log.words:q}"


rule compare_splits:
    """Set the split beside a random one: what dealing single chains would have leaked."""
    input:
        chains="results/structures/chains.parquet",
        families="results/splits/families.tsv",
        clusters="results/splits/clusters.tsv",
        splits="results/splits/splits.tsv",
        script=SCRIPTS / "compare_splits.py",
    output:
        "results/splits/comparison.tsv",
    log:
        "results/logs/compare_splits.log",
    benchmark:
        "results/benchmarks/compare_splits.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        splits=CONFIG.splits,
        families=CONFIG.families,
        seed=CONFIG.seed,
        code=code("compare_splits.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --families {input.families:q}"
        " --clusters {input.clusters:q}"
        " --splits {input.splits:q}"
        " --fractions {params.splits.train} {params.splits.validation} {params.splits.test}"
        " --family-evalue {params.splits.family_evalue}"
        " --identity {params.families.cluster_identity}"
        " --coverage {params.families.cluster_coverage}"
        " --seed {params.seed}"
        " --out {output:q}"
        " &> {log:q}"
