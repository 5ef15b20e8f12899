"""BLEU of lowercased, normalised, tokenised text: what papers on Multi30k report.

Lines go through what the corpus's own ``task1-tokenize.sh`` does, with sacremoses in the place of
the Perl scripts: lowercase, normalise punctuation, tokenise.
"""

from __future__ import annotations

from collections.abc import Sequence

from sacrebleu.metrics.bleu import BLEU
from sacremoses import MosesPunctNormalizer, MosesTokenizer

# Tokens of the official tokenised references, counted in the files that come with the corpus.
REFERENCE_TOKENS = {("test_2016_flickr", "de"): 12_103}


def tokenize(lines: Sequence[str], lang: str) -> list[str]:
    """Return lines as the corpus's tokenised files have them."""
    normalizer, tokenizer = MosesPunctNormalizer(lang), MosesTokenizer(lang)
    return [
        str(tokenizer.tokenize(normalizer.normalize(line.lower()), return_str=True))
        for line in lines
    ]


def lc_tok_bleu(hyps: Sequence[str], refs: Sequence[str], lang: str) -> float:
    """Return BLEU on tokens, 0 to 100."""
    metric = BLEU(tokenize="none", force=True)
    return float(metric.corpus_score(tokenize(hyps, lang), [tokenize(refs, lang)]).score)


def check_reference(refs: Sequence[str], name: str, lang: str) -> str:
    """Say how many tokens the reference has, and whether that is the number of the official one.

    Raises:
        SystemExit: If it is another: scores would not be comparable.
    """
    found = sum(len(line.split()) for line in tokenize(refs, lang))
    expected = REFERENCE_TOKENS.get((name, lang))
    if expected is None:
        return f"{name}.{lang}: {found:,} tokens (no official number is known)"
    if found != expected:
        raise SystemExit(
            f"{name}.{lang}: {found:,} tokens, but the official reference has {expected:,}; "
            "scores would not be comparable: is this the raw file of multi30k/dataset?"
        )
    return f"{name}.{lang}: {found:,} tokens, as in the official reference"
