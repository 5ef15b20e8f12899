from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import tiny_model

from seqcli.batches import collate
from seqcli.evaluation import find_dataset
from seqcli.insight.exposure import measure_exposure, score_batch
from seqcli.pieces import BOS_ID, EOS_ID
from seqcli.reporting import SilentReporter

PAIRS = [([5, 6, 7], [8, 9, 10, 11]), ([7, 5], [4, 6])]


def scores_by_hand(model, src: list[int], tgt: list[int], *, forced: bool):
    """Return nats and hits of each gold piece, one step at a time and one sentence at a time."""
    reading = model.read(torch.tensor([[*src, EOS_ID]]), torch.tensor([len(src) + 1]))
    state, fed, nats, hits = reading.state, BOS_ID, [], []
    for gold in [*tgt, EOS_ID]:
        readout, state, _ = model.step(torch.tensor([fed]), state, reading.memory)
        log_probs = model.logits(readout)[0].log_softmax(dim=-1)
        own = int(log_probs.argmax())
        nats.append(-float(log_probs[gold]))
        hits.append(float(own == gold))
        fed = gold if forced else own
    return nats, hits


@pytest.mark.parametrize("attention", ["none", "general"])
def test_both_feedings_are_what_a_loop_over_single_steps_gives(attention):
    model = tiny_model(attention=attention)
    scores = score_batch(model, collate(PAIRS))
    assert scores.shape == (2, 2, 2, 5)
    with torch.no_grad():
        for row, (src, tgt) in enumerate(PAIRS):
            for feeding, forced in enumerate((True, False)):
                nats, hits = scores_by_hand(model, src, tgt, forced=forced)
                length = len(tgt) + 1
                assert scores[feeding, 0, row, :length].tolist() == pytest.approx(nats, abs=1e-5)
                assert scores[feeding, 1, row, :length].tolist() == hits
                assert scores[feeding, :, row, length:].abs().sum() == 0


def test_the_first_position_has_the_same_input_under_both_feedings():
    forced, free = score_batch(tiny_model(), collate(PAIRS))
    torch.testing.assert_close(forced[..., 0], free[..., 0])


def test_totals_are_means_over_all_pieces(tiny_run: Path):
    split = find_dataset(tiny_run).split("valid")
    found = measure_exposure(tiny_run, split, device="cpu", threads=1, report=SilentReporter())
    assert found.counts[0] == len(split)
    assert sum(found.counts) == int(split.tgt.lengths.sum()) + len(split)
    for scores in (found.forced, found.free):
        total = sum(n * loss for n, loss in zip(found.counts, scores.loss_at, strict=True))
        assert scores.loss == pytest.approx(total / sum(found.counts))
    assert found.loss_gap == found.free.loss - found.forced.loss
    assert found.teacher_forcing == "constant 1"
