"""What a server does wrong never ends in a wrong file; what it does half is gone on with."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import threading
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from seqcli.downloads import get_collection, load_catalogue
from seqcli.downloads.catalogue import Collection
from seqcli.downloads.fetching import Patience, _NoDowngrade, fetch
from seqcli.downloads.getting import NOTE
from seqcli.downloads.mtdata import get_with_mtdata, is_name
from seqcli.errors import CorpusError, SeqcliError, SettingsError
from seqcli.reporting import SilentReporter

DATA = bytes(range(256)) * 2000
ROOT = Path(__file__).parent.parent
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


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Server]:
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


# --- Collections ----------------------------------------------------------------------------------

EN, DE = b"A dog.\nA cat.\n", b"Ein Hund.\nEine Katze.\n"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_zip(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def make_tar(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in members.items():
            if isinstance(data, tarfile.TarInfo):
                archive.addfile(data)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def collection(*files: dict[str, object]) -> Collection:
    return Collection.model_validate(
        {
            "title": "Pets",
            "languages": ["en", "de"],
            "licence": "CC0",
            "licence_address": "https://example.org/cc0",
            "files": files,
        }
    )


def gz_file(address: str, data: bytes, name: str) -> dict[str, object]:
    texts = [{"name": name, "bytes": len(data), "sha256": sha(data)}]
    return {"addresses": [address], "packing": "gz", "texts": texts}


class Listener(SilentReporter):
    def __init__(self, server: Server) -> None:
        self.said: list[str] = []
        self._server = server
        self.asked_before_licence: int | None = None

    def note(self, text: str) -> None:
        if text.startswith("licence"):
            self.asked_before_licence = len(self._server.asked)
        self.said.append(text)

    warn = note


@pytest.fixture
def pets(server: Server) -> Collection:
    server.answers["/a/train.en.gz"] = serve(gzip.compress(EN))
    server.answers["/a/train.de.gz"] = serve(gzip.compress(DE))
    return collection(
        gz_file(f"{server.address}/a/train.en.gz", EN, "train.en"),
        gz_file(f"{server.address}/a/train.de.gz", DE, "train.de"),
    )


def bring(
    pets: Collection, tmp_path: Path, folder: str = "out", cache: str = "cache", **more: object
) -> object:
    values = {"patience": PATIENCE, "report": SilentReporter(), **more}
    return get_collection("pets", pets, tmp_path / folder, cache=tmp_path / cache, **values)  # type: ignore[arg-type]


def test_a_collection_arrives_and_its_licence_comes_first(
    server: Server, pets: Collection, tmp_path: Path
):
    listener = Listener(server)
    bring(pets, tmp_path, report=listener)
    assert listener.said[1] == "licence: CC0 (https://example.org/cc0)"
    assert listener.asked_before_licence == 0
    assert (tmp_path / "out/train.en").read_bytes() == EN
    assert (tmp_path / "out/train.de").read_bytes() == DE
    note = json.loads((tmp_path / "out" / NOTE).read_text("utf-8"))
    assert note["licence"] == "CC0"
    assert {text["sha256"] for text in note["texts"]} == {sha(EN), sha(DE)}
    assert all(text["is_verified"] for text in note["texts"])


def test_what_is_cached_is_not_fetched_again(server: Server, pets: Collection, tmp_path: Path):
    bring(pets, tmp_path)
    asked = len(server.asked)
    bring(pets, tmp_path, "again")
    assert len(server.asked) == asked
    assert (tmp_path / "again/train.de").read_bytes() == DE
    with pytest.raises(SettingsError, match="not empty"):
        bring(pets, tmp_path)
    bring(pets, tmp_path, overwrite=True)


def test_a_cache_is_a_mirror(server: Server, pets: Collection, tmp_path: Path):
    bring(pets, tmp_path)
    server.answers.clear()
    bring(pets, tmp_path, "from-folder", "cache2", mirror=str(tmp_path / "cache"))
    assert (tmp_path / "from-folder/train.en").read_bytes() == EN
    server.answers["/m/pets/train.en.gz"] = serve(gzip.compress(EN))
    server.answers["/m/pets/train.de.gz"] = serve(gzip.compress(DE))
    server.asked.clear()
    bring(pets, tmp_path, "from-address", "cache3", mirror=f"{server.address}/m/")
    assert (tmp_path / "from-address/train.en").read_bytes() == EN
    assert {path for path, _ in server.asked} == {"/m/pets/train.en.gz", "/m/pets/train.de.gz"}
    with pytest.raises(SettingsError, match="no such folder, and no http or https address"):
        bring(pets, tmp_path, "none", "cache4", mirror="nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="the mirror has no such file"):
        bring(pets, tmp_path, "none", "cache5", mirror=str(tmp_path / "empty"))


def test_a_wrong_file_is_refused_and_not_kept(server: Server, pets: Collection, tmp_path: Path):
    wrong = EN.replace(b"dog", b"god")
    server.answers["/a/train.en.gz"] = serve(gzip.compress(wrong))
    with pytest.raises(CorpusError, match=f"{sha(wrong)}, and the catalogue says {sha(EN)}"):
        bring(pets, tmp_path)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "cache/pets/train.en.gz").exists()
    server.answers["/a/train.en.gz"] = serve(gzip.compress(EN))
    bring(pets, tmp_path)
    assert (tmp_path / "out/train.en").read_bytes() == EN


def test_a_page_in_the_place_of_a_file_is_refused(server: Server, pets: Collection, tmp_path: Path):
    server.answers["/a/train.en.gz"] = serve(b"<html>Please log in.</html>")
    with pytest.raises(CorpusError, match=r"damaged .* or no gz file"):
        bring(pets, tmp_path)


def test_a_bomb_is_stopped(server: Server, pets: Collection, tmp_path: Path):
    server.answers["/a/train.en.gz"] = serve(gzip.compress(bytes(50_000_000)))
    with pytest.raises(CorpusError, match=f"unpacks to more than the {len(EN)} bytes"):
        bring(pets, tmp_path)


def test_a_packed_file_is_verified_before_it_is_opened(server: Server, tmp_path: Path):
    data = make_zip({"x.en": EN, "x.de": DE})
    texts = [{"name": "pets.en", "member": "*.en"}, {"name": "pets.de", "member": "*.de"}]
    file = {
        "addresses": [f"{server.address}/missing.zip", f"{server.address}/pets.zip"],
        "packing": "zip", "bytes": len(data), "sha256": sha(data), "texts": texts,
    }  # fmt: skip
    server.answers["/pets.zip"] = serve(b"X" + data[1:])
    with pytest.raises(CorpusError, match=f"and the catalogue says {sha(data)}"):
        bring(collection(file), tmp_path)
    server.answers["/pets.zip"] = serve(data[:-1])
    with pytest.raises(CorpusError, match="bytes, and the catalogue says"):
        bring(collection(file), tmp_path)
    server.answers["/pets.zip"] = serve(data)  # the second address
    bring(collection(file), tmp_path)
    assert (tmp_path / "out/pets.de").read_bytes() == DE


def test_what_is_not_known_is_said(server: Server, tmp_path: Path):
    server.answers["/pets.tsv"] = serve(b"A dog.\tEin Hund.\n")
    file = {"addresses": [f"{server.address}/pets.tsv"], "texts": [{"name": "pets.tsv"}]}
    listener = Listener(server)
    got = bring(collection(file), tmp_path, report=listener)
    assert not got.texts[0].is_verified  # type: ignore[attr-defined]
    assert "no SHA-256 for it, so it was not verified" in listener.said[-1]


@pytest.mark.parametrize("name", ["../../evil.en", "/tmp/evil.en", "a/../../evil.en"])
@pytest.mark.parametrize("packing", ["zip", "tar.gz"])
def test_an_archive_cannot_say_where_its_texts_go(
    server: Server, tmp_path: Path, name: str, packing: str
):
    data = make_zip({name: EN}) if packing == "zip" else make_tar({name: EN})
    server.answers["/pets"] = serve(data)
    file = {
        "addresses": [f"{server.address}/pets"],
        "packing": packing,
        "texts": [{"name": "pets.en", "member": "*.en"}],
    }
    bring(collection(file), tmp_path)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [NOTE, "pets.en"]
    assert not list(tmp_path.parent.rglob("evil.en"))


def test_a_link_in_an_archive_is_no_text(server: Server, tmp_path: Path):
    link = tarfile.TarInfo("x.en")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    server.answers["/pets.tgz"] = serve(make_tar({"x.en": link}))
    file = {
        "addresses": [f"{server.address}/pets.tgz"],
        "packing": "tar.gz",
        "texts": [{"name": "pets.en", "member": "*.en"}],
    }
    with pytest.raises(CorpusError, match=r"0 members match '\*.en', and one must"):
        bring(collection(file), tmp_path)
    server.answers["/pets.tgz"] = serve(make_tar({"a.en": EN, "b.en": EN}))
    with pytest.raises(CorpusError, match="2 members match"):
        bring(collection(file), tmp_path)


# --- mtdata ---------------------------------------------------------------------------------------

FAKE_MTDATA = """
import pathlib, sys
words = sys.argv[1:]
assert words[:5] == ["get", "-l", "deu-eng", "-tr", "Group-pets-1.0-deu-eng"], words
if pathlib.Path(__file__).parents[1].name == "fails":
    sys.exit("no such thing")
parts = pathlib.Path(words[words.index("-o") + 1]) / "train-parts"
parts.mkdir(parents=True)
(parts / "Group-pets-1.0-deu-eng.deu").write_text("Ein Hund.")
(parts / "Group-pets-1.0-deu-eng.eng").write_text("A dog.")
"""


def test_names_of_mtdata_are_brought_by_mtdata(run_process, tmp_path: Path):
    name = "Group-pets-1.0-deu-eng"
    for kind in ("works", "fails"):
        package = tmp_path / kind / "mtdata"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(FAKE_MTDATA)
        path = os.pathsep.join([str(package.parent), str(ROOT)])
        words = ("data", "get", name, tmp_path / f"{kind}-out")
        outcome = run_process(*words, env={"PYTHONPATH": path})
        assert "licence: not recorded by mtdata" in outcome.stderr
        if kind == "fails":
            assert outcome.code == 1
            assert "mtdata did not bring it" in outcome.stderr
            assert "no such thing" in outcome.stderr
            assert not (tmp_path / "fails-out").exists()
        else:
            assert outcome.code == 0
            assert (tmp_path / f"works-out/{name}.eng").read_text() == "A dog."
            assert not list((tmp_path / "works-out").glob("mtdata*"))


def test_without_mtdata_its_names_say_what_to_install(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'seqcli\[mtdata\]'"):
        get_with_mtdata(
            "Statmt-news_commentary-16-deu-eng",
            tmp_path / "out",
            overwrite=False,
            report=SilentReporter(),
        )


def test_which_names_are_of_mtdata():
    assert is_name("Statmt-news_commentary-16-deu-eng")
    assert is_name("OPUS-opensubtitles-v2018-eng-zho_CN")
    assert not is_name("multi30k")
    assert not is_name("--evil-1-deu-eng")


# --- The catalogue --------------------------------------------------------------------------------


def test_the_catalogue_that_comes_along_is_sound():
    catalogue = load_catalogue()
    assert all(file.is_verified for file in catalogue["multi30k"].files)
    for each in catalogue.values():
        assert all(
            address.startswith("https:") for file in each.files for address in file.addresses
        )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"name": "../x"}, "String should match pattern"),
        ({"sha256": "abc"}, "String should match pattern"),
        ({"member": "*.en"}, "and only those, have a member"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_a_catalogue_that_is_wrong_is_refused_with_its_place(
    tmp_path: Path, change: dict[str, str], found: str
):
    text = {"name": "x.en", **change}
    tree = {
        "pets": {
            "title": "Pets", "languages": ["en"], "licence": "CC0", "licence_address": "",
            "files": [{"addresses": ["https://example.org/x"], "texts": [text]}],
        }
    }  # fmt: skip
    path = tmp_path / "catalogue.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    with pytest.raises(SettingsError, match=rf"catalogue\.yaml: pets\.files\.0.*{found}"):
        load_catalogue(path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "not a YAML file"),
        ("- x", "the whole file"),
        ("a/b: {}", "String should match pattern"),
    ],
)
def test_other_files_are_no_catalogues(tmp_path: Path, text: str, found: str):
    path = tmp_path / "catalogue.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=found):
        load_catalogue(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_catalogue(tmp_path / "none.yaml")


def test_addresses_of_other_schemes_are_no_addresses():
    with pytest.raises(ValueError, match="no http or https address"):
        collection({"addresses": ["file:///etc/passwd"], "texts": [{"name": "x"}]})
