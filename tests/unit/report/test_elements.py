from rna_predict.report.elements import Cell, Column, make_table
from rna_predict.report.format import DASH

COLUMNS = [Column("name", "Name"), Column("x", "X", 2, better="high"), Column("y", "Y", 1)]


def test_missing_values_are_dashes_that_sort_last():
    table = make_table("t", COLUMNS, [{"name": "a", "x": float("nan")}, {"name": "b", "x": 1.0}])
    assert table.rows[0][1] == Cell(DASH, "")
    assert table.rows[0][2] == Cell(DASH, "")


def test_the_best_value_is_marked_only_where_values_differ():
    rows = [{"name": "a", "x": 0.25, "y": 3.0}, {"name": "b", "x": 0.75, "y": 3.0}]
    table = make_table("t", COLUMNS, rows)
    assert [row[1].best for row in table.rows] == [False, True]
    same = make_table("t", COLUMNS, [rows[0], rows[0]])
    assert not any(row[1].best for row in same.rows)


def test_cells_keep_the_exact_value_for_sorting():
    table = make_table("t", COLUMNS, [{"name": "B", "x": 1 / 3}])
    assert float(table.rows[0][1].sort) == 1 / 3
    assert table.rows[0][0] == Cell("B", "b")


def test_empty_text_is_a_dash():
    assert make_table("t", COLUMNS, [{"name": ""}]).rows[0][0].text == DASH
