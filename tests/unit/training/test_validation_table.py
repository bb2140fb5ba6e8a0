import lightning.pytorch as pl
import pandas as pd
import pytest

from rna_predict.training.validation_table import ValidationTables


class Trainer(pl.Trainer):
    """A trainer at some step of some process."""

    def __init__(self, step: int, first: bool = True) -> None:
        self.step, self.first = step, first

    @property
    def global_step(self) -> int:
        return self.step

    @property
    def is_global_zero(self) -> bool:
        return self.first


@pytest.fixture
def module() -> pl.LightningModule:
    module = pl.LightningModule()
    module.judged = [
        ("1abc_A", {"lddt": 0.5, "lddt_loop": 0.25}),
        ("2xyz_B", {"lddt": 0.75, "lddt_loop": float("nan")}),
    ]
    return module


def test_each_validation_leaves_a_table_of_its_chains(module, tmp_path):
    callback = ValidationTables(tmp_path / "validation", "pretrain")
    for step in (10, 20):
        callback.on_validation_end(Trainer(step), module)
    names = sorted(path.name for path in (tmp_path / "validation").iterdir())
    assert names == ["pretrain_10.csv", "pretrain_20.csv"]
    table = pd.read_csv(tmp_path / "validation/pretrain_20.csv")
    assert table["chain"].tolist() == ["1abc_A", "2xyz_B"]
    assert table["lddt"].tolist() == [0.5, 0.75]
    assert table["lddt_loop"].isna().tolist() == [False, True]


def test_only_the_first_process_writes(module, tmp_path):
    callback = ValidationTables(tmp_path / "validation", "pretrain")
    callback.on_validation_end(Trainer(1, first=False), module)
    assert not (tmp_path / "validation").exists()
