"""gettext MO, a compiled PO file -> **entries**.

Source: GNU gettext manual, section "The Format of GNU MO Files".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

from seqcli.corpus.formats.base import Entry
from seqcli.corpus.formats.inline import one_line
from seqcli.corpus.formats.po import Forms, check_language
from seqcli.corpus.formats.po_syntax import Message, charset_of
from seqcli.corpus.pairs import SentencePair
from seqcli.errors import CorpusError

_MAGIC = 0x950412DE
_MOST_BYTES = 256 << 20


def read_pairs(stream: IO[bytes], name: str, src_lang: str, tgt_lang: str) -> Iterator[Entry]:
    """Yield the entries of each message, as those of a PO file; the number is that of the message.

    Raises:
        CorpusError: It is no MO file, damaged, or of another language.
    """
    data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise CorpusError(f"{name}: more than {_MOST_BYTES:,} bytes; is this an MO file?")
    forms, charset = Forms(""), "utf-8"
    for number, (src, tgt) in enumerate(_iter_strings(data, name), start=1):
        if not src:
            charset = charset_of([tgt], name).name
        try:
            message = _message_of(src.decode(charset), tgt.decode(charset))
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{name}: message {number} is not {charset.upper()}, which the header says; make "
                "the file again with msgfmt"
            ) from error
        if message.is_header:
            forms = Forms(message.header)
            check_language(message.header, tgt_lang, name)
            continue
        for _, text, translation in forms.pair(message):
            yield Entry(number, SentencePair(one_line(text), one_line(translation)))


def _message_of(src: str, tgt: str) -> Message:
    message = Message()
    context, found, text = src.rpartition("\x04")
    if found:
        message.strings["msgctxt"] = context
    singular, is_plural, plural = text.partition("\0")
    message.strings["msgid"] = singular
    if is_plural:
        message.strings["msgid_plural"] = plural
        for form, translation in enumerate(tgt.split("\0")):
            message.strings[f"msgstr[{form}]"] = translation
    else:
        message.strings["msgstr"] = tgt
    return message


def _iter_strings(data: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    order = next((o for o in "<>" if data[:4] == struct.pack(f"{o}I", _MAGIC)), None)
    if order is None:
        raise CorpusError(f"{name}: not an MO file; give it the name of its own format")
    damaged = CorpusError(f"{name}: a damaged MO file; make it again with msgfmt")
    if len(data) < 20:
        raise damaged
    _, count, sources, targets = struct.unpack(f"{order}4I", data[4:20])
    if max(sources, targets) + 8 * count > len(data):
        raise damaged
    for number in range(count):
        pair = []
        for table in (sources, targets):
            length, start = struct.unpack_from(f"{order}2I", data, table + 8 * number)
            if start + length > len(data):
                raise damaged
            pair.append(data[start : start + length])
        yield pair[0], pair[1]
