"""A script's hash changes with the code it reaches and with nothing else."""

import shutil

import pytest

from rna_predict import provenance

SCRIPT = "from rna_predict.near.used import f\n\nf()\n"


@pytest.fixture
def tree(tmp_path):
    for path, text in {
        "script.py": SCRIPT,
        "rna_predict/__init__.py": "",
        "rna_predict/near/__init__.py": "",
        "rna_predict/near/used.py": "from rna_predict import far\n\nf = far.g\n",
        "rna_predict/near/unused.py": "x = 1\n",
        "rna_predict/far.py": 'def g():\n    """Say so."""\n    return 1\n',
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def hash_after(tree, path, text):
    """Hash the script of a fresh copy in which one file has another text."""
    copy = tree.parent / f"{tree.name}-copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(tree, copy)
    (copy / path).write_text(text)
    provenance._imported_files.cache_clear()
    provenance._fingerprint.cache_clear()
    return provenance.code_hash(copy / "script.py", copy)


def test_an_edit_two_imports_away_changes_the_hash(tree):
    before = hash_after(tree, "script.py", SCRIPT)
    assert hash_after(tree, "rna_predict/far.py", "def g():\n    return 2\n") != before
    assert hash_after(tree, "script.py", SCRIPT + "f()\n") != before


def test_comments_docstrings_and_strangers_change_nothing(tree):
    before = hash_after(tree, "script.py", SCRIPT)
    other = '# so\ndef g():\n    """Say otherwise."""\n\n    return 1\n'
    assert hash_after(tree, "rna_predict/far.py", other) == before
    assert hash_after(tree, "rna_predict/near/unused.py", "x = 2\n") == before


def test_data_beside_a_module_counts(tree):
    (tree / "rna_predict/near/page.html").write_text("a")
    before = hash_after(tree, "script.py", SCRIPT)
    assert hash_after(tree, "rna_predict/near/page.html", "b") != before
