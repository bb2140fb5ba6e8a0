"""The house rules that a machine can check: who imports whom, thin scripts, short modules."""

import ast
import re
import subprocess

import pytest

OPEN = {"config", "constants", "errors"}
MAY_IMPORT = {
    "geometry": set(),
    "structure": {"geometry"},
    "angles": {"geometry", "structure"},
    "secondary": {"geometry", "structure"},
    "evaluate": {"geometry", "structure", "angles", "secondary"},
    "families": {"geometry", "structure", "secondary", "evaluate"},
    "augment": {"geometry", "structure", "secondary", "families"},
    "refine": {"geometry", "structure", "evaluate"},
    "templates": {"geometry", "structure", "secondary", "families", "evaluate", "refine"},
    "data": {"geometry", "structure", "angles", "secondary", "families", "augment", "templates"},
    "model": {"geometry"},
    "training": {"geometry", "structure", "evaluate", "data", "model"},
    "predict": {
        "geometry", "structure", "secondary", "families", "evaluate", "data", "model", "templates",
        "refine",
    },
    "report": {"geometry", "structure", "secondary", "evaluate"},
}  # fmt: skip


def imported_packages(path):
    """Give the packages of rna_predict that a file imports, wherever in the file it does."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("rna_predict.")}


def test_packages_import_only_what_the_table_allows(root):
    folders = {path.name for path in (root / "rna_predict").iterdir() if path.is_dir()}
    assert folders - {"__pycache__", "weights"} <= set(MAY_IMPORT)
    for package, allowed in MAY_IMPORT.items():
        for path in (root / "rna_predict" / package).rglob("*.py"):
            stray = imported_packages(path) - allowed - OPEN - {package, "__version__"}
            assert not stray, f"{path.relative_to(root)} may not import {sorted(stray)}"


def test_modules_are_short_and_say_what_they_are(root):
    for path in (root / "rna_predict").rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 400, path
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_nothing_happens_when_a_module_is_imported(root):
    quiet = (
        ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign,
    )  # fmt: skip
    for path in (root / "rna_predict").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            main = isinstance(node, ast.If) and path.name in {"cli.py", "__main__.py"}
            assert text or main or isinstance(node, quiet), f"{path}:{node.lineno}"


def test_scripts_are_thin(root):
    scripts = sorted((root / "scripts").glob("*.py"))
    assert scripts
    for path in scripts:
        text = path.read_text()
        tree = ast.parse(text)
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert functions == ["main"], f"{path.name} defines {functions}, expected main alone"
        assert not [node for node in tree.body if isinstance(node, ast.ClassDef)], path.name
        assert len(text.splitlines()) < 80, path.name
        assert re.fullmatch(r"[a-z]+_[a-z_]+\.py", path.name), f"{path.name} is not verb_noun.py"


def test_every_script_shows_its_help(root, capsys):
    import importlib.util

    for path in sorted((root / "scripts").glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with pytest.raises(SystemExit) as stop:
            module.main(["--help"])
        assert stop.value.code == 0
        assert module.__doc__.splitlines()[0].split()[0] in capsys.readouterr().out


def test_every_script_has_a_rule_and_every_rule_its_parts(root):
    used = {"write_schema.py", "build_example.py"}  # by hand
    parts = ("log:", "benchmark:", "conda:", "threads:", "mem_mb=", "runtime=")
    for path in sorted((root / "workflow/rules").glob("*.smk")):
        assert path.read_text().startswith('"""'), path.name
        for body in re.split(r"^ *(?:rule|checkpoint) ", path.read_text(), flags=re.M)[1:]:
            name = body.split(":")[0]
            assert body.split("\n")[1].strip().startswith('"""'), f"rule {name} has no docstring"
            for part in parts:
                assert part in body, f"rule {name} has no {part}"
            (script,) = re.findall(r'SCRIPTS / "(\w+\.py)"', body)
            assert f'code=code("{script}")' in body, f"rule {name} hashes another script"
            used.add(script)
    assert {path.name for path in (root / "scripts").glob("*.py")} == used


def test_committed_files_name_no_index_and_no_local_path(root):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False
    ).stdout.split()
    pattern = re.compile(
        "|".join(["index" + "-url", "find" + "-links", "/wo" + "rk/", "/ro" + "ot/"])
    )
    for name in listed:
        path = root / name
        if path.suffix in {".py", ".smk", ".txt", ".toml", ".yaml", ".md", ".cfg", ""}:
            found = pattern.search(path.read_text(errors="replace"))
            allowed = name.startswith("tests/unit/test_layout") or name == "LICENSE"
            assert allowed or not found, f"{name}: {found and found.group()}"
