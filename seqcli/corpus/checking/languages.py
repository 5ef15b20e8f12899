"""Pairs -> **which side is in which language**, learnt from the text itself.

Two distributions of letter trigrams are told apart by expectation maximisation: every pair is taken
to be right or swapped, whichever the distributions of the other half of the pairs find likelier. In
two languages the sides of nearly every pair then lie on opposite sides; where they do not, as when
both are in one language, nothing is learnt. Which of the two is meant to be the source shows in the
majority, and for languages that are known by name in their script or in their commonest words.

Source: Cavnar & Trenkle 1994 for n-grams of letters as evidence of a language; Dempster, Laird &
Rubin 1977 for the algorithm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqcli.corpus.checking.features import TRIGRAM_IDS, Bags, Floats
from seqcli.corpus.scripts import base_language, scripts_of, share_in

_ROUNDS = 6
_LEAST_PAIRS = 40
_LEAST_TRIGRAMS = 4  # of a side that is judged
_LEAST_MEAN = 0.25  # nats for each trigram
_LEAST_TOTAL = 6.0  # nats for a side
_OPPOSITE = 0.8  # share of the pairs whose sides must lie apart
_FIRST_SHARE = 4  # the languages are first told from the first pairs: one in this many
_KNOWN_FACTOR = 3.0  # how much better languages known by name must fit the other way round
_LEAST_KNOWN = 0.04

# Words that are common in one language and rare in the others of this list.
_WORDS = {
    "en": "the of and to with on his for are at this that from you it",
    "de": "der und ein einen mit einem auf die ist das nicht im zu sich eine",
    "fr": "le les des et est une dans qui pour sur du avec au il je",
    "es": "el los las y una con por para del está lo su como más",
    "it": "il di che è della gli un per sono con nel si non al",
    "pt": "o os um uma em não da do com para que são ao está",
    "nl": "het een van op en de met zijn voor niet dat aan er naar",
    "sv": "och en att som på är av för med ett det inte till jag",
    "da": "og en at af på er til med den ikke det som jeg har",
    "nb": "og en som på er av til med ikke det jeg har et på",
    "pl": "się na i w nie z jest to do że jak po",
    "cs": "se na je v a že si s jsem to by na",
    "fi": "ja on ei se että hän oli mutta joka kun",
    "hu": "a az és egy nem hogy is meg van ez",
    "tr": "bir ve bu için de da ile çok ne var",
    "ro": "și de în la cu un pe nu o este care",
    "vi": "là và của có không một người cho trong được",
    "id": "yang dan di ini itu dengan untuk tidak dari adalah",
}


@dataclass(frozen=True)
class Languages:
    """What tells the two languages apart."""

    weights: Floats  # of each trigram in nats, above 0 in the source's language, (TRIGRAM_IDS,)

    def are_swapped(self, src: Bags, tgt: Bags) -> npt.NDArray[np.bool_]:
        """Tell the pairs of which both sides are clearly in the other's language, (lines,)."""
        return self.are_clear(src, -1) & self.are_clear(tgt, 1)

    def are_right(self, src: Bags, tgt: Bags) -> npt.NDArray[np.bool_]:
        """Tell the pairs of which both sides are clearly in their own language, (lines,)."""
        return self.are_clear(src, 1) & self.are_clear(tgt, -1)

    def are_clear(self, side: Bags, sign: int) -> npt.NDArray[np.bool_]:
        """Tell the lines that are clearly in the source's language (1), or the target's (-1)."""
        total = sign * side.sums(self.weights)
        enough = side.sizes >= _LEAST_TRIGRAMS
        clear: npt.NDArray[np.bool_] = total >= np.maximum(_LEAST_TOTAL, _LEAST_MEAN * side.sizes)
        return enough & clear


def learn_languages(src: Bags, tgt: Bags) -> Languages | None:
    """Learn from pairs, of which the first ones or the most are the right way round.

    Args:
        src: Trigrams of the source lines.
        tgt: Of their translations, as many.

    Returns:
        None if the two sides cannot be told apart.
    """
    judged = (src.sizes >= _LEAST_TRIGRAMS) & (tgt.sizes >= _LEAST_TRIGRAMS)
    if judged.sum() < _LEAST_PAIRS:
        return None
    even = np.arange(len(src)) % 2 == 0
    sign = np.zeros(len(src))  # 1: as it stands, -1: swapped, 0: not known yet
    sign[: max(_LEAST_PAIRS, len(src) // _FIRST_SHARE)] = 1
    for _ in range(_ROUNDS):
        scores = np.zeros(len(src), dtype=np.float32)
        for half in (even, ~even):
            weights = _weights(src, tgt, np.where(half, sign, 0))
            scores[~half] = (src.sums(weights) - tgt.sums(weights))[~half]
        sign = np.sign(scores)
    if sign[judged].sum() < 0:  # most of them stand the other way round than the first ones
        sign = -sign
    right, swapped = np.zeros(len(src), np.bool_), np.zeros(len(src), np.bool_)
    for half in (even, ~even):
        languages = Languages(_weights(src, tgt, np.where(half, sign, 0)))
        right |= ~half & languages.are_right(src, tgt)
        swapped |= ~half & languages.are_swapped(src, tgt)
    if (right | swapped)[judged].mean() < _OPPOSITE:
        return None
    return Languages(_weights(src, tgt, sign))


def _weights(src: Bags, tgt: Bags, sign: npt.NDArray[np.float64]) -> Floats:
    """Return the log-ratio of each trigram's probabilities, from pairs with a sign."""
    first, second = np.full(TRIGRAM_IDS, 0.5), np.full(TRIGRAM_IDS, 0.5)
    for bags, way in ((src, 1), (tgt, -1)):
        signs = np.repeat(sign * way, bags.sizes)
        first += np.bincount(bags.ids[signs > 0], minlength=TRIGRAM_IDS)
        second += np.bincount(bags.ids[signs < 0], minlength=TRIGRAM_IDS)
    ratio = np.log(first / first.sum()) - np.log(second / second.sum())
    unseen = first + second < 2  # says nothing
    return np.where(unseen, 0, np.clip(ratio, -4, 4)).astype(np.float32)


def are_sides_swapped(
    src: Iterable[str], tgt: Iterable[str], *, src_lang: str, tgt_lang: str
) -> bool:
    """Tell whether two texts are in each other's language, as far as these are known by name.

    Args:
        src: Some lines.
        tgt: Some lines.
        src_lang: Such as en, ko or pt-BR.
        tgt_lang: Likewise.
    """
    sides, names = (list(src), list(tgt)), (base_language(src_lang), base_language(tgt_lang))
    if names[0] == names[1]:
        return False
    shares = [[_share(lines, name) for name in names] for lines in sides]
    right, wrong = shares[0][0] + shares[1][1], shares[0][1] + shares[1][0]
    return wrong > _LEAST_KNOWN and wrong > _KNOWN_FACTOR * right


def _share(lines: list[str], language: str) -> float:
    """Return the share of the letters in the language's script, or of words among its commonest."""
    scripts = scripts_of(language)
    if scripts and "Latin" not in scripts:
        text = "".join(lines)
        return share_in(text, scripts) if any(map(str.isalpha, text)) else 0.0
    common = set(_WORDS.get(language, "").split())
    words = [word for line in lines for word in re.findall(r"\w+", line.lower())]
    return sum(word in common for word in words) / max(1, len(words))
