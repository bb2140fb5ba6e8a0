"""Pages of predicted structures over the true ones, self-contained, at chosen validations."""

import json
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import lightning.pytorch as pl
import numpy as np
from jaxtyping import Bool, Float

from rna_predict.constants import ALPHABET, BACKBONE_ATOMS
from rna_predict.data.batch import Batch
from rna_predict.evaluate.lddt import lddt, native_contacts
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.structure.files import replacing
from rna_predict.training.diagnostics.recorder import Recorder
from rna_predict.training.diagnostics.settings import StructurePages
from rna_predict.training.diagnostics.watch import Watch

C1, C3 = BACKBONE_ATOMS.index("C1'"), BACKBONE_ATOMS.index("C3'")
TEMPLATE = Path(__file__).with_name("structures.html")


@dataclass(frozen=True, eq=False)
class Prediction:
    """One structure and its truth."""

    name: str
    source: str
    """What the structure is: sampled, or stage C's."""
    sequence: str
    coords: Float[np.ndarray, "n 23 3"]
    """Angstrom."""
    native: Float[np.ndarray, "n 23 3"]
    """Angstrom; anything finite outside the mask."""
    mask: Bool[np.ndarray, "n 23"]
    """Observed atoms; at least three."""


def write_page(path: Path, title: str, predictions: list[Prediction]) -> None:
    """Write a page that shows the structures superposed, turned by the mouse, with their errors.

    Parameters
    ----------
    path : path
        HTML file to write; it loads nothing else.
    title : str
        Of the page.
    predictions : list of Prediction
        In the order of the page.
    """
    chains = json.dumps([_plain(prediction) for prediction in predictions], allow_nan=False)
    page = Template(TEMPLATE.read_text(encoding="utf-8")).safe_substitute(
        title=_escaped(title), chains=chains.replace("<", "\\u003c")
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _escaped(text: str) -> str:
    """Make text harmless in HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(prediction: Prediction) -> dict[str, Any]:
    """Give what the page needs: traces about the native's centre, errors and scores."""
    mask, native = prediction.mask, prediction.native
    rotation, translation = superpose(prediction.coords[mask], native[mask])
    atoms = apply_motion(prediction.coords.reshape(-1, 3), rotation, translation)
    moved = atoms.reshape(native.shape)
    gap = np.linalg.norm(moved - native, axis=-1)
    centre = native[mask].mean(0)
    score, _ = lddt(prediction.coords, native_contacts(native, mask))
    seen = mask[:, C1]
    return {
        "name": prediction.name,
        "source": prediction.source,
        "sequence": prediction.sequence,
        "model": _points(moved[:, C1] - centre, mask.any(-1)),
        "native": _points(native[:, C1] - centre, seen),
        "distance": [
            round(float(d), 2) if known else None for d, known in zip(gap[:, C1], seen, strict=True)
        ],
        "scores": {
            "RMSD": float(np.sqrt((gap[mask] ** 2).mean())),
            "TM": tm_score(prediction.coords[:, C3], native[:, C3], mask[:, C3]),
            "lDDT": score,
        },
    }


def _points(points: Float[np.ndarray, "n 3"], known: Bool[np.ndarray, " n"]) -> list:
    """Round points for the page; null where unknown."""
    rounded = points.round(2).tolist()
    return [point if there else None for point, there in zip(rounded, known, strict=True)]


class StructurePageWriter(Watch):
    """Writes ``{phase}_step{step}.html`` after chosen validations.

    Shown is the first sample of a chain; stage C's structure where a phase samples none.

    Parameters
    ----------
    settings : StructurePages
        Which validations, and how many chains.
    recorder : Recorder
        Source of the predictions.
    phase : str
        Name of the phase.
    folder : path
        Where the pages go.
    """

    def __init__(
        self, settings: StructurePages, recorder: Recorder, phase: str, folder: Path
    ) -> None:
        self.settings, self.recorder = settings, recorder
        self.phase, self.folder = phase, folder

    def chosen(self, number: int, last: int) -> bool:
        """Whether validation ``number`` of ``last``, from 1, leaves a page."""
        if self.settings.validations:
            return number in self.settings.validations
        return number == last or number & (number - 1) == 0

    def look_at_chain(self, trainer: pl.Trainer, batch: Batch) -> Prediction | None:
        """Give the structure of a chain that is shown."""
        if len(self.found) == self.settings.chains or not trainer.is_global_zero:
            return None
        if not self.chosen(trainer.current_epoch + 1, trainer.max_epochs):
            return None
        sampled = self.recorder.sampled
        coords = self.recorder.kinematics(batch) if sampled is None else sampled
        mask = batch.truth.atom_mask[0].cpu().numpy()
        if coords is None or mask[:, C1].sum() < 3 or mask[:, C3].sum() < 3:
            return None
        letters = batch.inputs["sequence"][0].tolist()
        return Prediction(
            name=batch.names[0],
            source="stage C" if sampled is None else "sampled",
            sequence="".join(ALPHABET[letter] for letter in letters),
            coords=coords[0, 0].double().cpu().numpy(),
            native=batch.truth.coords[0].double().cpu().numpy(),
            mask=mask,
        )

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the page."""
        if self.found:
            name = f"{self.phase}_step{trainer.global_step}"
            title = f"Phase {self.phase}, step {trainer.global_step}"
            write_page(self.folder / f"{name}.html", title, self.found)
        self.found = []
