"""What the callbacks that watch a phase share."""

import pytest

from rna_predict.data.datamodule import WholeChains
from rna_predict.training.diagnostics.recorder import Recorder
from rna_predict.training.diagnostics.watch import Watch


class Notes(Watch):
    """Notes what it looks at; at step 5 no validation chain gives anything."""

    KEPT = ("steps",)

    def __init__(self, recorder=None):
        self.recorder, self.steps = recorder, {}

    def look(self, trainer, pl_module, batch):
        self.steps[trainer.global_step] = batch.names

    def look_at_chain(self, trainer, batch):
        return None if trainer.global_step == 5 else batch.names


@pytest.fixture
def batch(sets):
    return WholeChains(sets["train"], limit=60, count=1)[0]


@pytest.mark.parametrize("armed", [True, False])
def test_only_steps_of_the_recorder_are_looked_at(rows, trainer_at, batch, armed):
    recorder = Recorder(1)
    recorder._armed, recorder.step = armed, 3
    watched, alone = Notes(recorder), Notes()
    for notes in (watched, alone):
        notes.on_train_batch_end(trainer_at(3), rows, None, batch, 0)
    assert watched.steps == ({3: batch.names} if armed else {})
    assert alone.steps == {}


def test_each_validation_begins_with_nothing_found(rows, trainer_at, batch):
    notes = Notes()
    for step, found in ((3, [batch.names]), (4, [batch.names]), (5, [])):
        notes.on_validation_epoch_start(trainer_at(step), rows)
        notes.on_validation_batch_end(trainer_at(step), rows, None, batch, 0)
        assert notes.found == found


def test_checkpoint_holds_a_copy_of_what_is_kept():
    first, second = Notes(), Notes()
    first.steps = {1: "a"}
    second.load_state_dict(first.state_dict())
    first.steps[2] = "b"
    assert second.steps == {1: "a"}
