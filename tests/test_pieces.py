"""Text comes back from its ids; a model file is ours and whole, or refused."""

from __future__ import annotations

import io
import itertools
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from seqcli.errors import CheckpointError, CorpusError, SettingsError
from seqcli.piece_training import train_pieces
from seqcli.pieces import (
    BOS_ID,
    EOS_ID,
    PAD_ID,
    UNK_ID,
    PiecePair,
    Pieces,
    piece_files,
)

LINES = [
    "Ein Hund läuft über die Wiese.",
    "Eine Frau liest ein Buch.",
    "Zwei Kinder spielen im Garten.",
    "A dog runs across the meadow.",
    "A woman is reading a book.",
]
DEFAULTS: dict[str, Any] = {
    "vocab_size": 300,
    "model_type": "unigram",
    "character_coverage": 1.0,
    "byte_fallback": True,
    "user_symbols": (),
    "sample": 1000,
    "seed": 1,
}
MODEL_TYPES = ("unigram", "bpe", "char", "word")
any_text = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \u2581\u2585<>\r\t")
)


def learn(path: Path, lines: list[str] = LINES, **options: Any) -> Pieces:
    size = train_pieces(iter(lines), path, **{**DEFAULTS, **options})
    pieces = Pieces.load(path)
    assert size == len(pieces)
    return pieces


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pieces]:
    folder = tmp_path_factory.mktemp("pieces")
    return {kind: learn(folder / kind, model_type=kind) for kind in MODEL_TYPES}


def normalise(text: str) -> str:
    """What the module promises to keep of a text."""
    spaced = text.replace("\u2581", " ").replace("\n", " ").replace("\0", " ")
    return " ".join(word for word in spaced.split(" ") if word)


@pytest.mark.parametrize("kind", MODEL_TYPES)
@given(text=any_text)
def test_decoding_gives_the_text_back_whatever_its_characters(
    models: dict[str, Pieces], kind: str, text: str
) -> None:
    ids = models[kind].encode(text)
    assert models[kind].decode(ids) == normalise(text)
    assert not {PAD_ID, UNK_ID, BOS_ID, EOS_ID} & set(ids)


@pytest.mark.parametrize(
    "line",
    [
        "„Ja“, sagte sie.",
        "10\u00a0km",
        "Ｆｕｌｌ",
        "a\u2028b",
        "<s> </s> <pad> <0x41>",
        "x" * 20_000,
    ],
)
def test_what_nfkc_would_change_survives(models: dict[str, Pieces], line: str) -> None:
    assert models["unigram"].decode(models["unigram"].encode(line)) == line


@pytest.mark.parametrize("kind", MODEL_TYPES)
@given(numbers=st.lists(st.integers(0, 260)))
def test_any_ids_make_one_line_without_marks(
    models: dict[str, Pieces], kind: str, numbers: list[int]
) -> None:
    text = models[kind].decode(number % len(models[kind]) for number in numbers)
    assert not {"\n", "\0", "\u2581"} & set(text)


def test_padding_and_ends_are_skipped_and_the_unknown_shows(models: dict[str, Pieces]) -> None:
    pieces = models["unigram"]
    ids = pieces.encode("Hund")
    assert pieces.decode([BOS_ID, *ids, EOS_ID, PAD_ID]) == "Hund"
    assert pieces.decode([*ids, UNK_ID]) == "Hund \u2047"
    assert pieces.to_pieces([PAD_ID, UNK_ID, BOS_ID, EOS_ID]) == ["<pad>", "<unk>", "<s>", "</s>"]


@given(lines=st.lists(any_text))
def test_lines_are_encoded_one_by_one(models: dict[str, Pieces], lines: list[str]) -> None:
    pieces = models["bpe"]
    assert pieces.encode_lines(lines) == [pieces.encode(line) for line in lines]


def test_pieces_put_together_are_the_line(models: dict[str, Pieces]) -> None:
    pieces = models["bpe"]
    marked = "".join(pieces.to_pieces(pieces.encode("Ein Hund läuft")))
    assert marked == "\u2581Ein\u2581Hund\u2581läuft"


@pytest.mark.parametrize("line", ["", " ", "\u2581"])
def test_a_blank_line_has_no_ids(models: dict[str, Pieces], line: str) -> None:
    assert models["unigram"].encode(line) == []


def test_a_lone_surrogate_is_refused_with_its_line(models: dict[str, Pieces]) -> None:
    with pytest.raises(CorpusError, match=r"^line 2 of 2: 'a.ud800' holds a lone surrogate"):
        models["unigram"].encode_lines(["x", "a\ud800"])


def test_the_same_text_gives_the_same_file_and_leaves_the_random_state_alone(
    tmp_path: Path,
) -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    for name in ("a", "b"):
        learn(tmp_path / name, sample=3)
    assert random.random() == expected
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_training_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    learn(tmp_path / "pieces")
    assert capfd.readouterr() == ("", "")


def test_a_corpus_of_any_length_is_not_held(tmp_path: Path) -> None:
    consumed = itertools.count()
    lines = (f"{LINES[next(consumed) % 5]}" for _ in range(10_000))
    train_pieces(lines, tmp_path / "pieces", **{**DEFAULTS, "sample": 50})
    assert next(consumed) == 10_000


@given(
    lines=st.lists(st.text("ab <>1⟦⟧"), min_size=1, max_size=8),
    place=st.none() | st.integers(0, 7),
)
def test_symbols_are_pieces_if_one_of_them_is_anywhere_in_the_text(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], place: int | None
) -> None:
    symbols = ("⟦1⟧", "⟦2⟧")
    lines = ["ab ba", *(f"ba{line}" for line in lines)]
    if place is not None:
        lines.insert(place, f"a{symbols[place % 2]}b")
    path = tmp_path_factory.mktemp("found") / "pieces"
    options = {"model_type": "char", "sample": 1}  # most lines are not in the sample
    pieces = learn(path, lines, symbols_if_found=symbols, **options)
    known = set(pieces.to_pieces(range(len(pieces)))).intersection(symbols)
    is_there = any(symbol in line for line in lines for symbol in symbols)
    assert known == (set(symbols) if is_there else set())


def test_symbols_that_are_found_count_against_the_size_of_the_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="user symbols alone take 262"):
        learn(tmp_path / "pieces", ["a⟦1⟧"], vocab_size=261, symbols_if_found=("⟦1⟧", "⟦2⟧"))


@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_too_large_a_vocabulary_is_lowered(tmp_path: Path, kind: str) -> None:
    assert 256 < len(learn(tmp_path / "pieces", model_type=kind, vocab_size=8000)) < 600


@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_a_vocabulary_without_room_for_characters_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SettingsError) as caught:
        learn(tmp_path / "pieces", model_type=kind, vocab_size=100)
    assert str(caught.value) == (
        "vocab_size (100) is too small: special ids, bytes and user symbols alone take 260, and "
        "characters come on top; raise vocab_size or turn byte_fallback off"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_least_vocabulary_that_is_named_works(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="too small for this text") as caught:
        learn(tmp_path / "pieces", vocab_size=270)
    words = str(caught.value).split("take ")[1]
    least = int(words.split(";")[0])
    assert least == 4 + 256 + len({letter for line in LINES for letter in line})
    assert len(learn(tmp_path / "pieces", vocab_size=least)) == least


@pytest.mark.parametrize("coverage", [0.5, 0.97])
def test_a_coverage_that_sentencepiece_refuses_is_refused_in_words(
    tmp_path: Path, coverage: float
) -> None:
    with pytest.raises(SettingsError, match=rf"coverage \({coverage}\) must be from 0\.98"):
        learn(tmp_path / "pieces", character_coverage=coverage)
    learn(tmp_path / "pieces", character_coverage=0.98)


@pytest.mark.parametrize("lines", [[], ["", " "], ["\u2581"]])
def test_no_text_is_refused(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(CorpusError, match="no text to learn pieces from"):
        learn(tmp_path / "pieces", lines)


@pytest.mark.parametrize(
    "odd", ["\u2028", "\x0c", "\x85", "\r", "\t", "\u2585", "\u2581", "\ufeff"]
)
def test_odd_characters_do_not_break_training(tmp_path: Path, odd: str) -> None:
    lines = [line.replace(" ", f" {odd}") for line in LINES]
    pieces = learn(tmp_path / "pieces", lines)
    assert pieces.decode(pieces.encode(lines[0])) == normalise(lines[0])


def test_long_lines_are_learnt_from_too(tmp_path: Path) -> None:
    pieces = learn(tmp_path / "pieces", ["Hund " * 3_000], vocab_size=270)
    assert pieces.to_pieces(pieces.encode("Hund")) == ["\u2581Hund"]


@pytest.mark.parametrize("symbol", ["<x>", "{{name}}", 'a,"b"', "{0}", "###"])
def test_a_user_symbol_stays_one_piece(tmp_path: Path, symbol: str) -> None:
    pieces = learn(tmp_path / "pieces", user_symbols=(symbol,))
    line = f"Ein {symbol} und x{symbol}y"
    assert pieces.to_pieces(pieces.encode(line)).count(symbol) == 2
    assert pieces.decode(pieces.encode(line)) == line


@pytest.mark.parametrize(
    ("symbols", "text"),
    [
        (["a b"], "'a b' cannot be one piece"),
        (["\u2581x"], "cannot be one piece"),
        ([""], "'' cannot be one piece"),
        ([" x"], "' x' cannot be one piece"),
        (["</s>"], "'</s>' has a meaning of its own"),
        (["<0x41>"], "'<0x41>' has a meaning of its own"),
        (["<x>", "<x>"], "'<x>' is given twice"),
    ],
)
def test_a_user_symbol_that_cannot_be_is_refused(
    tmp_path: Path, symbols: list[str], text: str
) -> None:
    with pytest.raises(SettingsError, match=r"^user_symbols: ") as caught:
        learn(tmp_path / "pieces", user_symbols=symbols)
    assert text in str(caught.value)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot be read .* is not complete"):
        Pieces.load(tmp_path / "pieces.model")


def test_a_truncated_model_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "pieces.model"
    learn(path)
    model = path.read_bytes()
    for length in [*range(60), *range(60, len(model), 97), len(model) - 1]:
        path.write_bytes(model[:length])
        with pytest.raises(CheckpointError, match="not a SentencePiece model, or a damaged one"):
            Pieces.load(path)


@given(data=st.binary())
def test_a_foreign_file_is_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("pieces") / "pieces.model"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"pieces\.model: "):
        Pieces.load(path)


def test_a_model_with_other_special_ids_is_refused(tmp_path: Path) -> None:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=model,
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    path = tmp_path / "pieces.model"
    path.write_bytes(model.getvalue())
    with pytest.raises(CheckpointError) as caught:
        Pieces.load(path)
    assert str(caught.value) == (
        f"{path}: its ids of pad, unk, bos, eos are (-1, 0, 1, 2); seqcli needs (0, 1, 2, 3); "
        "use a model made by `seqcli preprocess`"
    )


@pytest.mark.parametrize("joint", [True, False])
def test_a_pair_is_loaded_and_copied_as_it_is(tmp_path: Path, joint: bool) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    for number, name in enumerate(piece_files(joint=joint)):
        learn(there / name, LINES[number:])
    PiecePair.copy(there, here)
    pair = PiecePair.load(here)
    assert pair.joint is joint
    assert (pair.src is pair.tgt) is joint
    assert {path.name for path in here.iterdir()} == set(piece_files(joint=joint))


def test_a_directory_without_pieces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"has neither pieces\.model nor pieces\.src\.model"):
        PiecePair.load(tmp_path)
    learn(tmp_path / "pieces.src.model")
    with pytest.raises(CheckpointError, match=r"pieces\.tgt\.model: cannot be read"):
        PiecePair.load(tmp_path)


# --- sampling of pieces ---------------------------------------------------------------------------

ALPHAS = {"unigram": 0.3, "bpe": 0.5}


@pytest.mark.parametrize("kind", ALPHAS)
@given(text=any_text, seed=st.integers(0, 2**32 - 1))
def test_resampled_pieces_say_the_same(
    models: dict[str, Pieces], kind: str, text: str, seed: int
) -> None:
    ids = models[kind].encode(text)
    (cut,) = models[kind].resample([ids], alpha=ALPHAS[kind], seed=seed)
    assert models[kind].decode(cut) == models[kind].decode(ids)
    assert not {PAD_ID, UNK_ID, BOS_ID, EOS_ID} & set(cut)


@pytest.mark.parametrize("kind", ALPHAS)
def test_the_seed_alone_decides_how_text_is_cut(models: dict[str, Pieces], kind: str) -> None:
    ids = models[kind].encode_lines(LINES)
    first, _, again, other = (
        models[kind].resample(ids, alpha=ALPHAS[kind], seed=seed) for seed in (1, 3, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize("kind", ALPHAS)
def test_the_seed_decides_in_every_process(
    models: dict[str, Pieces], kind: str, process_environment: dict[str, str], tmp_path: Path
) -> None:
    """SentencePiece's own draws differ from process to process, so no run was the same twice."""
    code = (
        "import sys; from pathlib import Path; from seqcli.pieces import Pieces\n"
        "pieces = Pieces.load(Path(sys.argv[1])); ids = pieces.encode_lines(sys.argv[3:])\n"
        "print(pieces.resample(ids, alpha=float(sys.argv[2]), seed=7))"
    )
    path = tmp_path / "model"
    path.write_bytes(models[kind]._processor.serialized_model_proto())
    words = [sys.executable, "-c", code, str(path), str(ALPHAS[kind]), *LINES]
    found = {
        subprocess.run(words, capture_output=True, check=True, env=process_environment).stdout
        for _ in range(2)
    }
    ids = models[kind].encode_lines(LINES)
    assert found == {f"{models[kind].resample(ids, alpha=ALPHAS[kind], seed=7)}\n".encode()}


@pytest.mark.parametrize("kind", ALPHAS)
def test_pieces_are_drawn_as_often_as_sentencepiece_draws_them(
    models: dict[str, Pieces], kind: str
) -> None:
    """By total variation over the ways to cut a word; two samples of the same kind are as near."""
    draws, alpha = 4000, ALPHAS[kind]
    word = max(LINES[0].split(), key=len)
    ids = models[kind].encode(word)
    ours = Counter(tuple(one) for one in models[kind].resample([ids] * draws, alpha=alpha, seed=11))
    theirs = Counter(
        tuple(one)
        for one in models[kind]._processor.encode(
            [word] * draws, enable_sampling=True, alpha=alpha, nbest_size=-1
        )
    )
    assert len(ours) > 1
    assert sum(abs(ours[cut] - theirs[cut]) for cut in {*ours, *theirs}) / 2 / draws < 0.05


@pytest.mark.parametrize("kind", ALPHAS)
def test_a_symbol_stays_whole_however_pieces_are_drawn(tmp_path: Path, kind: str) -> None:
    pieces = learn(tmp_path / "model", model_type=kind, user_symbols=("<name>",))
    (symbol,) = pieces.to_ids(["<name>"])
    ids = pieces.encode("the<name>dog <name> runs")
    for cut in pieces.resample([ids] * 50, alpha=ALPHAS[kind], seed=3):
        assert cut.count(symbol) == 2
        assert pieces.decode(cut) == pieces.decode(ids)


def test_a_larger_alpha_cuts_unigram_pieces_less_and_bpe_pieces_more(
    models: dict[str, Pieces],
) -> None:
    def mean_length(kind: str, alpha: float) -> float:
        ids = models[kind].encode_lines(LINES * 20)
        return sum(map(len, models[kind].resample(ids, alpha=alpha, seed=1))) / len(ids)

    assert mean_length("unigram", 0.1) > mean_length("unigram", 0.5) > mean_length("unigram", 5)
    assert mean_length("bpe", 0.1) < mean_length("bpe", 0.5) < mean_length("bpe", 1)
    whole = sum(map(len, models["bpe"].encode_lines(LINES))) / len(LINES)
    assert mean_length("bpe", 1e-9) == whole


def test_a_sentence_with_an_unknown_piece_stays_as_it_is(tmp_path: Path) -> None:
    pieces = learn(tmp_path / "model", byte_fallback=False, vocab_size=60)
    known, unknown = pieces.encode(LINES[0]), pieces.encode("Ж dog")
    assert UNK_ID in unknown
    cut = pieces.resample([known, unknown], alpha=0.1, seed=1)
    assert cut[1] == unknown
    assert cut[0] != known
