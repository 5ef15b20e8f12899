from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from tiny import tiny_model, tiny_settings

from seqcli import shortlisting
from seqcli.dataset import Dataset
from seqcli.decoding.search import beam_search
from seqcli.decoding.translator import Translator
from seqcli.errors import CheckpointError, CorpusError
from seqcli.models import FrozenSeq2Seq, freeze
from seqcli.models.shortlist import Shortlist
from seqcli.pieces import EOS_ID, PiecePair
from seqcli.reporting import SilentReporter
from seqcli.rundir import create_run, save_model, update_manifest
from seqcli.shortlisting import SHORTLIST, load_shortlist, shortlist_run
from seqcli.tensor_files import write_tensors

SRC = torch.tensor([[4, 5, 6, 7, 3], [8, 3, 0, 0, 0], [9, 4, 3, 0, 0]])
SRC_LENGTHS = torch.tensor([5, 2, 3])


@pytest.fixture
def run(tiny_data: Path, tmp_path: Path) -> Path:
    pieces = PiecePair.load(tiny_data)
    model = tiny_model(vocab_size=len(pieces.src)).float()
    identity = Dataset.open(tiny_data).identity()
    manifest = {"data_dir": str(tiny_data), "data": identity}
    create_run(tmp_path, tiny_settings(), pieces_dir=tiny_data, manifest=manifest)
    save_model(tmp_path, dict(model.named_parameters()))
    return tmp_path


def test_links_are_weighed_as_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pairs, "a -> x" and "a b -> x y": one round of Model 1 on paper.

    Counting: p(x|a) = (1 + 1/2) / (1 + 1/2 + 1/2) = 3/4, p(y|a) = 1/4, p(x|b) = p(y|b) = 1/2.
    Second pair: x comes from a with 3/4 : 1/2, so 0.6, and y with 1/4 : 1/2, so 1/3.
    """
    a, b, x, y = 4, 5, 6, 7
    pairs = [([np.array([a]), np.array([a, b])], [np.array([x]), np.array([x, y])])]
    monkeypatch.setattr(shortlisting, "_chunks", lambda split, count: iter(pairs))
    monkeypatch.setattr(shortlisting, "ITERATIONS", 1)
    keys, probs = shortlisting._learn(cast("Any", None), 2, (8, 8), SilentReporter())
    found = {(int(k) // 8, int(k) % 8): float(p) for k, p in zip(keys, probs, strict=True)}
    of_a, of_b = 1 + 0.6 + 1 / 3, 0.4 + 2 / 3
    expected = {(a, x): 1.6 / of_a, (a, y): 1 / 3 / of_a, (b, x): 0.4 / of_b, (b, y): 2 / 3 / of_b}
    assert found == pytest.approx(expected)


def test_translations_keep_to_the_list_of_their_own_source(run: Path) -> None:
    made = shortlist_run(run, data_dir=None, candidates=2, common=1, report=SilentReporter())
    assert 0 < made.coverage <= 1
    translator = Translator.load(run, threads=1, precision="fp32")
    shortlist = load_shortlist(run, translator.pieces)
    assert shortlist is not None
    lines = ["12", "3 4 5", "9", "1 2 3 4 5 6 7"]
    together = translator.translate(lines, shortlist=True, batch_size=4)
    alone = [translator.translate([line], shortlist=True)[0] for line in lines]
    assert together == alone
    for line, hyp in zip(lines, together, strict=True):
        ids = [*translator.pieces.src.encode(line), EOS_ID]
        allowed = shortlist.of_sources(torch.tensor([ids])).allowed()[0]
        assert allowed[translator.pieces.tgt.encode(hyp)].all() or "\ufffd" in hyp


@torch.no_grad()
@pytest.mark.parametrize("beam_size", [1, 3])
@pytest.mark.parametrize("attention", ["none", "general", "additive"])
def test_a_list_of_everything_changes_nothing(attention: str, beam_size: int) -> None:
    frozen = freeze(tiny_model(attention=attention).float())
    assert isinstance(frozen, FrozenSeq2Seq)
    everything = Shortlist(torch.full((12, 1), 12), torch.arange(12), 12)
    found = [
        beam_search(
            model,
            model.read(SRC, SRC_LENGTHS),
            limits=[6, 6, 6],
            beam_size=beam_size,
            length_penalty=1.0,
            n_best=beam_size,
        )
        for model in (frozen, frozen.with_shortlist(everything))
    ]
    assert [[one.ids for one in of] for of in found[0]] == [
        [one.ids for one in of] for of in found[1]
    ]


def test_the_verb_makes_what_translate_asks_for(
    run: Path, tmp_path: Path, run_cli: Callable[..., Any]
) -> None:
    text = tmp_path / "in.txt"
    text.write_text("1 2 3\n")
    refused = run_cli("translate", "-m", run, text, "--shortlist")
    assert refused.code == 2
    assert "seqcli shortlist" in refused.stderr
    made = run_cli("shortlist", run, "--json", "-q")
    assert json.loads(made.stdout)["path"] == str(run / SHORTLIST)
    assert run_cli("translate", "-m", run, text, "--shortlist").code == 0
    assert run_cli("shortlist", run, "--candidates", "0").code == 2


def test_what_does_not_fit_is_refused(run: Path) -> None:
    pieces = PiecePair.load(run)
    for tensors in (
        {"candidates": torch.zeros(1, 1, dtype=torch.int32)},
        {
            "candidates": torch.full((len(pieces.src), 1), 10**6, dtype=torch.int32),
            "common": torch.zeros(1, dtype=torch.int32),
        },
    ):
        write_tensors(run / SHORTLIST, tensors, {})
        with pytest.raises(CheckpointError, match="seqcli shortlist"):
            Translator.load(run)


def test_a_run_that_does_not_say_its_data_asks_for_it(run: Path) -> None:
    update_manifest(run, data_dir=None)
    with pytest.raises(CorpusError, match="--data"):
        shortlist_run(run, data_dir=None, candidates=2, common=1, report=SilentReporter())
