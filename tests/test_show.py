"""The last step of ``make demo``."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

SHOW = Path(__file__).parent.parent / "corpora" / "show.py"


def test_a_run_is_shown_with_scores_examples_and_attention(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [str(SHOW), str(tiny_run)])
    runpy.run_path(str(SHOW), run_name="__main__")
    shown = capsys.readouterr().out
    assert "BLEU: sacreBLEU" in shown
    assert shown.count("reference") == 8
    assert "Where the decoder looked" in shown
    assert "Go on with: echo" in shown
