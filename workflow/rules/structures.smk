"""Raw entries to clean chains, in shards.

INPUTS: the entry list and the source of config `entries`
OUTPUTS: results/raw/{id}.cif.gz, results/structures/{chains.parquet,rejected.tsv,notes.tsv,funnel.tsv},
on demand results/structures/export/chains.safetensors
"""

if CONFIG.entries.query:

    # Asked once, so that the data set stays the same; --forcerun list_entries brings news.
    checkpoint list_entries:
        """List the entries that a search finds; shards are known only then."""
        input:
            script=SCRIPTS / "list_entries.py",
        output:
            entries="results/raw/entries.txt",
        log:
            "results/logs/list_entries.log",
        benchmark:
            "results/benchmarks/list_entries.tsv"
        conda:
            "../../envs/rna_predict.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=30,
        params:
            query=[
                f"--{key.replace('_', '-')}={value}"
                for key, value in CONFIG.entries.query
            ],
            retries=CONFIG.entries.retries,
            timeout=CONFIG.entries.timeout,
            code=code("list_entries.py"),
        shell:
            "python {input.script:q}"
            " {params.query:q}"
            " --retries {params.retries}"
            " --timeout {params.timeout}"
            " --out {output.entries:q}"
            " &> {log:q}"


rule fetch_entries:
    """Bring the entries of one shard; those that fail are rows of the manifest with a reason.

    Files that are there and whole stay, so that a run again fetches only what is missing.
    """
    input:
        # A newer list redoes only the shards whose ids it changes.
        entries=ancient("results/raw/entries.txt") if CONFIG.entries.query else [],
        facts=CONFIG.entries.facts or [],
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
        ids=lambda wildcards: shards()[wildcards.shard],
        source=lambda wildcards: CONFIG.entries.source,
        facts=["--facts", CONFIG.entries.facts] if CONFIG.entries.facts else [],
        raw_dir=subpath(output.manifest, ancestor=2),
        downloads=CONFIG.entries.downloads,
        rate=CONFIG.entries.rate,
        retries=CONFIG.entries.retries,
        timeout=CONFIG.entries.timeout,
        code=code("fetch_entries.py"),
    shell:
        "python {input.script:q}"
        " --ids {params.ids:q}"
        " --source {params.source:q}"
        " {params.facts:q}"
        " --raw-dir {params.raw_dir:q}"
        " --jobs {params.downloads}"
        " --rate {params.rate}"
        " --retries {params.retries}"
        " --timeout {params.timeout}"
        " --out {output.manifest:q}"
        " &> {log:q}"


rule parse_structures:
    """Parse and filter the entries of one shard; every reject is a row with its reason."""
    input:
        manifest="results/raw/shards/{shard}.tsv",
        facts=CONFIG.entries.facts or [],
        script=SCRIPTS / "parse_structures.py",
    output:
        chains="results/structures/shards/{shard}.chains.parquet",
        rejected="results/structures/shards/{shard}.rejected.tsv",
        notes="results/structures/shards/{shard}.notes.tsv",
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
        facts=["--facts", CONFIG.entries.facts] if CONFIG.entries.facts else [],
        code=code("parse_structures.py"),
    shell:
        "python {input.script:q}"
        " --manifest {input.manifest:q}"
        " --raw-dir {params.raw_dir:q}"
        " {params.facts:q}"
        " --models {params.limits.models}"
        " --min-length {params.limits.min_length}"
        " --max-length {params.limits.max_length}"
        " --max-resolution {params.limits.max_resolution}"
        " --min-observed {params.limits.min_observed}"
        " --max-modified {params.limits.max_modified}"
        " --max-unknown {params.limits.max_unknown}"
        " --max-broken {params.limits.max_broken}"
        " --out {output.chains:q}"
        " --rejected {output.rejected:q}"
        " --notes {output.notes:q}"
        " &> {log:q}"


rule merge_shards:
    """Join one table of all shards into one file."""
    input:
        tables=of_all_shards("results/{stage}/shards/{shard}.{table}.{ext}"),
        script=SCRIPTS / "merge_tables.py",
    output:
        "results/{stage}/{table}.{ext}",
    log:
        "results/logs/merge_shards/{stage}.{table}.{ext}.log",
    benchmark:
        "results/benchmarks/merge_shards/{stage}.{table}.{ext}.tsv"
    wildcard_constraints:
        stage="structures|angles|secondary|splits",
        table="chains|rejected|notes|angles|checked|pairs|stacking|dot_brackets|probabilities"
        "|structures|consensus|families|alignments|homologs",
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


rule write_funnel:
    """Count entries, chains and residues from the list to the store, filter by filter."""
    input:
        manifests=of_all_shards("results/raw/shards/{shard}.tsv"),
        rejected="results/structures/rejected.tsv",
        chains="results/structures/chains.parquet",
        script=SCRIPTS / "write_funnel.py",
    output:
        "results/structures/funnel.tsv",
    log:
        "results/logs/write_funnel.log",
    benchmark:
        "results/benchmarks/write_funnel.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=code("write_funnel.py"),
    shell:
        "python {input.script:q}"
        " --manifests {input.manifests:q}"
        " --rejected {input.rejected:q}"
        " --chains {input.chains:q}"
        " --out {output:q}"
        " &> {log:q}"


rule export_chains:
    """Write all chains to one compact file that training machines map into memory."""
    input:
        chains="results/structures/chains.parquet",
        script=SCRIPTS / "export_chains.py",
    output:
        "results/structures/export/chains.safetensors",
    log:
        "results/logs/export_chains.log",
    benchmark:
        "results/benchmarks/export_chains.tsv"
    conda:
        "../../envs/rna_predict.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        code=code("export_chains.py"),
    shell:
        "python {input.script:q}"
        " --chains {input.chains:q}"
        " --out {output:q}"
        " &> {log:q}"
