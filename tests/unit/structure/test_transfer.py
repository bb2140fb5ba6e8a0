import pickle
import threading
import time

import pytest

from rna_predict.errors import EntryError
from rna_predict.structure.transfer import GIVE_UP, Rate, Server, TransferError, read_source


def test_errors_pass_between_processes():
    error = pickle.loads(pickle.dumps(TransferError("a", "b", "server_error", 3.0)))
    assert (error.where, error.what, error.reason, error.wait) == ("a", "b", "server_error", 3.0)


def test_a_body_is_posted_and_the_whole_answer_comes_back(serve, reply):
    def answer(request) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        reply(request, b"%s %s " % (request.command.encode(), body) + bytes(300_000))

    answered = b"".join(read_source(serve(answer), 5.0, b"{}"))
    assert answered == b"POST {} " + bytes(300_000)


def test_a_lost_connection_says_what_came_before(serve):
    def answer(request) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

    chunks = read_source(serve(answer), 5.0)
    assert next(chunks) == b"hello"
    with pytest.raises(TransferError) as caught:
        next(chunks)
    assert caught.value.reason == "truncated"
    assert "connection lost after 5 bytes" in caught.value.what


def test_an_answer_that_is_not_http_is_an_error_of_the_server(serve):
    address = serve(lambda request: request.wfile.write(b"hello\r\n\r\n"))
    with pytest.raises(TransferError) as caught:
        list(read_source(address, 5.0))
    assert caught.value.reason == "offline"


def test_a_rate_is_kept_over_all_threads():
    rate = Rate(1.0)
    start = time.monotonic()
    threads = [threading.Thread(target=rate.take, args=(50_000,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start > 0.19


def test_those_who_pause_are_woken_when_the_server_is_given_up():
    server = Server(tries=2, pause=30.0)
    reasons = []

    def refused() -> None:
        raise TransferError("x", "connection refused", "offline")

    def ask() -> None:
        with pytest.raises(EntryError) as caught:
            server.attempt(refused)
        reasons.append(caught.value.what)

    thread = threading.Thread(target=ask)
    thread.start()
    start = time.monotonic()
    time.sleep(0.05)
    server.close("enough")
    thread.join()
    assert time.monotonic() - start < 10
    ask()
    assert reasons == ["connection refused", "not tried: enough"]


def test_an_answer_in_between_keeps_the_server():
    server = Server(tries=1, pause=0.0)

    def refused() -> None:
        raise TransferError("x", "connection refused", "offline")

    for _ in range(3):
        for _ in range(GIVE_UP - 1):
            with pytest.raises(EntryError, match="x: connection refused"):
                server.attempt(refused)
        assert server.attempt(lambda: 1) == 1
    for _ in range(GIVE_UP):
        with pytest.raises(EntryError, match="x: connection refused"):
            server.attempt(refused)
    with pytest.raises(EntryError, match="not tried: 10 requests in a row failed"):
        server.attempt(lambda: 1)
