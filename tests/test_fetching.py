"""What a server does wrong never ends in a wrong file; what it does half is gone on with."""

from __future__ import annotations

import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from web_server import DATA, PATIENCE, Answer, Handler, Server, send, serve

from seqcli.downloads.fetching import _NoDowngrade, fetch
from seqcli.errors import SeqcliError
from seqcli.reporting import SilentReporter


def get(server: Server, target: Path, *, most_bytes: int = 1 << 20) -> None:
    fetch(
        f"{server.address}/x",
        target,
        most_bytes=most_bytes,
        patience=PATIENCE,
        report=SilentReporter(),
    )


def test_a_file_arrives(server: Server, tmp_path: Path):
    server.answers["/x"] = serve()
    get(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_connection_that_is_cut_is_gone_on_with(server: Server, tmp_path: Path):
    server.answers["/x"] = serve(upto=lambda number: 200_000 * (number + 1))
    get(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA
    assert [asked for _, asked in server.asked] == [None, "bytes=200000-", "bytes=400000-"]


def test_an_attempt_of_another_day_is_gone_on_with(server: Server, tmp_path: Path):
    server.answers["/x"] = serve(upto=lambda number: 100_000)
    with pytest.raises(SeqcliError, match=r"breaks off after 100,000 of 512,000 bytes; given up"):
        get(server, tmp_path / "x")
    assert not (tmp_path / "x").exists()
    server.answers["/x"] = serve()
    get(server, tmp_path / "x")
    assert server.asked[-1][1] == "bytes=100000-"
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_file_that_has_changed_meanwhile_begins_anew(server: Server, tmp_path: Path):
    server.answers["/x"] = serve(upto=lambda number: 100_000)
    with pytest.raises(SeqcliError):
        get(server, tmp_path / "x")
    server.answers["/x"] = serve(DATA[::-1], etag='"v2"')
    get(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA[::-1]


@pytest.mark.parametrize(
    ("data", "etag"), [(DATA[::-1], '"v2"'), (DATA[:-1], '"v1"'), (DATA[::-1] + b"x", None)]
)
def test_a_server_that_ignores_if_range_does_not_make_a_file_of_two(
    server: Server, tmp_path: Path, data: bytes, etag: str | None
):
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number == 0:
            send(handler, DATA[:1000], length=len(DATA), etag='"v1"')
        elif number == 1:
            place = f"bytes 1000-{len(data) - 1}/{len(data)}"
            send(handler, data[1000:], status=206, content_range=place, etag=etag)
        else:
            send(handler, data, etag=etag)

    server.answers["/x"] = answer
    get(server, tmp_path / "x")
    assert [asked for _, asked in server.asked] == [None, "bytes=1000-", None]
    assert (tmp_path / "x").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_the_rest_of_a_file_need_not_say_its_etag_again(server: Server, tmp_path: Path):
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        start = 1000 * number
        if number == 0:
            send(handler, DATA[:1000], length=len(DATA))
            return
        handler.send_response(206)
        handler.send_header("Last-Modified", "Sat, 28 Nov 2026 10:00:00 GMT")
        handler.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/*")
        handler.send_header("Content-Length", str(len(DATA) - start))
        handler.end_headers()
        handler.wfile.write(DATA[start : 2000 if number == 1 else None])

    server.answers["/x"] = answer
    get(server, tmp_path / "x")
    assert [asked for _, asked in server.asked] == [None, "bytes=1000-", "bytes=2000-"]
    assert (tmp_path / "x").read_bytes() == DATA


@pytest.mark.parametrize("size", [len(DATA), len(DATA) - 1])
def test_what_had_all_arrived_is_not_fetched_again(server: Server, tmp_path: Path, size: int):
    """As when a process is killed after the last byte, before the file has its name."""
    server.answers["/x"] = serve(upto=lambda number: 100_000)
    with pytest.raises(SeqcliError):
        get(server, tmp_path / "x")
    (tmp_path / "x.part").write_bytes(DATA)

    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        if server.asked[-1][1] == f"bytes={len(DATA)}-":
            send(handler, b"", status=416, content_range=f"bytes */{size}")
        else:
            send(handler, DATA[:size])

    server.answers["/x"] = answer
    before = len(server.asked)
    get(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA[:size]
    assert len(server.asked) - before == (1 if size == len(DATA) else 2)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_server_that_ignores_ranges_sends_all_again(server: Server, tmp_path: Path):
    server.answers["/x"] = lambda handler, number: send(
        handler, DATA[: 100_000 if number == 0 else None], length=len(DATA)
    )
    get(server, tmp_path / "x")
    assert server.asked[1][1] == "bytes=100000-"
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_server_that_sends_another_part_is_not_believed(server: Server, tmp_path: Path):
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number == 1:
            place = f"bytes 7-{len(DATA) - 1}/{len(DATA)}"
            send(handler, DATA[7:], status=206, content_range=place)
        else:
            send(handler, DATA[: 1000 if number == 0 else None], length=len(DATA))

    server.answers["/x"] = answer
    get(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA


def test_without_a_validator_nothing_is_joined(server: Server, tmp_path: Path):
    server.answers["/x"] = lambda handler, number: send(
        handler, DATA[: 1000 if number == 0 else None], length=len(DATA), etag=None
    )
    get(server, tmp_path / "x")
    assert [asked for _, asked in server.asked] == [None, None]
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_server_that_stalls_is_left(server: Server, tmp_path: Path):
    release = threading.Event()

    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        send(handler, DATA[:10], length=len(DATA))
        release.wait(5)

    server.answers["/x"] = answer
    with pytest.raises(SeqcliError, match=r"nothing has come for 0\.3 seconds; given up"):
        get(server, tmp_path / "x")
    release.set()
    assert len(server.asked) == PATIENCE.attempts


def test_a_server_that_drips_is_left(server: Server, tmp_path: Path):
    stop = threading.Event()

    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        send(handler, b"", length=len(DATA), etag=None)
        while not stop.wait(0.05):
            handler.wfile.write(b".")

    server.answers["/x"] = answer
    with pytest.raises(SeqcliError, match="given up"):
        get(server, tmp_path / "x")
    stop.set()


@pytest.mark.parametrize("length", [10, 1 << 19, 1 << 40])
def test_a_file_that_is_too_long_is_refused_whatever_length_it_tells(
    server: Server, tmp_path: Path, length: int
):
    server.answers["/x"] = lambda handler, number: send(handler, DATA, length=length)
    if length < 1000:  # what comes after the length is no part of the answer
        get(server, tmp_path / "x", most_bytes=1000)
        assert (tmp_path / "x").read_bytes() == DATA[:10]
        return
    with pytest.raises(SeqcliError, match="where at most 1,000 are allowed"):
        get(server, tmp_path / "x", most_bytes=1000)
    assert len(server.asked) == 1


def test_a_stream_without_a_length_is_bounded(server: Server, tmp_path: Path):
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(DATA)

    server.answers["/x"] = answer
    with pytest.raises(SeqcliError, match="where at most 1,000 are allowed"):
        get(server, tmp_path / "x", most_bytes=1000)
    get(server, tmp_path / "y")
    assert (tmp_path / "y").read_bytes() == DATA


def test_answers_that_say_no_are_told_and_others_tried_again(server: Server, tmp_path: Path):
    with pytest.raises(SeqcliError, match=r"answers 404 .* --mirror"):
        get(server, tmp_path / "x")
    assert len(server.asked) == 1
    good = serve()
    server.answers["/x"] = lambda handler, number: (
        handler.send_error(503) if number < 2 else good(handler, number)
    )
    get(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_a_redirect_to_another_scheme_is_not_followed(server: Server, tmp_path: Path, place: str):
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        handler.send_response(302)
        handler.send_header("Location", place)
        handler.end_headers()

    server.answers["/x"] = answer
    with pytest.raises(SeqcliError, match=r"only http and https|is not allowed"):
        get(server, tmp_path / "x")


def test_a_redirect_from_https_to_http_is_not_followed():
    request = urllib.request.Request("https://example.org/x")
    with pytest.raises(SeqcliError, match="from https only to https"):
        _NoDowngrade().redirect_request(request, None, 302, "", {}, "http://example.org/x")


def test_redirects_are_followed_but_not_for_ever(server: Server, tmp_path: Path):
    def send_on(place: str) -> Answer:
        def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
            handler.send_response(302)
            handler.send_header("Location", place)
            handler.end_headers()

        return answer

    server.answers |= {"/x": send_on("/y"), "/y": serve()}
    get(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA
    server.answers["/x"] = send_on("/x")
    with pytest.raises(SeqcliError, match="answers 302"):
        get(server, tmp_path / "z")


def test_a_port_where_nobody_is(tmp_path: Path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    with pytest.raises(SeqcliError, match="no connection"):
        fetch(
            f"http://127.0.0.1:{port}/x",
            tmp_path / "x",
            most_bytes=10,
            patience=PATIENCE,
            report=SilentReporter(),
        )
