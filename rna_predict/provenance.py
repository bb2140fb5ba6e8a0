"""Hash of the code a script runs, so that the workflow reruns what an edit changed and no more.

Snakemake sees an edited script but not an edited package. Here a script's imports are followed
through ``rna_predict`` and every module reached is hashed by its syntax tree without docstrings:
a comment, a docstring or a blank line changes nothing, a changed line of code does.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "rna_predict"


def code_hash(script: Path, root: Path) -> str:
    """Hash a script together with every module of the package it reaches.

    Parameters
    ----------
    script : path
        A Python file.
    root : path
        Folder that holds the package ``rna_predict``.

    Returns
    -------
    str
        16 hexadecimal digits. Files that are not Python (templates, weights) count with the
        package folder of a module reached.

    Raises
    ------
    SyntaxError
        If a file reached is not valid Python.
    """
    digest = hashlib.sha256()
    for path in reached_files(script, root):
        digest.update(path.name.encode() + _fingerprint(path))
    return digest.hexdigest()[:16]


def reached_files(script: Path, root: Path) -> list[Path]:
    """List a script and all files of the package that its imports lead to, sorted.

    Parameters and errors are those of :func:`code_hash`.
    """
    todo, seen = [script.resolve()], set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += _imported_files(path, root.resolve())
    return sorted(seen)


@cache
def _imported_files(path: Path, root: Path) -> tuple[Path, ...]:
    """List the package's files that one file imports directly, its package's data included."""
    names = set()
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
    files = []
    for name in sorted(names):
        parts = name.split(".")
        if parts[0] != PACKAGE:
            continue
        for depth in range(1, len(parts) + 1):
            module = root.joinpath(*parts[:depth])
            candidates = (module / "__init__.py", module.with_suffix(".py"))
            files += [file for file in candidates if file.is_file()]
            if depth > 1 and module.is_dir():
                files += [
                    file
                    for file in module.rglob("*")
                    if file.is_file() and file.suffix not in {".py", ".pyc"}
                ]
    return tuple(files)


@cache
def _fingerprint(path: Path) -> bytes:
    """Hash one file: Python by its tree without docstrings, anything else by its bytes."""
    if path.suffix != ".py":
        return hashlib.sha256(path.read_bytes()).digest()
    tree = ast.parse(path.read_text(), str(path))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [statement for statement in body if not _is_text(statement)]
    return hashlib.sha256(ast.dump(tree).encode()).digest()


def _is_text(statement: ast.AST) -> bool:
    """Tell whether a statement is a bare string, that is a docstring."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
