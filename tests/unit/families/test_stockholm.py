import pytest

from rna_predict.errors import InputError
from rna_predict.families.stockholm import read_stockholm

ONE_BLOCK = """# STOCKHOLM 1.0
#=GF ID   x

a/1-4   AC-gGU
b       ACCaGU
#=GR b SS  (....)
#=GC SS_cons  ((..))
#=GC RF  AC.aGU
//
"""
TWO_BLOCKS = """# STOCKHOLM 1.0

a/1-4   AC-
b       ACC
#=GC RF  AC.

a/1-4   gGU
b       aGU
#=GC RF  aGU
//
"""


@pytest.fixture
def read(tmp_path):
    def call(text):
        (tmp_path / "x.sto").write_text(text)
        return read_stockholm(tmp_path / "x.sto")

    return call


def test_blocks_are_joined(read):
    one, two = read(ONE_BLOCK), read(TWO_BLOCKS)
    assert one == two
    assert one.names == ("a/1-4", "b")
    assert one.rows == ("AC-gGU", "ACCaGU")
    assert one.reference == "AC.aGU"


def test_a_name_may_occur_twice(read):
    for text in (ONE_BLOCK, TWO_BLOCKS):
        seed = read(text.replace("b       ", "a/1-4   "))
        assert seed.names == ("a/1-4", "a/1-4")
        assert seed.rows == ("AC-gGU", "ACCaGU")


def test_structures_are_not_read(read):
    changed = ONE_BLOCK.replace("(....)", "......").replace("((..))", "......")
    assert read(changed) == read(ONE_BLOCK)


def test_a_seed_without_a_reference_is_read(read):
    assert read(ONE_BLOCK.replace("#=GC RF  AC.aGU\n", "")).reference == ""


@pytest.mark.parametrize(("old", "new", "message"), [
    ("# STOCKHOLM 1.0", "CLUSTAL", "expected '# STOCKHOLM 1.0' in the first line"),
    ("//\n", "", "cut short: expected '//'"),
    ("AC-gGU", "AC-gG", "row b has 6 columns, a/1-4 5"),
    ("RF  AC.aGU", "RF  AC.aG", "the reference line has 5 columns, the rows 6"),
    ("AC-gGU", "AC-g GU", "line 4: expected a name and a row"),
])  # fmt: skip
def test_faults_are_named(read, old, new, message):
    with pytest.raises(InputError, match=message):
        read(ONE_BLOCK.replace(old, new))


def test_rows_of_later_blocks_must_be_in_order(read):
    with pytest.raises(InputError, match="line 8: c is out of the order of rows"):
        read(TWO_BLOCKS.replace("b       aGU", "c       aGU"))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="absent.sto: expected an alignment"):
        read_stockholm(tmp_path / "absent.sto")


def test_all_shared_seeds_are_read(shared_data):
    paths = sorted((shared_data / "rfam/seeds_3d").glob("*.sto"))
    seeds = [read_stockholm(path) for path in paths]
    assert len(seeds) == 129
    assert all(seed.reference for seed in seeds)
