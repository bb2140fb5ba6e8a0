import json
import operator
import runpy

import pytest

from rna_predict.errors import InputError
from rna_predict.structure.query import build_query, list_entries
from rna_predict.structure.shards import read_entry_list

RNA, HYBRID = (
    f"rcsb_entry_info.polymer_entity_count_{kind}" for kind in ("RNA", "nucleic_acid_hybrid")
)
RESOLUTION, RELEASE = (
    "rcsb_entry_info.resolution_combined",
    "rcsb_accession_info.initial_release_date",
)
ARCHIVE = {
    "1XRY": {RNA: 2, HYBRID: 0, RESOLUTION: 2.0, RELEASE: "2010-01-01"},
    "2EDG": {RNA: 1, HYBRID: 0, RESOLUTION: 3.0, RELEASE: "2010-06-01"},
    "3LOW": {RNA: 1, HYBRID: 0, RESOLUTION: 3.01, RELEASE: "2010-06-01"},
    "4NMR": {RNA: 1, HYBRID: 0, RELEASE: "2012-12-31"},
    "5MIX": {RNA: 0, HYBRID: 1, RESOLUTION: 1.5, RELEASE: "2013-01-01"},
    "6PRT": {RNA: 0, HYBRID: 0, RESOLUTION: 1.5, RELEASE: "2011-01-01"},
}
COMPARE = {"greater_or_equal": operator.ge, "less_or_equal": operator.le, "less": operator.lt}


def matches(node: dict, entry: dict) -> bool:
    """Tell whether an entry meets a query, by the words of the service's documentation."""
    if node["type"] == "group":
        join = {"and": all, "or": any}[node["logical_operator"]]
        return join(matches(part, entry) for part in node["nodes"])
    assert (node["type"], node["service"]) == ("terminal", "text")
    asked = node["parameters"]
    value = entry.get(asked["attribute"])
    if asked["operator"] == "exists":
        found = value is not None
    else:
        found = value is not None and COMPARE[asked["operator"]](value, asked["value"])
    return found != asked.get("negation", False)


@pytest.fixture
def archive(serve, reply) -> str:
    """Give the address of a search service over ARCHIVE."""

    def answer(request) -> None:
        query = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        assert request.headers["Content-Type"] == "application/json"
        assert query["return_type"] == "entry"
        assert query["request_options"]["results_content_type"] == ["experimental"]
        found = [name for name, entry in ARCHIVE.items() if matches(query["query"], entry)]
        options = query["request_options"]
        hits = found if options["results_verbosity"] == "compact" else [{"identifier": found}]
        shown = hits if options.get("return_all_hits") else hits[:1]
        body = {"query_id": "1", "result_type": "entry", "total_count": len(found)}
        if found:
            reply(request, json.dumps({**body, "result_set": shown[::-1]}).encode())
        else:
            reply(request, status=204)

    return serve(answer)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, ["1xry", "2edg", "3low", "4nmr", "5mix"]),
        ({"max_resolution": 3.0}, ["1xry", "2edg", "4nmr", "5mix"]),
        ({"released_from": "2012-12-31"}, ["4nmr", "5mix"]),
        ({"released_before": "2010-06-01"}, ["1xry"]),
        ({"released_from": "2010-01-02", "released_before": "2013-01-01", "max_resolution": 3.0},
         ["2edg", "4nmr"]),
    ],
)  # fmt: skip
def test_bounds_hold_and_entries_without_a_resolution_pass(archive, bounds, expected):
    assert list_entries(archive, build_query(**bounds)) == expected


def test_a_query_that_finds_nothing_says_so(archive):
    with pytest.raises(InputError, match="the query finds no entry"):
        list_entries(archive, build_query(released_from="2099-01-01"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "expected JSON with total_count and result_set, got b'<html>'"),
        (b"[]", "expected JSON with total_count"),
        (b'{"total_count": 1}', "expected JSON with total_count"),
        (b'{"total_count": 3, "result_set": ["1ABC"]}', "expected all 3 entries .* got 1"),
        (b'{"total_count": 1, "result_set": null}', "expected all 1 entries .* got no list"),
        (b'{"total_count": 1, "result_set": [{"identifier": "1ABC"}]}', "expected ids .* got {"),
        (b'{"total_count": 1, "result_set": ["../x"]}', "expected ids .* got '../x'"),
    ],
)
def test_answers_of_another_form_are_errors(serve, reply, body, message):
    address = serve(lambda request: reply(request, body))
    with pytest.raises(InputError, match=message) as caught:
        list_entries(address, build_query())
    assert caught.value.where == address


def test_refusals_are_errors_with_what_the_service_said(serve, reply):
    said = b'{"status": 400, "message": "no such attribute"}'
    address = serve(lambda request: reply(request, said, status=400))
    with pytest.raises(InputError, match="denied: HTTP 400 Bad Request: .*no such attribute"):
        list_entries(address, build_query())


def test_a_service_that_recovers_is_asked_again(serve, reply):
    statuses = [503, 503, 200]
    good = b'{"total_count": 1, "result_set": ["1ABC"]}'
    address = serve(lambda request: reply(request, good, status=statuses.pop(0)))
    assert list_entries(address, build_query(), pause=0.01) == ["1abc"]
    assert not statuses


def test_a_service_out_of_reach_is_an_error(closed_port):
    with pytest.raises(InputError, match=r"no list .* offline: connection refused \(2 tries\)"):
        list_entries(closed_port, build_query(), tries=2, pause=0.01)


def test_the_script_writes_a_list_that_depends_on_the_answer_alone(archive, root, tmp_path):
    main = runpy.run_path(str(root / "scripts/list_entries.py"))["main"]
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path in paths:
        main(["--address", archive, "--max-resolution", "3", "--released-from", "",
              "--out", str(path)])  # fmt: skip
    assert read_entry_list(paths[0]) == ["1xry", "2edg", "4nmr", "5mix"]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    query = json.loads(paths[0].read_text().splitlines()[1].removeprefix("# "))
    assert query == build_query(max_resolution=3.0)
