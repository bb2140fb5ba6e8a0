"""Raw entries to clean chains, in shards.

INPUTS: the entry list and the source of config `entries`
OUTPUTS: results/raw/{id}.cif.gz, results/structures/chains.parquet, results/structures/rejected.tsv
"""


rule fetch_entries:
    """Bring the entries of one shard; those that fail are rows of the manifest with a reason."""
    input:
        script=SCRIPTS / "fetch_entries.py",
    output:
        manifest="results/raw/shards/{shard}.tsv",
    log:
        "results/logs/fetch_entries/{shard}.log",
    benchmark:
        "results/benchmarks/fetch_entries/{shard}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=120,
    params:
        ids=lambda wildcards: SHARDS[wildcards.shard],
        source=lambda wildcards: CONFIG.entries.source,
        raw_dir=subpath(output.manifest, ancestor=2),
        downloads=CONFIG.entries.downloads,
        code=code("fetch_entries.py"),
    shell:
        "python {input.script:q}"
        " --ids {params.ids:q}"
        " --source {params.source:q}"
        " --raw-dir {params.raw_dir:q}"
        " --jobs {params.downloads}"
        " --out {output.manifest:q}"
        " &> {log:q}"


rule parse_structures:
    """Parse and filter the entries of one shard; every reject is a row with its reason."""
    input:
        manifest="results/raw/shards/{shard}.tsv",
        script=SCRIPTS / "parse_structures.py",
    output:
        chains="results/structures/shards/{shard}.chains.parquet",
        rejected="results/structures/shards/{shard}.rejected.tsv",
    log:
        "results/logs/parse_structures/{shard}.log",
    benchmark:
        "results/benchmarks/parse_structures/{shard}.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        raw_dir=subpath(input.manifest, ancestor=2),
        limits=CONFIG.structures,
        code=code("parse_structures.py"),
    shell:
        "python {input.script:q}"
        " --manifest {input.manifest:q}"
        " --raw-dir {params.raw_dir:q}"
        " --min-length {params.limits.min_length}"
        " --max-length {params.limits.max_length}"
        " --max-resolution {params.limits.max_resolution}"
        " --min-observed {params.limits.min_observed}"
        " --max-modified {params.limits.max_modified}"
        " --max-unknown {params.limits.max_unknown}"
        " --out {output.chains:q}"
        " --rejected {output.rejected:q}"
        " &> {log:q}"


rule merge_shards:
    """Join one table of all shards into one file."""
    input:
        tables=expand(
            "results/{{stage}}/shards/{shard}.{{table}}.{{ext}}", shard=SHARDS
        ),
        script=SCRIPTS / "merge_tables.py",
    output:
        "results/{stage}/{table}.{ext}",
    log:
        "results/logs/merge_shards/{stage}.{table}.{ext}.log",
    benchmark:
        "results/benchmarks/merge_shards/{stage}.{table}.{ext}.tsv"
    wildcard_constraints:
        stage="structures|angles|secondary|splits",
        table="chains|rejected|angles|pairs|probabilities|families",
        ext="parquet|tsv",
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=code("merge_tables.py"),
    shell:
        "python {input.script:q}"
        " --tables {input.tables:q}"
        " --out {output:q}"
        " &> {log:q}"
