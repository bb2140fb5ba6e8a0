"""The factory builds what the dimensions name."""

import pytest

from rna_predict.data.records import parse_record
from rna_predict.errors import InputError
from rna_predict.model.build import ARCHITECTURES, build_network
from rna_predict.model.dimensions import Dimensions


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_is_chosen_by_name(name):
    assert type(build_network(Dimensions(architecture=name))) is ARCHITECTURES[name]


def test_the_network_is_the_default_and_others_are_refused():
    assert Dimensions().architecture == "network"
    with pytest.raises(InputError, match="architecture: expected one of .*got 'egnn'"):
        parse_record(Dimensions, {"architecture": "egnn"}, "model.yaml")
