"""Sources and decoding settings -> the search that they ask for, in one batch.

Place: settings -> **search_ids** -> search.py or sampling.py; called by the translator, by
validation and by tuning.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from seqcli.batches import collate_sources
from seqcli.config import DecodingSettings
from seqcli.decoding.candidates import Model
from seqcli.decoding.hypotheses import Found, max_pieces_out
from seqcli.decoding.sampling import sample
from seqcli.decoding.search import beam_search


def search_ids(
    model: Model,
    sources: Sequence[Sequence[int]],
    *,
    decoding: DecodingSettings,
    generators: Sequence[Sequence[torch.Generator]] = (),
    prefix: Sequence[int] = (),
) -> list[list[Found]]:
    """Return the hypotheses of sources, ids without EOS, in one batch.

    Args:
        model: In evaluation mode.
        sources: Ids of each source; may be empty.
        decoding: Which search.
        generators: When sampling, n_best of them for each source.
        prefix: Ids that every translation begins with.
    """
    device = model.device
    src, src_lengths = (tensor.to(device) for tensor in collate_sources(sources))
    limits = max_pieces_out(
        src_lengths, ratio=decoding.max_length_ratio, constant=decoding.max_length
    ).tolist()
    reading = model.read(src, src_lengths)
    if not decoding.sample:
        return beam_search(
            model,
            reading,
            limits=limits,
            beam_size=decoding.beam_size,
            length_penalty=decoding.length_penalty,
            n_best=decoding.n_best,
            no_repeat_ngram=decoding.no_repeat_ngram,
            prefix=prefix,
        )
    drawn = [
        sample(
            model,
            reading,
            limits=limits,
            temperature=decoding.temperature,
            top_k=decoding.top_k,
            top_p=decoding.top_p,
            length_penalty=decoding.length_penalty,
            generators=[of_source[number] for of_source in generators],
            no_repeat_ngram=decoding.no_repeat_ngram,
            prefix=prefix,
        )
        for number in range(decoding.n_best)
    ]
    return [sorted(found, key=lambda f: -f.score) for found in zip(*drawn, strict=True)]
