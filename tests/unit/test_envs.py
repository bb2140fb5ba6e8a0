"""Conda environments pin what constraints.txt pins, and hold what their rules import."""

import ast
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions

import pytest
import yaml

from rna_predict.provenance import reached_files

OPTIONAL = {"bitsandbytes", "cuequivariance_torch"}
"""Imported only where they are installed or asked for."""
ENVS = ("rna_predict", "viennarna", "infernal", "openmm")


def pins(env):
    """Give {distribution: version} of an environment file, names in lower case."""
    (pip,) = (part["pip"] for part in env["dependencies"] if isinstance(part, dict))
    return dict(line.lower().split("==") for line in pip)


def constraints(root):
    lines = (root / "constraints.txt").read_text().splitlines()
    return dict(line.lower().split("==") for line in lines)


def rules(root):
    """Give (rule, script, environment) of every rule."""
    for path in sorted((root / "workflow/rules").glob("*.smk")):
        for body in re.split(r"^rule ", path.read_text(), flags=re.M)[1:]:
            yield (
                body.split(":")[0],
                re.search(r'SCRIPTS / "(\w+\.py)"', body).group(1),
                re.search(r"envs/(\w+)\.yaml", body).group(1),
            )


@pytest.mark.parametrize("name", ENVS)
def test_pins_equal_the_constraints(root, name):
    wanted = constraints(root)
    found = pins(yaml.safe_load((root / "envs" / f"{name}.yaml").read_text()))
    assert found
    assert found == {package: wanted[package] for package in found}


def test_every_environment_file_is_known_here(root):
    assert {path.stem for path in (root / "envs").glob("*.yaml")} == set(ENVS)


def test_every_dependency_of_the_project_is_in_its_environment(root):
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[=<>\[]", line.lower())[0] for line in project["dependencies"]}
    assert names <= set(pins(yaml.safe_load((root / "envs/rna_predict.yaml").read_text())))


def test_environments_hold_what_their_rules_import(root):
    owner = {
        module: {name.lower() for name in names}
        for module, names in packages_distributions().items()
    }
    for rule, script, env in rules(root):
        held = set(pins(yaml.safe_load((root / "envs" / f"{env}.yaml").read_text())))
        missing = {
            f"{path.name} imports {module}"
            for path in reached_files(root / "scripts" / script, root)
            for module in third_party(path)
            if not owner[module] & held
        }
        assert not missing, f"rule {rule}, {env}.yaml: {sorted(missing)}"


@cache
def third_party(path):
    """Give the top-level modules a file imports that are neither ours nor the standard library."""
    if path.suffix != ".py":
        return set()
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    tops = {name.split(".")[0] for name in names}
    return tops - set(sys.stdlib_module_names) - {"rna_predict"} - OPTIONAL
