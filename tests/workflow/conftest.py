"""A copy of the repository in which the workflow has run once, shared by the workflow tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


class Workflow:
    """Snakemake in one working copy, called as a user calls it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = [
            sys.executable, "-m", "snakemake", "--configfile", "config/test.yaml", "--cores", "2",
        ]  # fmt: skip
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run snakemake to the end."""
        return self.call(*self.command, *arguments)

    def call(self, *command: str) -> subprocess.CompletedProcess:
        """Run a program to the end; stdout and stderr come together as text."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start in a process group of its own, to be killed."""
        return subprocess.Popen(
            [*self.command, *arguments], cwd=self.folder, env=self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def planned(self, *arguments: str) -> set[str]:
        """Give the names of the rules that a dry run would run."""
        done = self.run("--dry-run", "--quiet", "host", *arguments)
        assert done.returncode == 0, done.stdout
        return {
            line.split()[1].rstrip(":")
            for line in done.stdout.splitlines()
            if line.startswith(("rule ", "localrule "))
        }

    def copy(self, folder: Path) -> "Workflow":
        """Copy the whole state elsewhere, times of files included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Workflow(folder)


@pytest.fixture(scope="session")
def checkout(root, tmp_path_factory) -> Workflow:
    """Give a fresh working copy of the files that git knows or would add."""
    folder = tmp_path_factory.mktemp("workflow") / "rna-predict"
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in names:
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    return Workflow(folder)


@pytest.fixture(scope="session")
def finished(checkout, tmp_path_factory) -> Workflow:
    """Run the whole flow once, on the embedded example."""
    workflow = checkout.copy(tmp_path_factory.mktemp("finished") / "rna-predict")
    done = workflow.run()
    if done.returncode:
        logs = sorted((workflow.folder / "results/logs").rglob("*.log"))
        tails = [
            f"== {log}\n{log.read_text()[-3000:]}" for log in logs if "Error" in log.read_text()
        ]
        pytest.fail("\n".join([done.stdout[-6000:], *tails]), pytrace=False)
    return workflow
