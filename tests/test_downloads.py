"""A collection is there whole, verified and with its licence, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml
from web_server import PATIENCE, Server, serve

from seqcli.downloads import get_collection, load_catalogue
from seqcli.downloads.catalogue import Collection
from seqcli.downloads.getting import NOTE
from seqcli.downloads.mtdata import get_with_mtdata, is_name
from seqcli.errors import CorpusError, SettingsError
from seqcli.reporting import SilentReporter

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


def test_a_folder_may_have_the_texts_unpacked(server: Server, pets: Collection, tmp_path: Path):
    lying = tmp_path / "mirror/pets"
    lying.mkdir(parents=True)
    (lying / "train.en").write_bytes(EN)
    with pytest.raises(CorpusError, match=r"train\.de\.gz: the mirror has no such file, nor"):
        bring(pets, tmp_path, mirror=str(tmp_path / "mirror"))
    (lying / "train.de").write_bytes(DE.replace(b"Hund", b"Hand"))
    with pytest.raises(CorpusError, match=f"and the catalogue says {sha(DE)}"):
        bring(pets, tmp_path, mirror=str(tmp_path / "mirror"))
    assert not (tmp_path / "out").exists()
    (lying / "train.de").write_bytes(DE)
    got = bring(pets, tmp_path, mirror=str(tmp_path / "mirror"))
    assert (tmp_path / "out/train.de").read_bytes() == DE
    assert all(text.is_verified for text in got.texts)
    assert server.asked == []


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
    with pytest.raises(CorpusError, match=r"damaged .* or no gz file; it was deleted"):
        bring(pets, tmp_path)
    assert not list((tmp_path / "cache/pets").glob("train.en*"))


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
parts = pathlib.Path(words[words.index("-o") + 1]) / "train-parts"
parts.mkdir(parents=True)
(parts / "Group-pets-1.0-deu-eng.deu").write_text("Ein Hund.")
if "fails" in __file__:
    raise LookupError("no such thing")
(parts / "Group-pets-1.0-deu-eng.eng").write_text("A dog.")
"""


@pytest.mark.parametrize("kind", ["works", "fails"])
def test_names_of_mtdata_are_brought_by_mtdata(
    run_cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    name, out = "Group-pets-1.0-deu-eng", tmp_path / "out"
    program = tmp_path / f"{kind}.py"
    program.write_text(FAKE_MTDATA)
    monkeypatch.setattr("seqcli.downloads.mtdata._program", lambda: [sys.executable, str(program)])
    outcome = run_cli("data", "get", name, out)
    assert "licence: not recorded by mtdata" in outcome.stderr
    if kind == "works":
        assert outcome.code == 0
        assert {path.name for path in out.iterdir()} == {f"{name}.deu", f"{name}.eng", NOTE}
        assert (out / f"{name}.eng").read_text() == "A dog."
    else:
        assert outcome.code == 1
        assert "mtdata did not bring it" in outcome.stderr
        assert outcome.stderr.endswith("it said: LookupError: no such thing\n")
        assert "Traceback" not in outcome.stderr
        assert not out.exists()


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
