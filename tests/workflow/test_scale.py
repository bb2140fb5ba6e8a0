"""Many entries: few jobs, quickly planned; a longer list redoes what it changes."""

import http.server
import itertools
import json
import resource
import shutil
import string
import threading

import pytest
import yaml


def write_config(workflow, **sections) -> str:
    """Write a configuration into the working copy; give its name."""
    path = workflow.folder / "config/scale.yaml"
    path.write_text(yaml.safe_dump(sections))
    return path.relative_to(workflow.folder).as_posix()


def jobs(text: str) -> dict[str, int]:
    """Read the table of jobs from a dry run."""
    rows = (line.split() for line in text.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def processor_seconds() -> float:
    """Give what finished child processes took: what else the machine does is not counted."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_twenty_thousand_entries_are_planned_in_a_minute(checkout, tmp_path):
    workflow = checkout.copy(tmp_path / "many")
    ids = itertools.product(string.digits[1:], *[string.ascii_lowercase] * 2, string.digits)
    listed = ["".join(letters) for letters in itertools.islice(ids, 20_000)]
    (workflow.folder / "data").mkdir()
    (workflow.folder / "data/many.txt").write_text("\n".join(listed))
    config = write_config(workflow, entries={"file": "data/many.txt", "shards": 100})
    start = processor_seconds()
    done = workflow.run(
        "--configfile",
        config,
        "--dry-run",
        "--quiet",
        "rules",
        "--",
        "results/angles/angles.parquet",
    )
    seconds = processor_seconds() - start
    assert done.returncode == 0, done.stdout
    planned = jobs(done.stdout)
    assert planned["compute_angles"] == 100
    assert planned["total"] < 500
    assert seconds < 60


class Search(http.server.BaseHTTPRequestHandler):
    """A search service that knows some entries."""

    known: tuple[str, ...] = ()

    def do_POST(self) -> None:
        """Answer as RCSB does to a request for compact results."""
        self.rfile.read(int(self.headers["Content-Length"]))
        hits = [entry.upper() for entry in self.known]
        body = json.dumps({"total_count": len(hits), "result_set": hits}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """Say nothing."""


@pytest.fixture
def search():
    """Serve a search on the loopback device; give its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Search)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/query"
    server.shutdown()
    server.server_close()


def test_a_search_lists_the_entries_and_news_redo_their_shards_only(checkout, tmp_path, search):
    workflow = checkout.copy(tmp_path / "searched")
    entries = sorted(path.name[:4] for path in (workflow.folder / "config/example/pdb").iterdir())
    config = write_config(
        workflow, entries={"file": None, "query": {"address": search}, "shards": 4}
    )
    target = "results/angles/checked.tsv"
    Search.known = tuple(entries[:-1])
    first = workflow.run("--configfile", config, "--", target)
    assert first.returncode == 0, first.stdout
    listed = workflow.folder / "results/raw/entries.txt"
    assert [line for line in listed.read_text().split("\n") if line and line[0] != "#"] == entries[
        :-1
    ]
    assert "Nothing to be done" in workflow.run("--configfile", config, "--", target).stdout
    Search.known = tuple(entries)
    again = workflow.run("--configfile", config, "--forcerun", "list_entries", "--", target)
    assert again.returncode == 0, again.stdout
    manifests = [
        path.read_text() for path in (workflow.folder / "results/raw/shards").glob("*.tsv")
    ]
    assert sum(entries[-1] in text for text in manifests) == 1
    assert again.stdout.count("rule compute_angles:") == 1, again.stdout
    shutil.rmtree(workflow.folder)
