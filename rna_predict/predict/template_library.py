"""Finding the template library and the family models to predict with, and saying what they are."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

import rna_predict
from rna_predict.data.features import WeighedPairs
from rna_predict.data.msa import Msa
from rna_predict.errors import InputError
from rna_predict.families.clans import read_clans
from rna_predict.families.covariance_models import CovarianceModel, read_models
from rna_predict.families.infernal import PROGRAMS, Program, make_program
from rna_predict.predict.inputs import family_inputs
from rna_predict.templates.library import FAMILIES, TABLE, Library

PLACE: Final = Path("results") / "templates"
"""Where the workflow leaves its library."""
EXAMPLE: Final = Path("config") / "example" / "entries.txt"
CONFIGURED: Final = Path("config") / "config.yaml"


@dataclass(frozen=True, eq=False)
class FamilyModels:
    """Covariance models that queries are searched with, and how.

    Attributes
    ----------
    models : tuple of CovarianceModel
        A family of the query leads to its templates only by the models that the library's chains
        were searched with.
    program : Program
    family_evalue : float
        Of membership, where a model has no gathering threshold.
    clans : mapping of str to str
        Family to clan.
    seeds : path
        Folder of seed alignments, for a network that looks at homologs.
    """

    models: tuple[CovarianceModel, ...]
    program: Program
    family_evalue: float = 1e-3
    clans: Mapping[str, str] | None = None
    seeds: Path | None = None

    @classmethod
    def read(
        cls,
        path: Path,
        *,
        program: str = "pyinfernal",
        max_evalue: float = 1.0,
        database_size: float = 1.0,
        family_evalue: float = 1e-3,
        clans: Path | None = None,
        seeds: Path | None = None,
    ) -> "FamilyModels":
        """Read models.

        Parameters
        ----------
        path : path
            A file, or a folder of *.cm.
        program, max_evalue, database_size
            As of :func:`~rna_predict.families.infernal.make_program`.
        family_evalue : float
        clans : path, optional
            As Rfam.clanin.
        seeds : path, optional

        Raises
        ------
        InputError
            If there is no model, one cannot be read, or there is no such program.
        """
        return cls(
            tuple(read_models([path])),
            make_program(program, max_evalue, database_size),
            family_evalue,
            read_clans(clans) if clans else None,
            seeds,
        )

    def inputs(self, name: str, sequence: str) -> tuple[WeighedPairs, Msa]:
        """Give consensus pairs and homologs of a sequence's family, as a network is trained with.

        Both are empty where it has no family.
        """
        tables = family_inputs(
            {name: sequence},
            self.models,
            self.program,
            seeds=self.seeds,
            family_evalue=self.family_evalue,
            clans=self.clans,
        )
        return tables.of(name, sequence)

    @property
    def search(self) -> dict[str, Any]:
        """What :func:`~rna_predict.templates.query.make_query` takes."""
        return {
            "models": self.models,
            "program": self.program,
            "family_evalue": self.family_evalue,
            "clans": self.clans,
        }

    def facts(self) -> dict[str, Any]:
        """Describe them as plain values that change when the families found would."""
        return {
            "models": sorted(model.digest for model in self.models),
            "program": f"{self.program.name} {self.program.version}",
            "max_evalue": self.program.max_evalue,
            "database_size": self.program.database_size,
            "family_evalue": self.family_evalue,
            "clans": sorted(map(list, (self.clans or {}).items())),
            "seeds": sorted(path.name for path in self.seeds.glob("*.sto")) if self.seeds else [],
        }


def add_family_options(parser: argparse.ArgumentParser) -> None:
    """Let a command line say with which models families are looked for."""
    add = parser.add_argument
    add("--families", type=Path, help="covariance models: a file, or a folder of *.cm; none: none")
    add("--program", choices=PROGRAMS, default="pyinfernal", help="infernal: cmsearch on PATH")
    add("--clans", type=Path, help="clans (as Rfam.clanin), within which overlapping hits compete")
    add("--seeds", type=Path, help="folder of seed alignments ({accession}.sto)")
    add("--max-evalue", type=float, default=1.0, help="family hits above it do not count")
    add("--database-size", type=float, default=1.0, help="size that E-values refer to (Mb)")
    add("--family-evalue", type=float, default=1e-3,
        help="threshold of membership where a model has no gathering threshold")  # fmt: skip


def chosen_families(args: argparse.Namespace) -> FamilyModels | None:
    """Read the models that :func:`add_family_options` let be named; None where none were."""
    if not args.families:
        return None
    names = ("program", "max_evalue", "database_size", "family_evalue", "clans", "seeds")
    return FamilyModels.read(args.families, **{name: getattr(args, name) for name in names})


def find_library(folders: Sequence[Path] | None = None) -> Path | None:
    """Find the library that the workflow made here.

    Parameters
    ----------
    folders : sequence of path, optional
        Roots to look for ``PLACE`` in; the current folder and the checkout by default.

    Returns
    -------
    path or None
        Of the folder; None where there is none, as a prediction can do without.
    """
    for root in _roots(folders):
        if (root / PLACE / TABLE).is_file():
            return root / PLACE
    return None


def find_families(library: Path | None, folders: Sequence[Path] | None = None) -> Path | None:
    """Find the covariance models that the chains of a library were searched with.

    Parameters
    ----------
    library : path, optional
        Folder of the library: models in its folder ``FAMILIES`` come first.
    folders : sequence of path, optional
        Roots to look for ``CONFIGURED`` in, whose ``families.models`` come next; as of
        :func:`find_library`.

    Returns
    -------
    path or None

    Raises
    ------
    InputError
        If a configuration is no YAML.
    """
    if library is not None and list((library / FAMILIES).glob("*.cm")):
        return library / FAMILIES
    for root in _roots(folders):
        if (root / CONFIGURED).is_file():
            try:
                values = yaml.safe_load((root / CONFIGURED).read_text())
            except yaml.YAMLError as error:
                raise InputError(root / CONFIGURED, f"no YAML: {error}") from error
            section = values.get("families") if isinstance(values, dict) else None
            named = section.get("models") if isinstance(section, dict) else None
            if named and (root / named).exists():
                return root / named
    return None


def describe_library(library: Library, folders: Sequence[Path] | None = None) -> str:
    """Say in one line how much a library holds, and whether that is only the embedded example.

    Parameters
    ----------
    library : Library
    folders : sequence of path, optional
        Roots to look for the list of the example's entries in.
    """
    entries = {template.entry.lower() for template in library.templates}
    text = f"{len(library)} chains of {len(entries)} entries in {library.folder}"
    listed = [root / EXAMPLE for root in _roots(folders) if (root / EXAMPLE).is_file()]
    if listed:
        words = {line.split("#")[0].strip().lower() for line in listed[0].read_text().splitlines()}
        if entries <= words:
            return f"{text}: only the embedded example, too few to model most sequences on"
    return text


def _roots(folders: Sequence[Path] | None) -> Sequence[Path]:
    """Give the folders to look in."""
    return (Path.cwd(), Path(rna_predict.__file__).parent.parent) if folders is None else folders
