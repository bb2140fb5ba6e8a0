import gzip
import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rna_predict.errors import InputError
from rna_predict.structure.fetch import fetch_entries, read_manifest

PLAIN = b"data_1ABC\nloop_\n_atom_site.id\n_atom_site.Cartn_x\n" + b"1 2.5\n" * 200
WHOLE = gzip.compress(PLAIN, mtime=0)


class Mirror(BaseHTTPRequestHandler):
    """Serve entries whose ids say how the answer goes wrong."""

    seen: Counter = Counter()

    def do_GET(self) -> None:  # noqa: N802 (the name is the standard library's)
        """Answer one request."""
        entry = Path(self.path).name.partition(".")[0]
        Mirror.seen[entry] += 1
        if entry == "gone":
            self.send_error(404)
        elif entry == "broken" or (entry == "busy" and Mirror.seen[entry] < 3):
            self.send_error(503)
        elif entry == "short":
            self.answer(WHOLE, len(WHOLE) + 50)
        else:
            bodies = {
                "cut": WHOLE[:-20],
                "page": b"<html>busy</html>",
                "wrong": gzip.compress(b"<html>wrong</html>"),
                "plain": PLAIN,
            }
            body = bodies.get(entry, WHOLE)
            self.answer(body, len(body))

    def answer(self, body: bytes, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        """Keep quiet."""


@pytest.fixture
def mirror() -> Iterator[str]:
    Mirror.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/pdb/{{id}}.cif.gz"
        server.shutdown()
        thread.join()


def test_every_failure_is_a_row_and_the_rest_arrives(mirror, tmp_path):
    ids = ["1ABC", "gone", "broken", "busy", "short", "cut", "page", "wrong", "2def"]
    table = fetch_entries(ids, mirror, tmp_path, jobs=3, tries=3, pause=0.01, timeout=5.0)
    assert table["entry"].tolist() == [name.lower() for name in ids]
    rows = table.set_index("entry")
    assert rows["status"].to_dict() == {
        "1abc": "ok", "gone": "failed", "broken": "failed", "busy": "ok", "short": "failed",
        "cut": "failed", "page": "failed", "wrong": "failed", "2def": "ok",
    }  # fmt: skip
    assert rows.loc["gone", "reason"].startswith("not_found: HTTP 404")
    assert rows.loc["broken", "reason"].startswith("offline: HTTP 503")
    assert rows.loc["short", "reason"].startswith(("truncated:", "offline:"))
    assert rows.loc["cut", "reason"].startswith("wrong_bytes: not a whole gzip file")
    assert rows.loc["page", "reason"].startswith("wrong_bytes: not a whole gzip file")
    assert "begins with b'<html>wrong" in rows.loc["wrong", "reason"]
    assert rows.loc["1abc", "sha256"] == hashlib.sha256(WHOLE).hexdigest()
    assert rows.loc["1abc", "bytes"] == len(WHOLE)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "1abc.cif.gz", "2def.cif.gz", "busy.cif.gz"
    ]  # fmt: skip
    assert (Mirror.seen["gone"], Mirror.seen["broken"], Mirror.seen["busy"]) == (1, 3, 3)


def test_whole_files_stay_and_damaged_ones_are_fetched_again(mirror, tmp_path):
    (tmp_path / "1abc.cif.gz").write_bytes(WHOLE)
    (tmp_path / "2def.cif.gz").write_bytes(WHOLE[:40])
    table = fetch_entries(["1abc", "2def"], mirror, tmp_path)
    assert table["status"].tolist() == ["ok", "ok"]
    assert dict(Mirror.seen) == {"2def": 1}
    assert (tmp_path / "2def.cif.gz").read_bytes() == WHOLE


def test_uncompressed_sources_are_compressed(mirror, tmp_path):
    fetch_entries(["plain"], mirror.removesuffix(".gz"), tmp_path)
    assert gzip.decompress((tmp_path / "plain.cif.gz").read_bytes()) == PLAIN


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_folders_serve_like_a_mirror(tmp_path, prefix):
    source, raw = tmp_path / "mirror folder", tmp_path / "raw"
    source.mkdir()
    (source / "1abc.cif.gz").write_bytes(WHOLE)
    folder = str(source).replace(" ", "%20") if prefix else str(source)
    template = f"{prefix}{folder}/{{id}}.cif.gz"
    table = fetch_entries(["1ABC", "9zzz"], template, raw, tries=1)
    assert table["status"].tolist() == ["ok", "failed"]
    assert table["reason"][1].startswith("not_found")
    assert [path.name for path in raw.iterdir()] == ["1abc.cif.gz"]


@pytest.mark.parametrize("entry", ["../1abc", "a/b", "", "1abc\n", ".."])
def test_an_id_cannot_lead_out_of_the_folder(tmp_path, entry):
    table = fetch_entries([entry], str(tmp_path / "{id}.cif.gz"), tmp_path / "raw")
    assert table["reason"][0].startswith("bad_id")
    assert not list(tmp_path.rglob("*.gz"))


@pytest.mark.parametrize("template", ["https://x/1abc.cif.gz", "ftp://x/{id}.cif.gz", "x/{id}.pdb"])
def test_templates_that_cannot_work_are_refused(tmp_path, template):
    with pytest.raises(InputError, match="expected"):
        fetch_entries(["1abc"], template, tmp_path)


def test_a_closed_port_is_offline(tmp_path):
    template = "http://127.0.0.1:9/{id}.cif.gz"
    table = fetch_entries(["1abc"], template, tmp_path, tries=2, pause=0.01, timeout=2.0)
    assert table["reason"][0].startswith("offline")


def test_manifest_reads_back(mirror, tmp_path):
    table = fetch_entries(["1abc", "gone"], mirror, tmp_path / "raw")
    table.to_csv(tmp_path / "m.tsv", sep="\t", index=False)
    back = read_manifest(tmp_path / "m.tsv")
    assert back["status"].tolist() == ["ok", "failed"]
    (tmp_path / "bad.tsv").write_text("a\tb\n")
    with pytest.raises(InputError, match="expected the columns"):
        read_manifest(tmp_path / "bad.tsv")
    with pytest.raises(InputError, match="no such file"):
        read_manifest(tmp_path / "absent.tsv")
