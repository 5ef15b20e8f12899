"""A catalogue file -> **Collection**: what a name stands for, and under which licence.

The catalogue that comes along is ``catalogue.yaml``; another one has the same form.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from seqcli.errors import SettingsError

BUNDLED = Path(__file__).with_name("catalogue.yaml")
MOST_BYTES = 4 << 30  # of a file, packed or not, that does not say its size
MOST_CATALOGUE_BYTES = 4 << 20
SCHEMES = ("http", "https")

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$")]  # no part of a path
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=1, le=1 << 50)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Entry):
    """A file that is there in the end."""

    name: Name
    member: str = ""  # of an archive: a pattern such as *.en that one member matches
    bytes: Size | None = None
    sha256: Sha256 | None = None


class RemoteFile(_Entry):
    """A file at one or more addresses, which are tried in turn."""

    addresses: tuple[str, ...] = Field(min_length=1)
    packing: Literal["none", "gz", "zip", "tar.gz"] = "none"
    bytes: Size | None = None
    sha256: Sha256 | None = None
    texts: tuple[Text, ...] = Field(min_length=1)

    @property
    def name(self) -> str:
        """What it is called in a cache or on a mirror."""
        return urlsplit(self.addresses[0]).path.rsplit("/", 1)[-1]

    @property
    def is_verified(self) -> bool:
        """Whether a wrong byte in it would be seen."""
        return self.sha256 is not None or self.verifies_texts

    @property
    def verifies_texts(self) -> bool:
        """Whether a wrong byte in its texts would be seen."""
        return all(text.sha256 for text in self.texts)

    @model_validator(mode="after")
    def _check_together(self) -> RemoteFile:
        for address in self.addresses:
            if urlsplit(address).scheme not in SCHEMES or not urlsplit(address).netloc:
                raise ValueError(f"{address!r} is no http or https address")
        TypeAdapter(Name).validate_python(self.name)
        is_archive = self.packing in ("zip", "tar.gz")
        if not is_archive and len(self.texts) != 1:
            raise ValueError("a file that is no archive holds one text")
        if any(bool(text.member) != is_archive for text in self.texts):
            raise ValueError("the texts of an archive, and only those, have a member")
        return self


class Collection(_Entry):
    """Some files that belong together."""

    title: str
    languages: tuple[str, ...] = Field(min_length=1)
    licence: str = Field(min_length=1)
    licence_address: str
    cite: str = ""
    about: str = ""
    files: tuple[RemoteFile, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_names(self) -> Collection:
        for names in (
            [text.name for file in self.files for text in file.texts],
            [file.name for file in self.files],
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"two files have one name among {', '.join(names)}")
        return self


def load_catalogue(path: Path = BUNDLED) -> Mapping[str, Collection]:
    """Read a catalogue.

    Raises:
        SettingsError: It cannot be read, or is not what a catalogue must be.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_CATALOGUE_BYTES + 1)
        if len(data) > MOST_CATALOGUE_BYTES:
            raise SettingsError(
                f"{path}: a catalogue of more than {MOST_CATALOGUE_BYTES:,} bytes; is this one?"
            )
        tree = yaml.safe_load(data.decode("utf-8"))
        return TypeAdapter(dict[Name, Collection]).validate_python(tree)
    except OSError as error:
        raise SettingsError(
            f"{path}: the catalogue cannot be read ({error.strerror}); correct the path"
        ) from error
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        found = " ".join(str(error).split())
        raise SettingsError(f"{path}: not a YAML file ({found}); mend it") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"{path}: {where or 'the whole file'}: {first['msg']}; a catalogue has the form of the "
            "one that comes with seqcli (docs/data-get.md)"
        ) from error
