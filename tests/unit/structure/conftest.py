"""A manifest of local files, as fetching would have made it, and servers on this machine."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from rna_predict.structure.fetch import Fetched


@pytest.fixture
def write_manifest(tmp_path: Path) -> Callable[..., Path]:
    """Write a manifest of files that are there, and of entries that are not."""

    def write(paths: list[Path], failed: tuple[str, ...] = (), name: str = "manifest.tsv") -> Path:
        rows = [Fetched(path.name.partition(".")[0], "ok", path.name) for path in paths]
        rows += [Fetched(entry, "failed", reason="not_found: no such file") for entry in failed]
        pd.DataFrame([asdict(row) for row in rows]).to_csv(tmp_path / name, sep="\t", index=False)
        return tmp_path / name

    return write


Answer = Callable[[BaseHTTPRequestHandler], None]


class Quiet(ThreadingHTTPServer):
    """A server that does not report clients that leave."""

    def handle_error(self, request, client_address) -> None:
        """Keep quiet."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], str]]:
    """Give a function that starts a server whose requests another function answers."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ExitStack() as stack:

        def start(answer: Answer) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    answer(self)

                do_POST = do_GET  # noqa: N815 (the names are the standard library's)

                def log_message(self, *args) -> None:
                    pass

            server = stack.enter_context(Quiet(("127.0.0.1", 0), Handler))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


@pytest.fixture
def reply() -> Callable[..., None]:
    """Give a function that answers a request with a status, headers and a body."""

    def send(request: BaseHTTPRequestHandler, body=b"", status=200, length=None, **headers) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        request.wfile.write(body)

    return send


@pytest.fixture
def closed_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give an address that refuses connections."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as taken:  # bound, so that nobody else gets it, and not listening
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
