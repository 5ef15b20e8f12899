"""Files appear whole or not at all, and the disk's refusals become errors in words."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli import files
from seqcli.errors import SeqcliError, SettingsError
from seqcli.files import (
    UNFINISHED,
    explaining,
    filling,
    replacing,
    require_empty,
    sha256_of,
    write_atomically,
)

needs_modes = pytest.mark.skipif(os.name == "nt", reason="needs permissions of POSIX")
is_root = hasattr(os, "geteuid") and os.geteuid() == 0


@given(data=st.binary() | st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, data: bytes | str
) -> None:
    path = tmp_path_factory.mktemp("files") / "file"
    write_atomically(path, data)
    assert path.read_bytes() == (data if isinstance(data, bytes) else data.encode())


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_text("old")

    def write_half() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_name_is_in_the_same_folder_and_nothing_is_there_before_the_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "model"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert temporary.parent == tmp_path
        assert not path.exists()
    assert path.read_text() == "new"


def test_a_link_is_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    try:
        link.symlink_to(real)
    except OSError:
        pytest.skip("links need a privilege on this system")
    write_atomically(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.fixture
def umask() -> Iterator[int]:
    """The umask that most people have, and what it makes of a new file."""
    old = os.umask(0o022)
    yield 0o644
    os.umask(old)


@needs_modes
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o444, 0o400, 0o755, 0o000])
def test_what_replaces_a_file_has_its_permissions(tmp_path: Path, umask: int, mode: int) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(mode)
    (tmp_path / "link").symlink_to(path)
    for name in ("file", "link"):
        with replacing(tmp_path / name) as temporary:
            temporary.write_text("new")
            assert mode_of(temporary) == 0o600
        assert mode_of(path) == mode
    write_atomically(path, "newer")
    assert mode_of(path) == mode
    assert len(list(tmp_path.iterdir())) == 2


@needs_modes
def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path, umask: int) -> None:
    write_atomically(tmp_path / "file", "new")
    assert mode_of(tmp_path / "file") == umask


@needs_modes
def test_a_group_that_cannot_be_kept_has_no_permissions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o664)
    other = os.stat_result((*path.stat()[:5], path.stat().st_gid + 1, *path.stat()[6:]))
    monkeypatch.setattr(files, "_state_of", lambda path: other)

    def refuse(*words: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "chown", refuse)
    write_atomically(path, "new")
    assert mode_of(path) == 0o604


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="needs /dev/null")
def test_a_device_is_written_and_not_replaced() -> None:
    write_atomically(Path("/dev/null"), "text")
    assert not Path("/dev/null").is_file()


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "model"
    with pytest.raises(SeqcliError, match="make the folder first") as caught:
        write_atomically(path, "x")
    assert str(caught.value).startswith(f"{path}: cannot be written (No such file")
    assert caught.value.exit_code == 1


def test_a_directory_in_the_way_says_so(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(SeqcliError, match="this is a directory"):
        write_atomically(tmp_path / "model", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EACCES, "choose a place where you may write"),
        (errno.EROFS, "not read-only"),
        (errno.EIO, "mend this"),
    ],
)
def test_the_disk_is_explained(code: int, step: str) -> None:
    with pytest.raises(SeqcliError, match=step) as caught, explaining(Path("run/model")):
        raise OSError(code, os.strerror(code))
    assert str(caught.value).startswith(f"run/model: cannot be written ({os.strerror(code)});")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_explained_with_the_path() -> None:
    with pytest.raises(SeqcliError, match=r"^/dev/full: cannot be written \(No space left"):
        write_atomically(Path("/dev/full"), "x")


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc" * 1_000_000)
    assert sha256_of(path) == hashlib.sha256(b"abc" * 1_000_000).hexdigest()


def test_a_missing_or_empty_directory_is_free(tmp_path: Path) -> None:
    require_empty(tmp_path, overwrite=False, what="a run")
    require_empty(tmp_path / "a" / "b", overwrite=False, what="a run")
    assert not (tmp_path / "a").exists()


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(SettingsError) as caught:
        require_empty(tmp_path, overwrite=False, what="a run")
    assert str(caught.value) == (
        f"{tmp_path}: not empty (it has 'thesis.tex'); a run is not written over something else; "
        "choose another name, or give --overwrite if it is an older one"
    )


def test_only_what_is_ours_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(SettingsError, match=r"'thesis.tex'.*; choose another directory$"):
        require_empty(tmp_path, overwrite=True, what="a run", own=["manifest.json"])
    (tmp_path / "manifest.json").write_text("{}")
    require_empty(tmp_path, overwrite=True, what="a run", own=["manifest.json"])
    with pytest.raises(SettingsError, match="not empty"):
        require_empty(tmp_path, overwrite=False, what="a run", own=["manifest.json"])


def test_what_a_killed_write_left_does_not_count(tmp_path: Path) -> None:
    (tmp_path / f"{UNFINISHED}1234").mkdir()
    require_empty(tmp_path, overwrite=False, what="a run")
    (tmp_path / "kept").mkdir()
    with pytest.raises(SettingsError, match="it has 'kept'"):
        require_empty(tmp_path, overwrite=False, what="a run")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_in_place_of_a_directory_is_refused(
    tmp_path: Path, name: str, overwrite: bool
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="this is a file; a run needs a directory"):
        require_empty(tmp_path / name, overwrite=overwrite, what="a run")


@pytest.mark.skipif(is_root, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SeqcliError, match="Permission denied"):
        require_empty(tmp_path / "run", overwrite=False, what="a run")
    tmp_path.chmod(0o700)


def test_too_long_a_name_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SeqcliError, match="choose a shorter name"):
        require_empty(tmp_path / ("x" * 5000), overwrite=False, what="a run")
    with pytest.raises(SeqcliError, match="choose a shorter name"):
        write_atomically(tmp_path / ("x" * 5000), "text")


def test_filling_moves_everything_in_and_cleans_up(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "data"
    with filling(directory, last="manifest") as work:
        (work / "manifest").write_text("m")
        (work / "ids").write_text("i")
        assert [path.name for path in directory.iterdir()] == [work.name]
    assert sorted(path.name for path in directory.iterdir()) == ["ids", "manifest"]


def test_filling_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    def fill_half() -> None:
        with filling(tmp_path / "a" / "data", last="manifest") as work:
            (work / "manifest").write_text("m")
            raise KeyError

    with pytest.raises(KeyError):
        fill_half()
    assert list(tmp_path.iterdir()) == []


def test_filling_keeps_foreign_files_and_removes_stale_ones(tmp_path: Path) -> None:
    for name in ("thesis.tex", "old.ids", "manifest"):
        (tmp_path / name).write_text("old")
    (tmp_path / f"{UNFINISHED}1234").mkdir()
    with filling(tmp_path, last="manifest", stale=["old.ids", "older.ids"]) as work:
        (work / "manifest").write_text("new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "thesis.tex": "old",
        "manifest": "new",
    }


def test_filling_that_breaks_while_it_moves_leaves_nothing_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manifest").write_text("old")

    def refuse(path: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fill() -> None:
        with filling(tmp_path, last="manifest") as work:
            (work / "ids").write_text("i")
            (work / "manifest").write_text("new")
            monkeypatch.setattr(Path, "replace", refuse)

    with pytest.raises(SeqcliError, match="free some space"):
        fill()
    assert not (tmp_path / "manifest").exists()
