"""XML from strangers -> **events**: no entities of the file's own, no other files, no network.

Nothing is held but the piece of XML that is not complete yet, and that is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat

from seqcli.errors import CorpusError

MOST_DEPTH = 100  # elements within each other
_BLOCK = 1 << 18
_MOST_PENDING = 16 << 20  # bytes of a tag or comment that has no end yet

Start = Callable[[str, dict[str, str]], None]


class XmlReader:
    """Feeds a stream to expat; its user sets ``parser``'s handlers of elements and text."""

    def __init__(self, stream: IO[bytes], name: str, encoding: str | None = None) -> None:
        """Take the stream, what messages call it, and its encoding; None for what it declares."""
        self._stream = stream
        self.name = name
        self.parser = parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.buffer_size = _BLOCK
        parser.EntityDeclHandler = self._refuse_entity
        parser.SkippedEntityHandler = self._refuse_skipped
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def place(self) -> str:
        """Return where the parser is, as name:line."""
        return f"{self.name}:{self.parser.CurrentLineNumber}"

    def iter_blocks(self) -> Iterator[None]:
        """Read the stream to its end; the handlers are called between what is yielded.

        Raises:
            CorpusError: It is not well-formed, declares entities, or never closes a tag.
        """
        fed = 0
        try:
            while block := self._stream.read(_BLOCK):
                self.parser.Parse(block, False)
                fed += len(block)
                if fed - self.parser.CurrentByteIndex > _MOST_PENDING:
                    raise CorpusError(
                        f"{self.place()}: a tag or comment of more than {_MOST_PENDING:,} bytes; "
                        "the file is damaged; get it again"
                    )
                yield
            self.parser.Parse(b"", True)
            yield
        except expat.ExpatError as error:
            raise CorpusError(
                f"{self.name}:{error.lineno}: not well-formed XML at character {error.offset + 1} "
                f"of the line ({expat.ErrorString(error.code)}); mend the file, or export it again"
            ) from error
        except (LookupError, ValueError) as error:  # an encoding that Python does not have
            raise CorpusError(
                f"{self.place()}: its encoding cannot be read ({error}); convert the file to UTF-8"
            ) from error

    def _refuse_entity(self, entity: str, *_: object) -> None:
        raise CorpusError(
            f"{self.place()}: declares the entity {entity[:40]!r}; entities of a file's own are "
            "not read, as they can fetch other files or grow without end; write out what it stands "
            "for, and remove the declaration"
        )

    def _refuse_skipped(self, entity: str, is_parameter: bool) -> None:
        if not is_parameter:
            raise CorpusError(
                f"{self.place()}: &{entity[:40]}; is not declared in the file, and other files are "
                "not read; write out what it stands for"
            )
