"""Greedy and beam search as a tutorial has them: what the search of seqcli is measured against.

The same model and weights; all sentences stay until the last has ended, the whole vocabulary is
normalised and sorted at every step, and hypotheses are lists.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from seqcli.batches import collate_sources
from seqcli.models import Seq2Seq
from seqcli.pieces import BOS_ID, EOS_ID


@torch.no_grad()
def plain_search(
    model: Seq2Seq, sources: Sequence[Sequence[int]], *, beam_size: int
) -> list[list[int]]:
    """Return the ids of the best translation of each source."""
    src, src_lengths = collate_sources(sources)
    reading = model.read(src, src_lengths)
    count, limit = len(sources), 2 * int(src_lengths.max()) + 10
    rows = torch.arange(count).repeat_interleave(beam_size)
    state, memory = reading.state.select(rows), reading.memory
    scores = torch.full((count, beam_size), -torch.inf)
    scores[:, 0] = 0
    prefixes: list[list[int]] = [[] for _ in rows]
    finished: list[list[tuple[float, list[int]]]] = [[] for _ in sources]
    fed = torch.full((len(rows),), BOS_ID)
    for length in range(limit + 1):
        readout, state, _ = model.step(fed, state, memory)
        log_probs = model.logits(readout).float().log_softmax(dim=-1)
        totals = (scores.view(-1, 1) + log_probs).view(count, -1)
        best, flat = totals.topk(2 * beam_size, dim=-1)
        origins, pieces = flat // log_probs.shape[1], flat % log_probs.shape[1]
        new_rows, new_pieces, new_prefixes = [], [], []
        for i in range(count):
            kept = 0
            for rank in range(2 * beam_size):
                row = i * beam_size + int(origins[i, rank])
                piece, score = int(pieces[i, rank]), float(best[i, rank])
                if piece == EOS_ID:
                    if rank < beam_size and len(finished[i]) < beam_size:
                        finished[i].append((score / (length + 1), prefixes[row]))
                elif kept < beam_size:
                    scores[i, kept] = score
                    new_rows.append(row)
                    new_pieces.append(piece)
                    new_prefixes.append([*prefixes[row], piece])
                    kept += 1
        if all(len(found) >= beam_size for found in finished):
            break
        prefixes, fed = new_prefixes, torch.tensor(new_pieces)
        state = state.select(torch.tensor(new_rows))
    return [max(found)[1] if found else prefixes[i * beam_size] for i, found in enumerate(finished)]
