"""A web server of this machine that answers as a test says: well, badly, or half."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from seqcli.downloads.fetching import Patience

DATA = bytes(range(256)) * 2000
PATIENCE = Patience(timeout=0.3, attempts=3, pause=0.01)
Answer = Callable[[BaseHTTPRequestHandler, int], None]


class Server(ThreadingHTTPServer):
    """Answers each path with what a test says, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str | None]] = []  # path, Range

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that leaves is what some tests are about


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        number = sum(path == self.path for path, _ in self.server.asked)
        self.server.asked.append((self.path, self.headers.get("Range")))
        if self.path not in self.server.answers:
            self.send_error(404)
            return
        self.server.answers[self.path](self, number)

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def running() -> Iterator[Server]:
    """Lend a server that runs."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def send(
    handler: BaseHTTPRequestHandler,
    body: bytes,
    *,
    status: int = 200,
    length: int | None = None,
    etag: str | None = '"v1"',
    content_range: str = "",
) -> None:
    handler.send_response(status)
    if etag:
        handler.send_header("ETag", etag)
    if content_range:
        handler.send_header("Content-Range", content_range)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def serve(data: bytes = DATA, *, etag: str = '"v1"', upto: Callable[[int], int] = len) -> Answer:
    """Serve ranges; ``upto`` gives the bytes of the file after which answer n breaks off."""

    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        end = len(data) if upto is len else upto(number)
        asked = handler.headers.get("Range")
        start = 0
        if asked and handler.headers.get("If-Range") == etag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        body, length = data[start:end], len(data) - start
        if start:
            place = f"bytes {start}-{len(data) - 1}/{len(data)}"
            send(handler, body, status=206, length=length, etag=etag, content_range=place)
        else:
            send(handler, body, length=length, etag=etag)

    return answer
