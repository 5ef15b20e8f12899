"""A line -> **how likely it is in the language that it should be in** (py3langid).

Source: Lui & Baldwin 2012 (langid.py): naive Bayes over byte n-grams, 97 languages.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from seqcli.corpus.scripts import base_language
from seqcli.errors import SettingsError

Identify = Callable[[str, str], tuple[str, float]]

_SAME = {"nb": "no", "nn": "no"}  # Norwegian by any of its names


def identifier_of(languages: Sequence[str]) -> Identify:
    """Return what takes a line and the language expected.

    It gives the language that the line looks like, and how likely the expected one is beside it,
    from 0 to 1.

    Raises:
        SettingsError: py3langid is not installed, or does not know a language.
    """
    model = _load()
    known = set(model.labels)
    for language in languages:
        if base_language(language) not in known:
            raise SettingsError(
                f"language: {language!r} is none that py3langid identifies; give --src-lang and "
                "--tgt-lang as ISO 639-1 codes such as en, or switch the rule off with "
                "--no-language"
            )

    def identify(text: str, expected: str) -> tuple[str, float]:
        base = base_language(expected)
        best, probability = model.classify(text)
        if _SAME.get(best, best) == _SAME.get(base, base):
            return str(best), 1.0
        return str(best), dict(model.rank(text))[base] / probability

    return identify


@functools.cache
def _load() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise SettingsError(
            "language: this rule needs py3langid, which is not installed; install it with "
            "`pip install 'seqcli[langid]'`, or switch the rule off with --no-language"
        ) from error
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
