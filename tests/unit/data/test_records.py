"""YAML and dataclasses."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import pytest

from rna_predict.data.records import dump_record, parse_record, read_record
from rna_predict.errors import InputError


@dataclass(frozen=True)
class Part:
    __pydantic_config__: ClassVar = {"extra": "forbid"}
    name: str
    rate: float
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    steps: int
    fast: bool = False
    limit: int | None = None

    def __post_init__(self):
        if self.steps < 1:
            raise ValueError("steps must be positive")


GOOD = {"parts": [{"name": "x", "rate": 1, "kind": "b"}, {"name": "y", "rate": 0.5}], "steps": 3}


def test_values_become_records_with_their_defaults():
    whole = parse_record(Whole, GOOD, "f.yaml")
    assert whole == Whole(parts=(Part("x", 1.0, "b"), Part("y", 0.5)), steps=3)
    assert isinstance(whole.parts[0].rate, float)


def test_dump_is_read_back_unchanged(tmp_path):
    whole = Whole(parts=(Part("x", 1e-3), Part("y", 4e-4, "b")), steps=3, limit=7)
    (tmp_path / "f.yaml").write_text(dump_record(whole))
    assert read_record(Whole, tmp_path / "f.yaml") == whole


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stepz": 1}, "f.yaml: unknown key stepz; known keys: parts, steps"),
        ({"parts": [{"name": "x", "rate": 1, "colour": 2}]}, r"unknown key parts\[0\].colour"),
        ({"parts": [{"name": "x"}]}, r"missing key parts\[0\].rate"),
        ({"parts": {"name": "x"}}, "parts: expected a list"),
        ({"parts": [3]}, r"parts\[0\]: expected a section, got 3"),
        ({"parts": [{"name": "x", "rate": "1e-3"}]}, r"rate: expected float, got '1e-3' .*1.0e-3"),
        ({"parts": [{"name": "x", "rate": 1, "kind": "c"}]}, "kind: expected one of"),
        ({"steps": 2.5}, "steps: expected int, got 2.5"),
        ({"steps": True}, "steps: expected int, got True"),
        ({"fast": 1}, "fast: expected bool, got 1"),
        ({"limit": "x"}, "limit: expected int"),
        ({"steps": 0}, "steps must be positive"),
    ],
)
def test_faults_name_file_and_key(change, message):
    with pytest.raises(InputError, match=message):
        parse_record(Whole, {**GOOD, **change}, "f.yaml")


def test_missing_key_is_named():
    with pytest.raises(InputError, match="missing key steps"):
        parse_record(Whole, {"parts": []}, "f.yaml")


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: [", "3"])
def test_file_without_sections_is_refused(tmp_path, text):
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises(InputError, match=r"f\.yaml"):
        read_record(Whole, tmp_path / "f.yaml")
