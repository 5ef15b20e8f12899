"""The verbs as Python functions: paths and settings by name in, results out; nothing is printed.

Place: Python callers -> **preprocess, train, evaluate, translate_document** -> the functions that
the command line calls too. ``seqcli`` exports them, and ``Translator`` for translating lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqcli.config import AUTO, load_settings, without_training
from seqcli.errors import SettingsError
from seqcli.reporting import Reporter, SilentReporter

if TYPE_CHECKING:
    from seqcli.decoding.translator import Translator
    from seqcli.evaluation import Evaluation
    from seqcli.memory import TranslationMemory
    from seqcli.preprocessing import PreprocessResult
    from seqcli.reporting import TrainingResult

AnyPath = str | Path


def preprocess(
    data_dir: AnyPath,
    *,
    train: AnyPath | Sequence[AnyPath],
    valid: AnyPath | None = None,
    test: AnyPath | Mapping[str, AnyPath] | None = None,
    config: AnyPath | None = None,
    preset: str = "auto",
    overwrite: bool = False,
    report: Reporter | None = None,
    **settings: object,
) -> PreprocessResult:
    """Cut parallel text into pieces and write a data directory.

    Args:
        data_dir: Directory to write.
        train: One or more prefixes (``PREFIX.en`` and ``PREFIX.de``) or bilingual files, such as
            ``memory.tmx`` (docs/formats.md).
        valid: The same, once; without it some training pairs are cut off.
        test: The same, once, or several by name.
        config: A settings file.
        preset: Settings that belong together; auto goes by the number of training pairs.
        overwrite: Replace what is in ``data_dir``.
        report: Hears of the progress; None for nobody.
        settings: Settings of sections data and pieces by name, such as ``src_lang="en"``.

    Raises:
        SettingsError: When a setting or a path argument is wrong.
        CorpusError: When the text cannot be used.
    """
    from seqcli.preprocessing import build_data

    layers: dict[str, Any] = {"config": _path(config), "keywords": settings, "preset": preset}
    return build_data(
        load_settings(**layers),
        Path(data_dir),
        train=[train] if isinstance(train, str | Path) else list(train),
        valid=valid,
        test={"test": test} if isinstance(test, str | Path) else dict(test or {}),
        overwrite=overwrite,
        report=report or SilentReporter(),
        choose=lambda pairs: load_settings(**layers, pairs=pairs),
    )


def train(
    data_dir: AnyPath,
    run_dir: AnyPath,
    *,
    config: AnyPath | None = None,
    preset: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
    **settings: object,
) -> TrainingResult:
    """Train a translator on a data directory and write a run directory.

    Args:
        data_dir: What ``preprocess`` wrote.
        run_dir: Directory to write, or to continue.
        config: A settings file.
        preset: Settings that belong together; auto goes by the number of training pairs.
        resume: Continue the run from its last save; its settings are then the defaults.
        overwrite: Replace what is in ``run_dir``.
        report: Hears of the progress; None for nobody.
        settings: Settings of sections model, training and decoding by name, such as ``cell="gru"``.

    Raises:
        SettingsError: When a setting is wrong.
        CorpusError: When the data directory cannot be used.
        CheckpointError: When there is no run to resume.
        InterruptedRun: When Ctrl-C or SIGTERM stopped it, after it was saved.
    """
    from seqcli.dataset import Dataset
    from seqcli.rundir import load_settings_of, require_own_files
    from seqcli.training import train_model

    layers: dict[str, Any] = {"config": _path(config), "keywords": settings, "preset": preset}
    if resume:
        require_own_files(Path(run_dir))
        layers["base"] = load_settings_of(Path(run_dir))
    resolved = load_settings(**layers)
    if preset == AUTO and not resume:
        pairs = len(Dataset.open(Path(data_dir)).split("train"))
        resolved = load_settings(**layers, pairs=pairs)
    return train_model(
        resolved,
        Path(data_dir),
        Path(run_dir),
        resume=resume,
        overwrite=overwrite,
        report=report or SilentReporter(),
    )


def translate_document(
    translator: Translator,
    source: AnyPath,
    output: AnyPath | None = None,
    *,
    format: str | None = None,
    all_units: bool = False,
    min_confidence: float | None = None,
    memory: TranslationMemory | None = None,
    batch_size: int = 64,
    seed: int | None = None,
    **decoding: Any,
) -> bytes:
    """Return a document with its open units translated, in the format that it came in.

    Args:
        translator: Of the languages that the document says it is in.
        source: A PO, XLIFF, TMX, SubRip or Markdown file, or plain paragraphs (docs/documents.md).
        output: File to write, in the place of what is there, but for source itself; or None.
        format: po, xliff, tmx, srt, markdown or paragraphs; None goes by the name of source.
        all_units: Translate also units that have a translation.
        min_confidence: Leave units open of which the model is less sure.
        memory: Of which exact matches are taken as they are, and fuzzy ones if it says so.
        batch_size: Sentences translated together.
        seed: Of sampling; None for that of the training.
        decoding: Decoding settings that differ from the run's, such as ``beam_size=1``.

    Raises:
        SettingsError: When a setting is wrong, or the file is of no such format.
        CorpusError: When the document cannot be read, or is in other languages.
        SeqcliError: When the disk refuses.
    """
    from functools import partial

    from seqcli.documents import (
        KINDS,
        LINES,
        kind_of,
        read_document,
        translate_with,
        write_document,
    )
    from seqcli.files import require_other_file, write_atomically

    path, kind = Path(source), kind_of(str(source), format)
    if output is not None:
        require_other_file(Path(output), [path], what="output")
    if kind == LINES:
        raise SettingsError(
            f"{path}: its name says no format of documents; give format, one of {', '.join(KINDS)}"
        )
    if min_confidence is not None and not translator.is_calibrated:
        raise SettingsError(
            "min_confidence: nothing is known of the confidence of this model; `seqcli tune "
            "RUN_DIR` learns it"
        )
    translate = partial(
        translator.iter_translations,
        decoding=translator.decoding_with(decoding),
        batch_size=batch_size,
        seed=seed,
        memory=memory,
    )
    document, outcomes = translate_with(
        translator,
        read_document(path),
        str(path),
        kind,
        translate,
        redo=all_units,
        least=min_confidence,
        memory=memory,
    )
    translated = write_document(document, outcomes)
    if output is not None:
        write_atomically(Path(output), translated)
    return translated


def evaluate(
    run_dir: AnyPath | Sequence[AnyPath] | None = None,
    *,
    split: str | None = None,
    data_dir: AnyPath | None = None,
    src: AnyPath | None = None,
    hyp: AnyPath | None = None,
    ref: AnyPath | None = None,
    metrics: Sequence[str] = ("bleu", "chrf", "ter"),
    batch_size: int = 64,
    report: Reporter | None = None,
    **settings: object,
) -> Evaluation:
    """Score a run on a set of its data, a run on files, or two files.

    Args:
        run_dir: A run, or several as an ensemble; None with ``hyp`` and ``ref``.
        split: A set of the run's data; None is the one called test.
        data_dir: Where that data is now, if it has moved.
        src: Source text for the run, with ``ref``.
        hyp: Translations to score as they are, with ``ref``.
        ref: Reference translations.
        metrics: Some of bleu, chrf and ter.
        batch_size: Lines translated together.
        report: Hears of the progress; None for nobody.
        settings: Settings of section decoding, seed, device, threads and precision by name.

    Raises:
        SettingsError: When a setting or the combination of arguments is wrong.
        CorpusError: When text is missing or does not fit together.
        CheckpointError: When the run cannot be read.
    """
    from seqcli.evaluation import evaluate_files, evaluate_runs, find_text
    from seqcli.rundir import load_settings_of

    if run_dir is None:
        if hyp is None or ref is None or src is not None or split is not None or settings:
            raise SettingsError("evaluate without a run takes hyp and ref, and nothing to decode")
        return evaluate_files(Path(hyp), Path(ref), metrics=metrics)
    if hyp is not None:
        raise SettingsError("evaluate takes a run or hyp, not both")
    runs = [Path(run_dir)] if isinstance(run_dir, str | Path) else list(map(Path, run_dir))
    if not runs:
        raise SettingsError("evaluate got an empty list of runs; give at least one")
    base = without_training(load_settings_of(runs[0]))
    resolved = load_settings(keywords=settings, base=base)
    paths = {"data_dir": _path(data_dir), "src": _path(src), "ref": _path(ref)}
    return evaluate_runs(
        runs,
        find_text(runs[0], split=split, **paths),
        metrics=metrics,
        decoding=resolved.decoding,
        seed=resolved.training.seed,
        batch_size=batch_size,
        device=resolved.training.device,
        threads=resolved.training.threads,
        precision=resolved.training.precision,
        report=report or SilentReporter(),
    )


def _path(path: AnyPath | None) -> Path | None:
    return None if path is None else Path(path)
