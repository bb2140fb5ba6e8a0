"""Settings of the minimiser and their command line."""

import argparse
from dataclasses import asdict

import pytest

from rna_predict.errors import InputError
from rna_predict.refine.settings import Settings, add_refine_options, chosen_refinement


def parse(*words):
    parser = argparse.ArgumentParser()
    add_refine_options(parser)
    return parser.parse_args(words)


def test_no_options_are_the_defaults():
    assert chosen_refinement(parse()) == asdict(Settings())


def test_every_option_reaches_its_setting():
    words = "--max-iterations 7 --restraint 2.5 --time-limit 3 --solvent none --dynamics 0.5"
    words += " --dynamics-seed 4 --platform CPU"
    assert chosen_refinement(parse(*words.split())) == {
        "max_iterations": 7,
        "restraint": 2.5,
        "time_limit": 3.0,
        "solvent": "none",
        "dynamics_ps": 0.5,
        "seed": 4,
        "platform": "CPU",
    }


def test_values_out_of_range_are_refused():
    with pytest.raises(InputError, match="time_limit > 0"):
        chosen_refinement(parse("--time-limit", "0"))
