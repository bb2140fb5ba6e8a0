import gzip
import hashlib
import os
import runpy
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.structure.facts import Facts, read_facts
from rna_predict.structure.fetch import fetch_entries, outage, read_manifest

PLAIN = b"data_1ABC\nloop_\n_atom_site.id\n_atom_site.Cartn_x\n" + b"".join(
    b"%d %.3f\n" % (i, i**0.5) for i in range(500)
)
WHOLE = gzip.compress(PLAIN, mtime=0)
SHA256 = hashlib.sha256(WHOLE).hexdigest()
LARGE = gzip.compress(PLAIN + np.random.default_rng(0).bytes(60_000), mtime=0)
BODIES = {
    "cut": WHOLE[:-20],
    "empty": b"",
    "page": b"<html>busy</html>",
    "wrong": gzip.compress(b"<html>wrong</html>"),
    "plain": PLAIN,
}


class Mirror:
    """A mirror with entries whose ids say how the answer goes wrong."""

    def __init__(self, reply: Callable[..., None]) -> None:
        self.reply = reply
        self.seen: Counter = Counter()
        self.paths: list[str] = []
        self.times: list[float] = []
        self.closing = threading.Event()
        self.template = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        entry = Path(request.path).name.partition(".")[0]
        self.seen[entry] += 1
        self.paths.append(request.path)
        self.times.append(time.monotonic())
        if entry == "gone":
            self.reply(request, status=404)
        elif entry == "secret":
            self.reply(request, status=403)
        elif entry in ("broken", "down") or (entry == "busy" and self.seen[entry] < 3):
            self.reply(request, status=500)
        elif entry == "hurried" and self.seen[entry] == 1:
            self.reply(request, status=429, Retry_After="1")
        elif entry == "later":
            self.reply(request, status=503, Retry_After="Fri, 31 Dec 2100 23:59:59 GMT")
        elif entry == "short":
            self.reply(request, WHOLE, length=len(WHOLE) + 50)
        elif entry == "mute":
            self.closing.wait(20)
        elif entry == "stalled":
            self.reply(request, WHOLE[:100], length=len(WHOLE))
            request.wfile.flush()
            self.closing.wait(20)
        elif entry == "slow":
            self.reply(request, WHOLE[:300], length=len(WHOLE))
            for start in range(300, len(WHOLE), 300):
                time.sleep(0.15)
                request.wfile.write(WHOLE[start : start + 300])
        elif entry.startswith("large"):
            self.reply(request, LARGE)
        else:
            self.reply(request, BODIES.get(entry, WHOLE))


@pytest.fixture
def mirror(serve, reply) -> Iterator[Mirror]:
    mirror = Mirror(reply)
    mirror.template = serve(mirror.answer) + "/pdb/{id}.cif.gz"
    yield mirror
    mirror.closing.set()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_failure_is_a_row_that_names_its_cause_and_the_rest_arrives(mirror, tmp_path):
    expected = {
        "1abc": "", "gone": "not_found: HTTP 404 Not Found", "secret": "denied: HTTP 403 Forbidden",
        "broken": "server_error: HTTP 500 Internal Server Error (3 tries)", "busy": "",
        "short": f"truncated: {len(WHOLE)} bytes of {len(WHOLE) + 50} came (3 tries)",
        "cut": "wrong_bytes: not a whole gzip file: it ends too early (3 tries)",
        "empty": "wrong_bytes: not a whole gzip file: it ends too early (3 tries)",
        "page": "wrong_bytes: not a whole gzip file: Error -3",
        "wrong": "wrong_bytes: not an mmCIF file with atoms", "2def": "",
    }  # fmt: skip
    ids = ["1ABC", *list(expected)[1:]]
    table = fetch_entries(ids, mirror.template, tmp_path, jobs=3, tries=3, pause=0.01, timeout=5.0)
    assert table["entry"].tolist() == list(expected)
    rows = table.set_index("entry")
    for entry, reason in expected.items():
        assert rows.loc[entry, "status"] == ("failed" if reason else "ok")
        assert rows.loc[entry, "reason"].startswith(reason)
    assert "begins with b'<html>busy" in rows.loc["page", "reason"]
    assert (rows.loc["1abc", "sha256"], rows.loc["1abc", "bytes"]) == (SHA256, len(WHOLE))
    assert names(tmp_path) == ["1abc.cif.gz", "2def.cif.gz", "busy.cif.gz"]
    tries = {entry: mirror.seen[entry] for entry in ("gone", "secret", "broken", "busy", "page")}
    assert tries == {"gone": 1, "secret": 1, "broken": 3, "busy": 3, "page": 3}
    assert outage(table) == ""


def test_silence_is_a_timeout_and_slowness_is_not(mirror, tmp_path):
    table = fetch_entries(
        ["mute", "stalled", "slow"], mirror.template, tmp_path, tries=1, timeout=1.0
    )
    mute, stalled, slow = table["reason"]
    assert mute == "timeout: silent for 1 s"
    assert stalled == "timeout: silent for 1 s after 100 bytes"
    assert slow == ""
    assert names(tmp_path) == ["slow.cif.gz"]


def test_retry_after_holds_all_requests(mirror, tmp_path):
    ids = ["hurried", *(f"e{i}" for i in range(25))]
    table = fetch_entries(ids, mirror.template, tmp_path, jobs=2, rate=0.1, pause=0.01)
    assert set(table["status"]) == {"ok"}
    assert mirror.seen["hurried"] == 2
    since = np.array(mirror.times) - mirror.times[0]
    assert not ((since > 0.2) & (since < 0.9)).any()
    assert (since > 0.9).sum() > 15


def test_an_entry_is_not_waited_for_into_the_next_century(mirror, tmp_path):
    table = fetch_entries(["later", "1abc"], mirror.template, tmp_path, jobs=1)
    assert table["reason"][0].startswith("server_error: HTTP 503 Service Unavailable, asks to wait")
    assert table["status"][1] == "ok"
    assert mirror.seen["later"] == 1


def test_a_second_run_fetches_only_what_is_missing(mirror, tmp_path):
    ids = ["1abc", "2def", "gone", "broken"]
    fetch_entries(ids, mirror.template, tmp_path, tries=1)
    mirror.seen.clear()
    (tmp_path / "2def.cif.gz").unlink()
    table = fetch_entries([*ids, "3ghi"], mirror.template, tmp_path, tries=1)
    assert table["status"].tolist() == ["ok", "ok", "failed", "failed", "ok"]
    assert dict(mirror.seen) == {"2def": 1, "gone": 1, "broken": 1, "3ghi": 1}


def test_whole_files_stay_and_damaged_ones_are_fetched_again(mirror, tmp_path):
    (tmp_path / "1abc.cif.gz").write_bytes(WHOLE)
    (tmp_path / "2def.cif.gz").write_bytes(WHOLE[:40])
    table = fetch_entries(["1abc", "2def"], mirror.template, tmp_path)
    assert table["status"].tolist() == ["ok", "ok"]
    assert dict(mirror.seen) == {"2def": 1}
    assert (tmp_path / "2def.cif.gz").read_bytes() == WHOLE


def test_a_checked_file_is_read_again_only_after_a_change(mirror, tmp_path):
    raw, checked = tmp_path / "raw", tmp_path / "journals" / "000.tsv"
    path = raw / "1abc.cif.gz"

    def run() -> dict:
        (row,) = fetch_entries(["1abc"], mirror.template, raw, checked=checked).to_dict("records")
        return row

    first = run()
    moment = path.stat().st_mtime_ns
    path.write_bytes(bytes(len(WHOLE)))  # other bytes, the same size and time: not looked into
    os.utime(path, ns=(moment, moment))
    assert run() == first
    assert mirror.seen["1abc"] == 1
    os.utime(path, ns=(moment, moment + 10**9))
    assert run() == first
    assert mirror.seen["1abc"] == 2
    assert path.read_bytes() == WHOLE
    checked.write_text(checked.read_text()[:-10])  # killed while it wrote
    assert run() == first
    assert mirror.seen["1abc"] == 2


def test_a_wrong_checksum_is_refused_at_once(mirror, tmp_path):
    table = tmp_path / "facts.tsv"
    rows = [("1abc", SHA256.upper()), ("2def", "0" * 64), ("3ghi", "")]
    table.write_text("pdb_id\tsha256\n" + "".join(f"{a}\t{b}\n" for a, b in rows))
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "2def.cif.gz").write_bytes(WHOLE)
    ids = ["1abc", "2def", "3ghi", "4jkl"]
    checked = tmp_path / "000.tsv"
    fetch_entries(["2def"], mirror.template, tmp_path / "raw", checked=checked)
    assert not mirror.seen
    found = fetch_entries(
        ids, mirror.template, tmp_path / "raw", facts=read_facts(table), checked=checked
    )
    assert found["status"].tolist() == ["ok", "failed", "ok", "ok"]
    assert found["reason"][1] == f"wrong_checksum: expected SHA-256 {'0' * 64}, got {SHA256}"
    assert set(mirror.seen.values()) == {1}


def test_the_checksum_of_an_uncompressed_source_is_that_of_its_text(mirror, tmp_path):
    template = mirror.template.removesuffix(".gz")
    facts = {"plain": Facts(sha256=hashlib.sha256(PLAIN).hexdigest())}
    for _ in range(2):
        (status,) = fetch_entries(["plain"], template, tmp_path, facts=facts)["status"]
        assert status == "ok"
    assert gzip.decompress((tmp_path / "plain.cif.gz").read_bytes()) == PLAIN
    assert mirror.seen["plain"] == 1
    (reason,) = fetch_entries(["short"], template, tmp_path, tries=1)["reason"]
    assert reason.startswith("truncated: ")
    assert names(tmp_path) == ["plain.cif.gz"]


def test_downloads_at_a_time_reach_their_limit_and_never_pass_it(serve, reply, tmp_path):
    lock, running, most = threading.Lock(), 0, 0

    def answer(request: BaseHTTPRequestHandler) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        reply(request, WHOLE)

    ids = [f"{i}abc" for i in range(12)]
    table = fetch_entries(ids, serve(answer) + "/{id}.cif.gz", tmp_path, jobs=3)
    assert set(table["status"]) == {"ok"}
    assert most == 3


def test_the_rate_bounds_all_downloads_together(mirror, tmp_path):
    start = time.monotonic()
    table = fetch_entries(
        [f"large{i}" for i in range(6)], mirror.template, tmp_path, jobs=3, rate=0.5
    )
    assert set(table["status"]) == {"ok"}
    assert time.monotonic() - start > table["bytes"].sum() / 0.5e6 > 0.7


def test_divided_mirrors_are_named_by_the_middle_of_the_id(mirror, tmp_path):
    template = mirror.template.replace("{id}", "{middle}/{id}")
    fetch_entries(["1ABC"], template, tmp_path)
    assert mirror.paths == ["/pdb/ab/1abc.cif.gz"]


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_folders_serve_like_a_mirror(tmp_path, prefix):
    source, raw = tmp_path / "mirror folder", tmp_path / "raw"
    source.mkdir()
    (source / "1abc.cif.gz").write_bytes(WHOLE)
    (source / "2def.cif.gz").mkdir()
    folder = str(source).replace(" ", "%20") if prefix else str(source)
    template = f"{prefix}{folder}/{{id}}.cif.gz"
    table = fetch_entries(["1ABC", "9zzz", "2def", "1abc"], template, raw)
    assert table["entry"].tolist() == ["1abc", "9zzz", "2def"]
    assert table["reason"].tolist() == ["", "not_found: no such file", "unreadable: Is a directory"]
    assert names(raw) == ["1abc.cif.gz"]


@pytest.mark.parametrize("entry", ["../1abc", "a/b", "", "1abc\n", ".."])
def test_an_id_cannot_lead_out_of_the_folder(tmp_path, entry):
    table = fetch_entries([entry], str(tmp_path / "{id}.cif.gz"), tmp_path / "raw")
    assert table["reason"][0].startswith("bad_id")
    assert not list(tmp_path.rglob("*.gz"))


@pytest.mark.parametrize("template", ["https://x/1abc.cif.gz", "ftp://x/{id}.cif.gz", "x/{id}.pdb"])
def test_templates_that_cannot_work_are_refused(tmp_path, template):
    with pytest.raises(InputError, match="expected"):
        fetch_entries(["1abc"], template, tmp_path)


def test_a_folder_that_cannot_be_written_ends_the_run(mirror, tmp_path):
    (tmp_path / "raw").write_text("")
    with pytest.raises(InputError, match="raw: the folder cannot be used"):
        fetch_entries([f"{i}abc" for i in range(50)], mirror.template, tmp_path / "raw")


def test_a_server_out_of_reach_is_given_up(closed_port, tmp_path):
    ids = [f"e{i:05d}" for i in range(2000)]
    start = time.monotonic()
    table = fetch_entries(ids, closed_port + "/{id}.cif.gz", tmp_path, tries=3, pause=0.05)
    assert time.monotonic() - start < 30  # all tries of all entries take 75 s
    assert set(table["status"]) == {"failed"}
    assert "offline: connection refused (3 tries)" in set(table["reason"])
    assert table["reason"].iloc[-1].startswith("offline: not tried: ")
    assert "the last with: connection refused" in table["reason"].iloc[-1]
    assert "2000 of 2000 entries are missing" in outage(table)


def test_a_server_that_only_fails_is_given_up_and_one_that_answers_is_not(mirror, tmp_path):
    def run(names: list[str]) -> list[str]:
        mirror.seen.clear()
        template = mirror.template.replace("{id}.cif", "{id}/down.cif")
        if names[0] == "gone":
            template = mirror.template.replace("{id}.cif", "{id}/gone.cif")
        table = fetch_entries(names, template, tmp_path, jobs=2, tries=2, pause=0.01)
        return [reason.partition(":")[0] for reason in table["reason"]]

    reasons = run([f"e{i}" for i in range(100)])
    assert reasons[-1] == "offline"
    assert 10 <= mirror.seen["down"] <= 14
    assert set(run(["gone", *(f"e{i}" for i in range(30))])) == {"not_found"}
    assert mirror.seen["gone"] == 31


def test_an_unknown_host_is_offline_and_says_that_the_name_is_at_fault(tmp_path, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("no_proxy", "*")
    template = "http://mirror.invalid/{id}.cif.gz"
    table = fetch_entries(["1abc"], template, tmp_path, tries=2, pause=0.01)
    expected = "offline: no address of mirror.invalid (DNS): Name or service not known"
    assert table["reason"][0] == f"{expected} (2 tries)"


def test_pauses_double_and_spread(mirror, tmp_path):
    def gaps(rng: np.random.Generator | None) -> np.ndarray:
        mirror.times.clear()
        fetch_entries(["broken"], mirror.template, tmp_path, tries=3, pause=0.1, rng=rng)
        return np.diff(mirror.times)

    assert (gaps(None) >= [0.099, 0.199]).all()
    spread = np.random.default_rng(5).uniform(0.5, 1.5, size=2)
    assert (spread > 1.3).all()
    assert (gaps(np.random.default_rng(5)) >= [0.099, 0.199] * spread).all()


def test_the_script_resumes_and_fails_where_the_server_is_out_of_reach(
    mirror, closed_port, root, tmp_path
):
    main = runpy.run_path(str(root / "scripts/fetch_entries.py"))["main"]
    manifest, raw = tmp_path / "000.tsv", tmp_path / "raw"
    facts = tmp_path / "facts.tsv"
    facts.write_text(f"pdb_id\tsha256\n1abc\t{SHA256}\n2def\t{'0' * 64}\n")
    common = ["--raw-dir", str(raw), "--out", str(manifest), "--facts", str(facts)]
    common += ["--rate", "100", "--timeout", "5", "--retries", "0"]
    main(["--ids", "1abc", "2def", "--source", mirror.template, *common])
    assert read_manifest(manifest)["status"].tolist() == ["ok", "failed"]
    assert dict(mirror.seen) == {"1abc": 1, "2def": 1}
    offline = ["--ids", "1abc", "3ghi", "--source", closed_port + "/{id}.cif.gz", *common]
    with pytest.raises(SystemExit, match="1 of 2 entries are missing"):
        main(offline)
    table = read_manifest(manifest)
    assert table["status"].tolist() == ["ok", "failed"]
    assert table["reason"][1] == "offline: connection refused"


def test_manifest_reads_back(mirror, tmp_path):
    table = fetch_entries(["1abc", "gone"], mirror.template, tmp_path / "raw")
    table.to_csv(tmp_path / "m.tsv", sep="\t", index=False)
    back = read_manifest(tmp_path / "m.tsv")
    assert back["status"].tolist() == ["ok", "failed"]
    (tmp_path / "bad.tsv").write_text("a\tb\n")
    with pytest.raises(InputError, match="expected the columns"):
        read_manifest(tmp_path / "bad.tsv")
    with pytest.raises(InputError, match="no such file"):
        read_manifest(tmp_path / "absent.tsv")


def test_the_shared_mirror_arrives_with_all_its_checksums(shared_data, tmp_path):
    facts = read_facts(shared_data / "entries.tsv")
    ids = sorted(facts)[::20]
    table = fetch_entries(ids, str(shared_data / "pdb/{id}.cif.gz"), tmp_path, facts=facts)
    assert table["sha256"].tolist() == [facts[entry].sha256 for entry in ids]
