"""The configuration: pydantic sections, unknown keys forbidden; the only file that knows YAML keys.

``config/config.yaml`` documents each key, ``config/schema.json`` is generated from here. The model
file (``config/model/*.yaml``) is checked against the plain records of the packages that use them.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from rna_predict.errors import InputError

Fraction = Field(ge=0.0, le=1.0)
NO_BASELINES = ("network", "foreign")
"""Names that predictors other than baselines have."""
DATE = r"^(\d{4}-\d{2}-\d{2})?$"


class Section(BaseModel):
    """Base of every section: unknown keys are errors, values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True
    )


class Query(Section):
    """A search for entries with RNA; its answer is the list of entries."""

    address: str = "https://search.rcsb.org/rcsbsearch/v2/query"
    """RCSB search service."""
    max_resolution: float = Field(default=0.0, ge=0)
    """Worst resolution (angstrom); entries without one pass; 0 = any."""
    released_from: str = Field(default="", pattern=DATE)
    """First day of release (ISO date); "" = any."""
    released_before: str = Field(default="", pattern=DATE)
    """Nothing released on or after this day (ISO date); "" = any."""


class Entries(Section):
    """Which entries, and where from."""

    ids: tuple[str, ...] = ()
    """PDB ids, in addition to those of `file`."""
    file: Path | None = None
    """Text file of ids, one a line."""
    query: Query | None = None
    """Search whose answer is the list; instead of `ids` and `file`."""
    facts: Path | None = None
    """Table (TSV) of facts that the files may lack: pdb_id, then any of method, resolution,
    release_date, sha256."""
    source: str
    """Where entries come from: an https:// or file:// address or a path, with {id} in it."""
    shards: int = Field(ge=1, le=999)
    """Number of jobs that entries are dealt to; a few hundred entries a shard works well."""
    downloads: int = Field(default=4, ge=1, le=32)
    """Downloads at a time within one job."""
    rate: float = Field(default=0.0, ge=0)
    """Bound on the downloads of one job (megabytes a second); 0 = none."""
    retries: int = Field(default=4, ge=0, le=20)
    """Further attempts after a failure that may pass."""
    timeout: float = Field(default=60.0, gt=0)
    """Longest silence of a server (s)."""


class Structures(Section):
    """Which chains are kept."""

    models: Literal["first", "all"] = "first"
    """Models of NMR entries to keep."""
    min_length: int = Field(ge=1)
    """Shortest full sequence (nt)."""
    max_length: int = Field(ge=1)
    """Longest full sequence (nt)."""
    max_resolution: float = Field(gt=0)
    """Worst resolution (angstrom); entries without one (NMR) pass."""
    min_observed: float = Fraction
    """Least fraction of residues with coordinates."""
    max_modified: float = Fraction
    """Greatest fraction of modified residues."""
    max_unknown: float = Fraction
    """Greatest fraction of residues without a known parent base."""
    max_broken: float = Fraction
    """Greatest fraction of observed residues with broken geometry."""


class Angles(Section):
    """Torsion angles."""

    backend: Literal["mdanalysis", "dssr"] = "mdanalysis"
    """Program that measures them; dssr is the licensed x3dna-dssr on PATH."""


class Secondary(Section):
    """Folding from sequence."""

    backend: Literal["viennarna", "file", "program"] = "viennarna"
    """Where base-pair probabilities come from."""
    files: Path | None = None
    """Backend `file`: folder of dot-brackets or probabilities by name of chain or target."""
    program: str = ""
    """Backend `program`: command line with {out}, and {fasta} unless it reads standard input."""
    min_probability: float = Fraction
    """Base-pair probabilities below this are dropped."""
    max_span: int = Field(ge=0)
    """Longest distance between paired residues (nt); bounds time and memory; 0 = no bound."""

    @model_validator(mode="after")
    def _backend_has_its_source(self) -> "Secondary":
        if self.backend == "file" and self.files is None:
            raise ValueError("backend file needs `files`, a folder")
        if self.backend == "program" and "{out}" not in self.program:
            raise ValueError("backend program needs `program`, a command line with {out} in it")
        return self


class Families(Section):
    """Rfam families and sequence clusters."""

    models: Path
    """Calibrated covariance models: a .cm file or a folder of them."""
    program: Literal["pyinfernal", "infernal"] = "pyinfernal"
    """The Python module, or the program cmsearch on PATH."""
    clans: Path | None = None
    """Clans (Rfam.clanin): of overlapping hits of one clan the best counts."""
    seeds: Path | None = None
    """Folder of seed alignments ({accession}.sto): family alignments, homologs."""
    max_evalue: float = Field(gt=0)
    """Hits above this E-value are not reported."""
    database_size: float = Field(gt=0)
    """Stated size of the searched database (million nucleotides), so that E-values compare."""
    cluster_identity: float = Fraction
    """Chains at least this identical share a cluster."""
    cluster_coverage: float = Fraction
    """... over at least this fraction of the longer chain."""
    cluster_program: Literal["builtin", "mmseqs", "cd-hit"] = "builtin"
    """What clusters; the others must be on PATH."""
    neighbour_tm: float = Fraction
    """Chains join their structural neighbours of at least this TM-score; 0 = off."""


class Splits(Section):
    """Train, validation and test."""

    train: float = Fraction
    """Fraction of residues to train on."""
    validation: float = Fraction
    """Fraction of residues to select on."""
    test: float = Fraction
    """Fraction of residues to report on; the three add up to 1."""
    holdouts: tuple[str, ...] = ()
    """Chains (1y26_X) or entries (1y26) that are forced to test with all their relatives."""
    holdout_table: Path | None = None
    """Table (TSV) of more of them: column chain_id or pdb_id."""
    previous: Path | None = None
    """Earlier splits.tsv: no chain in it moves between train and test."""
    family_evalue: float = Field(gt=0)
    """Hits at or below this E-value are family labels; the audit looks at these."""
    component_evalue: float = Field(gt=0)
    """Hits at or below this E-value join chains into one component."""
    cutoff: str = Field(default="", pattern=DATE)
    """No chain released on or after this date may train (ISO date); empty = no cut-off."""
    audit_neighbours: int = Field(default=10, ge=0)
    """Nearest training chains that each test chain is compared with in 3D; 0 = no comparison."""
    audit_tm: float = Fraction
    """A TM-score at or above this between train and test is a leak."""

    @model_validator(mode="after")
    def _fractions_add_up(self) -> "Splits":
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + validation + test must be 1, not {total:g}")
        return self


class Augment(Section):
    """Copies of training chains."""

    coordinate_copies: int = Field(ge=0)
    """Tier 1: noisy, moved copies of each training chain; 0 switches the tier off."""
    coordinate_noise: float = Field(ge=0)
    """Tier 1: standard deviation of the noise (angstrom)."""
    swap_copies: int = Field(ge=0)
    """Tier 2: copies with compensatory base-pair swaps; 0 switches the tier off."""
    swap_probability: float = Fraction
    """Tier 2: least predicted probability of a pair that may be swapped."""
    loop_copies: int = Field(ge=0)
    """Tier 3: copies with mutated loops; 0 switches the tier off."""
    loop_fraction: float = Fraction
    """Tier 3: greatest fraction of a loop that changes."""
    homolog_copies: int = Field(ge=0)
    """Tier 4: copies with the bases of a homolog of the family; 0 switches the tier off."""
    homolog_identity: float = Fraction
    """Tier 4: least identity of the homolog."""


class Training(Section):
    """Where training runs; how it runs is in the model file."""

    model: Path
    """Model file: dimensions, training and sampling."""
    baselines: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*$")], Path] = {}
    """Model files of baselines by name; one is trained, as results/models/{run}_{name}, if the
    benchmark's predictors name it."""
    templates: bool = False
    """Show the network templates from the run's library; searched for once, before training."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to train on."""
    threads: int = Field(default=1, ge=1)
    """Threads on a CPU. On crops of 96 residues two were slower than one."""
    gpus: int = Field(default=0, ge=0)
    """GPUs that the training job asks the cluster for."""
    runtime: int = Field(default=60, ge=1)
    """Time the training job asks the cluster for (minutes)."""


class Predict(Section):
    """Models of the targets."""

    targets: Path
    """FASTA file; a target named like a chain of the data set is scored against it."""
    models: int = Field(ge=1, le=100)
    """Models for each target."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to sample on."""


class Refine(Section):
    """Energy minimisation."""

    max_iterations: int = Field(ge=1)
    """Iterations of the minimiser, over all stages."""
    restraint: float = Field(ge=0)
    """Force constant that holds P and C1' in the first stage (kJ/mol/nm^2)."""
    time_limit: float = Field(gt=0)
    """Limit for one model (s); past it the input is kept."""
    solvent: Literal["obc", "gbn2", "none"] = "obc"
    """Implicit solvent; GBn2 takes several times as long."""
    dynamics_ps: float = Field(default=0.0, ge=0)
    """Restrained dynamics at 100 K after the last stage, which then comes once more (ps)."""
    seed: int = Field(default=0, ge=0)
    """Seed of the dynamics."""


class Benchmark(Section):
    """Targets of `snakemake benchmark`, and who is scored on them."""

    name: str = Field(default="own", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    """A folder of results/benchmark."""
    targets: Path | None = None
    """Table (TSV): target, native, then any of sequence, models, cutoff, its paths relative to its
    folder; or a folder of RNA-Puzzles; without one, the run's own targets."""
    predictors: tuple[str, ...] = ("network", "null_model")
    """Who folds the targets: network, null_model, and the names of training.baselines."""
    foreign: bool = True
    """Whether the folders of foreign models in the table are scored too."""
    bootstrap: int = Field(default=2000, ge=1)
    """Bootstrap samples of the targets behind each interval."""

    @model_validator(mode="after")
    def _someone_is_scored(self) -> "Benchmark":
        if not self.predictors and not (self.foreign and self.targets):
            raise ValueError("expected predictors, or foreign models with a table of targets")
        return self


class Report(Section):
    """The HTML report."""

    title: str
    """Heading of the page."""
    benchmark: bool = False
    """Whether the page shows the benchmark, which is then run."""


class Config(Section):
    """Configuration of one run of the workflow."""

    run: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    """Name of the training run; a folder of results/models."""
    seed: int = Field(ge=0, lt=2**31 - 1)
    """Seed of the split, the augmentation, the training and the samples."""
    entries: Entries
    structures: Structures
    angles: Angles
    secondary: Secondary
    families: Families
    splits: Splits
    augment: Augment
    training: Training
    predict: Predict
    refine: Refine
    benchmark: Benchmark = Benchmark()
    report: Report


def load_config(values: dict[str, Any], root: Path) -> Config:
    """Check a configuration and make its paths absolute.

    Parameters
    ----------
    values : dict
        Sections as read from YAML.
    root : path
        Folder that relative paths start from.

    Returns
    -------
    Config

    Raises
    ------
    InputError
        Naming every key that is unknown, missing or out of range, and every file that is absent.
    """
    config = _validate(TypeAdapter(Config), values, "config")
    values = config.model_dump(mode="json")
    for section, key in (
        ("entries", "file"),
        ("entries", "facts"),
        ("secondary", "files"),
        ("families", "models"),
        ("families", "clans"),
        ("families", "seeds"),
        ("splits", "holdout_table"),
        ("splits", "previous"),
        ("training", "model"),
        ("predict", "targets"),
        ("benchmark", "targets"),
    ):
        if values[section][key] is not None:
            path = root / values[section][key]
            if not path.exists():
                raise InputError(f"config {section}.{key}", f"no such file: {path}")
            values[section][key] = str(path)
    baselines = values["training"]["baselines"]
    for name, file in baselines.items():
        baselines[name] = str(root / file)
        if name in NO_BASELINES:
            raise InputError("config training.baselines", f"{name} is no name for a baseline")
        if not (root / file).exists():
            raise InputError(f"config training.baselines.{name}", f"no such file: {root / file}")
    source = values["entries"]["source"]
    if "{id}" not in source:
        raise InputError("config entries.source", f"expected {{id}} in it, got {source!r}")
    if "://" not in source:
        values["entries"]["source"] = str(root / source)
    for file in (values["training"]["model"], *baselines.values()):
        load_model_file(Path(file))
    return Config.model_validate(values)


def load_model_file(path: Path) -> dict[str, Any]:
    """Check a model file and fill in its defaults.

    Parameters
    ----------
    path : path
        YAML with the sections ``dimensions``, ``training`` and ``sampling``.

    Returns
    -------
    dict
        The three sections, complete.

    Raises
    ------
    InputError
        Naming the file and every key that is unknown, missing or of the wrong type.
    """
    from rna_predict.training.settings import ModelFile

    adapter = TypeAdapter(ModelFile)
    record = _validate(adapter, yaml.safe_load(path.read_text()), path)
    return adapter.dump_python(record, mode="json")


def schema() -> str:
    """Give the JSON schema of :class:`Config` as text, for editors and for the sync test."""
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"


def _validate(adapter: TypeAdapter, values: Any, where: Path | str) -> Any:
    """Validate, turning pydantic's list of faults into one error that names every key."""
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in fault['loc']) or '(top)'}: "
            + ("unknown key" if "extra" in fault["type"] or "unexpected" in fault["type"]
               else f"{fault['msg']}, got {fault['input']!r}"[:200])
            for fault in error.errors()
        ]  # fmt: skip
        raise InputError(where, "; ".join(faults)) from None
