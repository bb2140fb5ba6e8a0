"""The model card says what the run knows."""

from dataclasses import replace

import pytest

from rna_predict.data.dataset import load_examples
from rna_predict.training.card import Facts, model_card


@pytest.fixture
def facts(trained, small_model):
    """Give the facts of two phases of two validations."""
    metrics = []
    for phase, select, values in (
        ("pretrain", "lddt", (0.2, 0.5)),
        ("confidence", "plddt_error", (0.1, 0.3)),
    ):
        for step, value in zip((2, 4), values, strict=True):
            metrics.append({"phase": phase, "step": step, "kind": "train", "total": 7.0 - step})
            row = {"phase": phase, "step": step, "kind": "validation", select: value}
            metrics.append({**row, "lddt_loop": float("nan")})
    speed = {"samples_per_second": 2.0, "residues_per_second": 50.0, "waiting_share": 0.01,
             "training_seconds": 60.0, "validation_seconds": 5.0, "memory_mib": 700.0}  # fmt: skip
    return Facts(
        run="try", model=small_model, parameters=1234567, seed=3,
        training=load_examples(trained[0], "train"),
        validation=load_examples(trained[0], "validation"),
        metrics=metrics, throughput=[speed, {**speed, "memory_mib": 900.0}], step=2, device="cpu",
    )  # fmt: skip


def test_card_names_network_data_phases_curves_and_the_chosen_step(facts):
    card = model_card(facts)
    assert "# Model card: try" in card
    assert "1,234,567 weights" in card and "seed: 3" in card
    residues = sum(len(example.chain) for example in facts.training.examples)
    assert f"| train | 4 | 4 | {residues} | 0 |" in card
    assert "| pretrain | lddt | 0.2 | 0.5 | 0.5 | 3 |" in card
    assert "| confidence | plddt_error | 0.1 | 0.1 | 0.3 | 3 |" in card
    assert "those of step 2 of confidence" in card
    assert "| plddt_error | 0.1 |" in card
    assert "lddt_loop" not in card


def test_card_tells_machine_time_and_speed_in_one_part(facts):
    card = model_card(facts)
    assert "120 s of training, 10 s of validation" in card
    assert "900 MiB" in card
    slower = [{**row, "training_seconds": 999.0} for row in facts.throughput]
    other = model_card(replace(facts, throughput=slower))
    changed = [line for line in card.splitlines() if line not in other.splitlines()]
    assert len(changed) == 1 and "of training" in changed[0]


def test_card_says_the_cut_off(facts):
    dated = tuple(
        replace(example, chain=replace(example.chain, release_date="2001-01-01"))
        for example in facts.training.examples
    )
    young = replace(facts.training, examples=dated, cutoff="2999-01-01")
    assert "cut-off of release: none" in model_card(facts)
    assert "cut-off of release: 2999-01-01" in model_card(replace(facts, training=young))
