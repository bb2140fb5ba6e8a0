import numpy as np
import pytest

from rna_predict.report.format import DASH, duration, number, percent, plural, significant


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), np.float32("nan")])
def test_undefined_numbers_are_dashes_never_zero_or_nan(value):
    assert number(value) == significant(value) == duration(value) == DASH


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1234.56, 1, "1,234.6"),
        (-0.5, 2, "−0.50"),
        (-0.001, 2, "0.00"),
        (7, 0, "7"),
        (0.0, 1, "0.0"),
    ],
)
def test_numbers_have_fixed_digits_and_a_true_minus(value, digits, text):
    assert number(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.000012345, "1.23e−5"), (0.0123, "0.0123"), (12345.6, "12,346"), (0, "0")]
)
def test_significant_digits(value, text):
    assert significant(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.23, "4.2 s"), (59.97, "1 min 00 s"), (185, "3 min 05 s"), (3720, "1 h 02 min")],
)
def test_durations_read_as_people_say_them(seconds, text):
    assert duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == text


def test_a_share_of_nothing_is_undefined():
    assert percent(0, 0) == DASH
    assert percent(1, 4).replace("\N{NO-BREAK SPACE}", " ") == "25.0 %"


def test_nouns_follow_their_counts():
    assert plural(1, "chain").endswith("chain")
    assert plural(2, "entry", "entries").endswith("entries")


def test_absurdly_large_numbers_are_powers_of_ten():
    assert number(1.2028e24, 0) == "1.20e24"
    assert number(-3.5e12, 1) == "\N{MINUS SIGN}3.50e12"
    assert number(999_999_999, 0) == "999,999,999"
