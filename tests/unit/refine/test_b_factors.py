import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.refine.b_factors import read_b_factors
from rna_predict.structure.mmcif import write_chain


def test_values_come_back_at_their_residues_and_0_where_nothing_is_observed(chain, tmp_path):
    coords = chain("1q9a_A").coords.copy()
    coords[5] = np.nan
    model = chain("1q9a_A").with_coords(coords)
    values = np.arange(27) + 0.5
    write_chain(tmp_path / "model.cif.gz", model, values)
    found = read_b_factors(tmp_path / "model.cif.gz", model)
    assert found[5] == 0.0
    np.testing.assert_allclose(np.delete(found, 5), np.delete(values, 5), atol=1e-6)


def test_another_chain_is_an_error_that_names_the_residue(chain, tmp_path):
    write_chain(tmp_path / "model.cif", chain("434d_A"))
    with pytest.raises(InputError, match="chain A has no residue"):
        read_b_factors(tmp_path / "model.cif", chain("1q9a_A"))


def test_a_file_that_is_none_is_an_error(chain, tmp_path):
    (tmp_path / "model.cif").write_text("nothing")
    with pytest.raises(InputError, match="not readable"):
        read_b_factors(tmp_path / "model.cif", chain("434d_A"))
