"""A program on PATH gives the pairs; what goes wrong with it is said."""

import os
import sys
import time

import pytest

from rna_predict.errors import InputError
from rna_predict.secondary.program import PairProgram

SEQUENCE = "GGGAAACCC"
READS = "import sys; sequence = open(sys.argv[1]).read().split()[1]; out = open(sys.argv[2], 'w')\n"
POSTERIORS = """
for k, letter in enumerate(sequence):
    partner = len(sequence) - k
    print(k + 1, letter, *([f"{partner}:0.75"] if k < 3 else []), file=out)
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a small Python program on PATH under the name `folder`."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def write(body):
        path = tmp_path / "folder"
        path.write_text(f"#!{sys.executable}\n{body}")
        path.chmod(0o755)
        return path

    return write


def made(command="folder {fasta} {out}", **options):
    return PairProgram(command, 0.01, 0, **options)


def test_posteriors_of_a_program_become_pairs(install):
    install(READS + POSTERIORS)
    folding = made().fold(SEQUENCE, ["x_A"])
    assert folding.i.tolist() == [0, 1, 2]
    assert folding.j.tolist() == [8, 7, 6]
    assert folding.probability.tolist() == [0.75] * 3
    assert folding.mea == "(((...)))"


def test_a_dot_bracket_of_a_program_becomes_certain_pairs(install):
    install(READS + "print('>x', sequence, '>structure', '(((...)))', sep='\\n', file=out)")
    assert made().fold(SEQUENCE).probability.tolist() == [1.0] * 3


def test_the_sequence_comes_through_standard_input_too(install):
    install(
        "import sys; words = sys.stdin.read().split(); assert words[0][0] == '>'\n"
        "print(1, len(words[1]), 0.5, file=open(sys.argv[1], 'w'))"
    )
    assert made("folder {out}").fold(SEQUENCE).j.tolist() == [8]


def test_an_empty_list_means_no_pairs(install):
    install(READS + "print(file=out)")
    assert len(made().fold(SEQUENCE).i) == 0


def test_words_are_split_as_in_a_shell_but_no_shell_runs(install, tmp_path):
    path = install(
        "import sys; print(1, 9, 0.5, file=open(sys.argv[1], 'w'))\n"
        f"open({str(tmp_path / 'said')!r}, 'w').write('|'.join(sys.argv[2:]))"
    )
    made(f"'{path}' {{out}} 'two words' $HOME ; touch {tmp_path}/touched").fold(SEQUENCE)
    said = (tmp_path / "said").read_text()
    assert said == f"two words|$HOME|;|touch|{tmp_path}/touched"
    assert not (tmp_path / "touched").exists()


def test_sequences_too_short_for_a_pair_are_not_given_to_it(install):
    install("raise SystemExit(1)")
    assert made().fold("GAAC").mea == "...."


def test_a_failure_repeats_what_the_program_said(install):
    install("raise SystemExit('no parameters found')")
    with pytest.raises(InputError, match=r"folder on x_A: exit status 1.*no parameters found"):
        made().fold(SEQUENCE, ["x_A"])


def test_a_program_that_writes_nothing_is_refused(install):
    install("print('all is well')")
    with pytest.raises(InputError, match=r"it wrote no \{out\}; it said: all is well"):
        made().fold(SEQUENCE)


def test_pairs_that_do_not_fit_the_sequence_are_refused(install):
    install(READS + "print(1, 10, 0.5, file=out)")
    with pytest.raises(InputError, match="folder on x_A: expected positions of 1 to 9"):
        made().fold(SEQUENCE, ["x_A"])


def test_a_program_that_takes_too_long_is_ended_with_all_it_started(install, tmp_path):
    mark = tmp_path / "mark"
    child = f"import time, pathlib; time.sleep(2); pathlib.Path({str(mark)!r}).touch()"
    install(
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    )
    start = time.monotonic()
    with pytest.raises(InputError, match=r"no answer within 0\.5 s"):
        made(time_limit=0.5).fold(SEQUENCE)
    assert time.monotonic() - start < 5
    time.sleep(2.5)
    assert not mark.exists()


def test_a_program_that_cannot_start_is_refused(install):
    path = install("")
    path.write_text("no program")
    with pytest.raises(InputError, match="cannot be started"):
        made().fold(SEQUENCE)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "expected {out}"),
        ("folder {fasta}", "expected {out}"),
        ("absent-program {out}", "no program 'absent-program' on PATH"),
        ("folder '{out}", "No closing quotation"),
    ],
)
def test_a_command_that_cannot_work_is_refused_at_once(install, command, message):
    install("")
    with pytest.raises(InputError, match=message):
        made(command)


def test_the_version_is_that_of_program_and_parameters(install, tmp_path):
    install(READS)
    parameters = tmp_path / "parameters"
    versions = []
    for text in ("one", "two", "one"):
        parameters.write_text(text)
        versions.append(made(f"folder {{fasta}} {parameters} {{out}}").version)
    assert versions[0] == versions[2] != versions[1]
    install(READS + "# changed")
    assert made(f"folder {{fasta}} {parameters} {{out}}").version not in versions
