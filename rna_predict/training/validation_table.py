"""Results of each validation chain by chain: which chains a mean hides."""

from pathlib import Path

import lightning.pytorch as pl

from rna_predict.training.callbacks import write_rows


class ValidationTables(pl.Callback):
    """One table of each validation, named by phase and step.

    A table is made of its own validation alone, so a resumed run writes the same ones.

    Parameters
    ----------
    folder : path
        Gets ``{phase}_{step}.csv``: a row a sample, in the order of the chains; columns chain and
        what :func:`~rna_predict.training.validation.judge_samples` or ``judge_torsions`` gives.
        Empty cells are NaN.
    phase : str
        Name of the phase.
    """

    def __init__(self, folder: Path, phase: str) -> None:
        self.folder, self.phase = folder, phase

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the table; ``pl_module.judged`` holds (chain, result)."""
        if not trainer.is_global_zero:
            return
        rows = [
            {"chain": name} | {key: value for key, value in result.items() if value == value}
            for name, result in pl_module.judged
        ]
        write_rows(self.folder / f"{self.phase}_{trainer.global_step}.csv", rows)
