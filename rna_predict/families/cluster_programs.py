"""Clusters by the programs MMseqs2 and CD-HIT-EST, where they are on PATH.

Steinegger & Soeding (2018) Nat Commun 9:2542; Fu et al. (2012) Bioinformatics 28:3150. Both are
made for long sequences and compare representatives only: they miss similar pairs, above all of
short RNA, and MMseqs2 also joins a sequence with its reverse complement. The audit looks at all
pairs by itself and finds what they missed.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rna_predict.errors import InputError

MMSEQS: Final = "mmseqs"
CD_HIT: Final = "cd-hit-est"
WORD: Final = 7
"""Length of the words that MMseqs2 compares; its default is longer than many chains."""
CD_HIT_WORDS: Final = ((0.95, 10), (0.9, 8), (0.88, 7), (0.85, 6), (0.8, 5), (0.75, 4))
"""(Least identity, word length), of the user's guide of CD-HIT; it refuses lower identities."""


def cluster_with_mmseqs(sequences: Sequence[str], identity: float, coverage: float) -> list[int]:
    """Cluster with ``mmseqs easy-cluster``: connected components, coverage of both sequences.

    Parameters
    ----------
    sequences : sequence of str
        All different.
    identity, coverage : float
        As in :func:`~rna_predict.families.clusters.cluster_sequences`.

    Returns
    -------
    list of int
        For each sequence the position of its cluster's representative.

    Raises
    ------
    InputError
        If the program is missing or fails.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_fasta(sequences, folder / "in.fasta")
        _run([
            MMSEQS, "easy-cluster", "in.fasta", "out", "work", "--min-seq-id", f"{identity}",
            "-c", f"{coverage}", "--cov-mode", "0", "--cluster-mode", "1", "--dbtype", "2",
            "-k", f"{WORD}", "--spaced-kmer-mode", "0", "--kmer-per-seq", "1000", "--mask", "0",
            "--threads", "1",
        ], folder)  # fmt: skip
        lines = (folder / "out_cluster.tsv").read_text().splitlines()
    heads = list(range(len(sequences)))
    for line in lines:
        head, member = line.split("\t")
        heads[int(member)] = int(head)
    return heads


def cluster_with_cd_hit(sequences: Sequence[str], identity: float, coverage: float) -> list[int]:
    """Cluster with ``cd-hit-est``, the strand given only; parameters as for MMseqs2.

    Sequences no longer than a word stay apart.

    Raises
    ------
    InputError
        If the identity is below 0.75, or the program is missing or fails.
    """
    word = next((word for least, word in CD_HIT_WORDS if identity >= least), 0)
    if not word:
        least = CD_HIT_WORDS[-1][0]
        raise InputError("identity", f"{CD_HIT} clusters at {least} or more, got {identity}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_fasta(sequences, folder / "in.fasta")
        _run([
            CD_HIT, "-i", "in.fasta", "-o", "out", "-c", f"{identity}", "-n", f"{word}",
            "-l", f"{word}", "-aL", f"{coverage}", "-r", "0", "-g", "1", "-d", "0", "-M", "0",
            "-T", "1",
        ], folder)  # fmt: skip
        text = (folder / "out.clstr").read_text()
    heads = list(range(len(sequences)))
    for cluster in text.split(">Cluster ")[1:]:
        members = [int(line.split(">")[1].split("...")[0]) for line in cluster.splitlines()[1:]]
        for member in members:
            heads[member] = members[0]
    return heads


PROGRAMS: Final[Mapping[str, Callable[[Sequence[str], float, float], list[int]]]] = {
    "mmseqs": cluster_with_mmseqs,
    "cd-hit": cluster_with_cd_hit,
}
"""By the names of config ``families.cluster_program``."""


def _write_fasta(sequences: Sequence[str], path: Path) -> None:
    """Write sequences under their positions, as DNA: the programs count U as unknown."""
    path.write_text(
        "".join(f">{row}\n{text.replace('U', 'T')}\n" for row, text in enumerate(sequences))
    )


def _run(command: Sequence[str], folder: Path) -> None:
    """Run a program in a folder; its words are shown when it fails."""
    if shutil.which(command[0]) is None:
        what = "not on PATH; install it, or set families.cluster_program to builtin"
        raise InputError(command[0], what)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stdout + done.stderr).strip()[-500:]
        raise InputError(command[0], f"ended with status {done.returncode}: {words}")
