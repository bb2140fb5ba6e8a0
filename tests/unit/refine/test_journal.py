from rna_predict.refine.journal import Journal


def made(tmp_path):
    source, target = tmp_path / "in.cif", tmp_path / "out.cif"
    source.write_text("a")
    target.write_text("b")
    journal = Journal(tmp_path / "j", {"solvent": "obc"})
    from rna_predict.refine.journal import file_sha256

    journal.note(file_sha256(source), target, {"model": "x", "energy": float("nan")})
    return source, target


def test_a_model_that_is_done_has_its_row(tmp_path):
    source, target = made(tmp_path)
    row = Journal(tmp_path / "j", {"solvent": "obc"}).row(source, target)
    assert row["model"] == "x" and row["energy"] != row["energy"]


def test_another_input_request_or_output_is_not_done(tmp_path):
    source, target = made(tmp_path)
    assert Journal(tmp_path / "j", {"solvent": "gbn2"}).row(source, target) is None
    target.write_text("c")
    assert Journal(tmp_path / "j", {"solvent": "obc"}).row(source, target) is None
    target.unlink()
    assert Journal(tmp_path / "j", {"solvent": "obc"}).row(source, target) is None
    target.write_text("b")
    source.write_text("d")
    assert Journal(tmp_path / "j", {"solvent": "obc"}).row(source, target) is None


def test_a_line_cut_off_is_done_again_and_the_next_ones_are_whole(tmp_path):
    source, target = made(tmp_path)
    text = (tmp_path / "j").read_text()
    (tmp_path / "j").write_text(text[: len(text) // 2])
    journal = Journal(tmp_path / "j", {"solvent": "obc"})
    assert journal.row(source, target) is None
    other = tmp_path / "other.cif"
    other.write_text("e")
    journal.note("", other, {"model": "y"})
    assert list(Journal(tmp_path / "j", {"solvent": "obc"}).entries) == ["other.cif"]
