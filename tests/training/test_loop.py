from __future__ import annotations

import json
import math
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import seqcli.training.saves as saves_module
import seqcli.training.selection as selection_module
import seqcli.training.session as session_module
from seqcli.api import preprocess
from seqcli.config import load_settings
from seqcli.decoding.translator import Translator
from seqcli.errors import CorpusError, InterruptedRun, SeqcliError, SettingsError
from seqcli.integrity import dump_sealed
from seqcli.reporting import SilentReporter, TrainingPlan, UpdateReport, ValidationReport
from seqcli.training.validation import Validation
from seqcli.weights import load_model


class Listener(SilentReporter):
    """Remembers what it hears, and may press Ctrl-C after some updates."""

    def __init__(self, *, interrupt_after: int | None = None) -> None:
        self.interrupt_after = interrupt_after
        self.steps = 0
        self.plans: list[TrainingPlan] = []
        self.updates: list[UpdateReport] = []
        self.validations: list[ValidationReport] = []
        self.warnings: list[str] = []

    def progress(self, task: str, done: float, total: float | None, eta: float | None) -> None:
        self.steps += 1
        if self.steps == self.interrupt_after:
            signal.raise_signal(signal.SIGINT)

    def plan(self, plan: TrainingPlan) -> None:
        self.plans.append(plan)

    def update(self, report: UpdateReport) -> None:
        self.updates.append(report)

    def validation(self, report: ValidationReport) -> None:
        self.validations.append(report)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def state_of(run_dir: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the tensors and the counters of the resume state; time is left out.

    So is the digest of metrics.jsonl, which has times in it.
    """
    path = run_dir / "last" / "state.safetensors"
    header = path.read_bytes()
    size = int.from_bytes(header[:8], "little")
    counters = json.loads(json.loads(header[8 : 8 + size])["__metadata__"]["counters"])
    del counters["seconds"], counters["records"]
    return load_file(path), counters


def score_as(
    monkeypatch: pytest.MonkeyPatch, scores: list[float], *, losses: list[float] | None = None
) -> None:
    """Let validations find these BLEU scores and losses, which else say the opposite."""
    found = iter(zip(scores, losses or scores, strict=True))

    def validate(model: Any, split: Any, refs: list[str], **_: Any) -> Validation:
        bleu, loss = next(found)
        return Validation(loss=loss, bleu=bleu, chrf=1.0, hyps=[""] * len(refs))

    monkeypatch.setattr(selection_module, "validate", validate)


def test_a_run_directory_holds_what_the_design_says(train, run_dir: Path, read_metrics):
    result = train(max_steps=6, valid_every=3, log_every=2)
    assert sorted(path.name for path in run_dir.iterdir()) == [
        "config.yaml",
        "last",
        "manifest.json",
        "metrics.jsonl",
        "model.safetensors",
        "pieces.model",
        "train.log",
        "validation",
    ]
    assert [p.name for p in sorted((run_dir / "validation").iterdir())] == [
        "000003.hyp",
        "000006.hyp",
    ]
    assert len((run_dir / "validation" / "000003.hyp").read_text("utf-8").split("\n")) == 10 + 1
    manifest = json.loads((run_dir / "manifest.json").read_text("utf-8"))
    assert manifest["status"] == result.reason == "max_steps (6) reached"
    assert manifest["updates"] == result.updates == 6
    assert manifest["best"].keys() == {"update", "loss", "bleu", "chrf"}
    assert manifest["best"]["update"] == result.best_update
    assert manifest["best"]["bleu"] == pytest.approx(result.best_score, rel=1e-5)
    assert {"seqcli", "torch", "python", "created", "seed", "data", "data_dir"} <= manifest.keys()
    assert {"command", "device", "precision", "threads"} <= manifest.keys()
    assert load_settings(config=run_dir / "config.yaml", environ={}).training.max_steps == 6


def test_metrics_have_exactly_the_fields_of_the_design(train, read_metrics):
    train(max_steps=6, valid_every=3, log_every=2)
    trained, valid = read_metrics("train"), read_metrics("valid")
    assert [line["update"] for line in trained] == [2, 4, 6]
    assert [line["update"] for line in valid] == [3, 6]
    for line in trained:
        assert list(line) == [
            "kind",
            "update",
            "epoch",
            "loss",
            "lr",
            "grad_norm",
            "clipped",
            "teacher_forcing",
            "tgt_tokens_per_s",
            "seconds",
            "grad_norm_max",
            "skipped",
        ]
    for line in valid:
        assert list(line) == ["kind", "update", "loss", "bleu", "chrf", "best"]


def test_reporter_and_metrics_say_the_same(train, read_metrics):
    listener = Listener()
    train(max_steps=4, valid_every=2, log_every=2, report=listener)
    for report, line in zip(listener.updates, read_metrics("train"), strict=True):
        assert vars(report) == pytest.approx(
            {k: v for k, v in line.items() if k != "kind"}, rel=1e-5
        )
    assert [v.update for v in listener.validations] == [2, 4]
    (plan,) = listener.plans
    assert (plan.train_pairs, plan.valid_pairs, plan.max_steps) == (60, 10, 4)
    assert plan.resumed_from == 0
    assert plan.parameters == sum(p.numel() for p in load_model(Path(plan.run_dir))[0].parameters())


def test_the_loss_falls(train, read_metrics):
    train(max_steps=60, hidden_size=16, lr=0.02, log_every=10)
    losses = [line["loss"] for line in read_metrics("train")]
    assert losses[-1] < 0.75 * losses[0]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"teacher_forcing_start": 0.5, "ema": 0.9, "optimizer": "adamw", "grad_accum": 2},
        {
            "teacher_forcing": "linear",
            "teacher_forcing_end": 0.2,
            "teacher_forcing_steps": 6,
            "sampling_passes": 2,
            "lr_schedule": "cosine",
        },
        {"cell": "gru", "input_feeding": True, "lr_schedule": "inverse-sqrt", "layers": 2},
        {
            "cell": "gru",
            "layers": 2,
            "attention_layer": "bottom",
            "attention_heads": 2,
            "layer_norm": True,
            "residual": True,
            "variational_dropout": True,
            "recurrent_dropout": 0.2,
            "context_dropout": 0.2,
            "src_word_dropout": 0.2,
            "tgt_word_dropout": 0.2,
            "r_drop": 2.0,
            "l2": 0.01,
            "lr_schedule": "plateau",
            "lr_patience": 1,
            "keep_checkpoints": 2,
            "average": True,
        },
    ],
    ids=["default", "stepwise-ema-adamw", "two-pass-cosine", "gru-feeding", "every-method"],
)
def test_stop_and_resume_equals_not_stopping(train, tmp_path: Path, settings: dict[str, Any]):
    settings = {"max_steps": 9, "valid_every": 4, "dropout": 0.3, **settings}
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    train(run_dir=straight, **settings)
    for updates in (3, 4):
        with pytest.raises(InterruptedRun):
            train(
                run_dir=stopped,
                resume=stopped.exists(),
                report=Listener(interrupt_after=updates),
                **settings,
            )
    torch.manual_seed(999)  # another process starts from another state
    train(run_dir=stopped, resume=True, **settings)
    (tensors, counters), (expected_tensors, expected_counters) = map(state_of, (stopped, straight))
    assert counters == expected_counters
    assert counters["update"] == 9
    assert tensors.keys() == expected_tensors.keys()
    assert [n for n, t in tensors.items() if not torch.equal(t, expected_tensors[n])] == []
    best, expected_best = (load_file(d / "model.safetensors") for d in (stopped, straight))
    assert all(torch.equal(best[name], tensor) for name, tensor in expected_best.items())


def test_training_lines_cover_every_update_once_over_an_interruption(train, read_metrics):
    """The updates between the last line and Ctrl-C used to be told nowhere."""
    with pytest.raises(InterruptedRun):
        train(max_steps=9, log_every=4, report=Listener(interrupt_after=6))
    assert [line["update"] for line in read_metrics("train")] == [4, 6]
    train(max_steps=9, log_every=4, resume=True)
    assert [line["update"] for line in read_metrics("train")] == [4, 6, 8, 9]


def test_metrics_beyond_the_last_save_are_cut_off_when_a_run_resumes(
    train, run_dir: Path, read_metrics
):
    settings = {"max_steps": 7, "log_every": 1, "valid_every": 3}
    with pytest.raises(InterruptedRun):
        train(report=Listener(interrupt_after=4), **settings)
    with (run_dir / "metrics.jsonl").open("a") as file:  # the process was killed later, in a write
        file.write('{"kind": "train", "update": 5, "loss": 1}\n{"kind": "valid", "upd')
    train(resume=True, **settings)
    assert [line["update"] for line in read_metrics("train")] == [1, 2, 3, 4, 5, 6, 7]
    assert [line["update"] for line in read_metrics("valid")] == [3, 6, 7]


def test_a_save_that_is_due_by_the_clock(train, run_dir: Path, monkeypatch: pytest.MonkeyPatch):
    saved: list[int] = []
    real = saves_module.save_state

    def save(run_dir: Path, session: Any, **options: Any) -> None:
        saved.append(session.progress.update)
        real(run_dir, session, **options)

    monkeypatch.setattr(saves_module, "save_state", save)
    train(max_steps=3, save_every="0m")
    assert saved == [0, 1, 2, 3, 3]
    saved.clear()
    train(max_steps=3, save_every="1000m", overwrite=True)
    assert saved == [0, 3]


def test_the_end_is_written_once_however_often_a_run_is_resumed(train, read_metrics):
    """The average of checkpoints used to be told again by every resume."""
    settings = {"max_steps": 6, "valid_every": 2, "average": True, "keep_checkpoints": 2}
    train(**settings)
    before = read_metrics()
    assert [line["kind"] for line in before].count("average") == 1
    train(resume=True, **settings)
    assert read_metrics() == before


def test_a_model_of_a_later_update_than_the_state_does_not_stay(
    train, run_dir: Path, tmp_path: Path
):
    """A best model that was written just before a kill used to survive, though it was forgotten."""
    train(max_steps=4, valid_every=2, metric="loss", lr_schedule="constant")
    earlier = shutil.copytree(run_dir, tmp_path / "earlier")
    train(max_steps=8, valid_every=2, metric="loss", lr_schedule="constant", resume=True)
    for name in ("model.safetensors", "manifest.json", "metrics.jsonl"):
        shutil.copy(run_dir / name, earlier)  # as if killed before the state was written
    train(run_dir=earlier, max_steps=4, lr_schedule="constant", resume=True)
    best = load_file(earlier / "model.safetensors")
    state, counters = state_of(earlier)
    assert counters["best_update"] == 4
    assert all(torch.equal(best[name], state[f"best.{name}"]) for name in best)
    assert json.loads((earlier / "manifest.json").read_text("utf-8"))["best"]["update"] == 4


def test_resume_of_a_finished_run_with_more_steps_goes_on(train, read_metrics):
    train(max_steps=3, lr_schedule="constant")
    assert train(max_steps=3, lr_schedule="constant", resume=True).updates == 3
    listener = Listener()
    assert train(max_steps=5, lr_schedule="constant", resume=True, report=listener).updates == 5
    assert listener.plans[0].resumed_from == 3


def test_resume_with_larger_batches_goes_on(train):
    with pytest.raises(InterruptedRun):
        train(max_steps=20, batch_tokens=12, report=Listener(interrupt_after=14))
    assert train(max_steps=20, batch_tokens=200, resume=True).updates == 20


def test_ctrl_c_names_the_command_that_goes_on(train, run_dir: Path, tiny_data: Path):
    with pytest.raises(InterruptedRun) as caught:
        train(report=Listener(interrupt_after=2))
    assert str(caught.value).startswith("stopped at update 2, and saved")
    assert (run_dir / "last" / "state.safetensors").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_best_model_is_kept_and_patience_ends_the_training(
    train, run_dir: Path, monkeypatch: pytest.MonkeyPatch, read_metrics
):
    score_as(monkeypatch, [1.0, 3.0, 2.0, 3.0, 2.5])
    listener = Listener()
    result = train(
        max_steps=None, valid_every=2, patience=3, lr_schedule="constant", report=listener
    )
    assert (result.updates, result.best_update, result.best_score) == (10, 4, 3.0)
    assert result.reason == "no better bleu in 3 validations"
    assert [line["best"] for line in read_metrics("valid")] == [True, True, False, False, False]
    last = state_of(run_dir)[0]
    best = load_file(run_dir / "model.safetensors")
    assert any(not torch.equal(best[name], last[f"model.{name}"]) for name in best)


def test_the_kept_model_is_that_of_the_best_update(
    train, run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = {"max_steps": 4, "lr_schedule": "constant"}
    score_as(monkeypatch, [2.0, 1.0, 9.0])
    train(valid_every=2, **settings)
    train(run_dir=tmp_path / "short", **{**settings, "max_steps": 2})
    best = load_file(run_dir / "model.safetensors")
    for name, tensor in load_file(tmp_path / "short" / "model.safetensors").items():
        assert torch.equal(best[name], tensor)


def test_of_equal_scores_the_lower_loss_is_the_better_one(
    train, monkeypatch: pytest.MonkeyPatch, read_metrics
):
    """While BLEU stayed at 0 the first model used to be kept, and patience ran out."""
    score_as(monkeypatch, [0.0] * 4, losses=[3.0, 2.0, 2.5, 1.0])
    result = train(max_steps=4, valid_every=1, patience=2, lr_schedule="constant")
    assert (result.best_update, result.best_score) == (4, 0.0)


def test_a_lower_loss_is_the_better_one(train, monkeypatch: pytest.MonkeyPatch, read_metrics):
    score_as(monkeypatch, [3.0, 1.0, 2.0])
    result = train(max_steps=3, valid_every=1, metric="loss")
    assert (result.metric, result.best_score, result.best_update) == ("loss", 1.0, 2)


def test_a_validation_without_a_number_is_never_the_best(
    train, monkeypatch: pytest.MonkeyPatch, read_metrics
):
    """A first loss that was no number used to stay the best for ever."""
    score_as(monkeypatch, [math.nan, 2.0, 3.0])
    result = train(max_steps=3, valid_every=1, metric="loss")
    assert (result.best_score, result.best_update) == (2.0, 2)
    assert [line["loss"] for line in read_metrics("valid")] == [None, 2.0, 3.0]


def test_with_averaging_the_average_is_validated_and_kept(train, run_dir: Path):
    train(max_steps=5, ema=0.9)
    tensors, _ = state_of(run_dir)
    for name, tensor in load_file(run_dir / "model.safetensors").items():
        assert torch.equal(tensor, tensors[f"average.{name}"])
        assert not torch.equal(tensor, tensors[f"model.{name}"])


def break_gradients(monkeypatch: pytest.MonkeyPatch, updates: set[int]) -> None:
    """Make the gradients of some updates infinite."""
    real = session_module.clip_gradients
    count = iter(range(1, 1000))

    def clip(parameters: Any, **limits: Any) -> tuple[float, bool]:
        parameters = list(parameters)
        if next(count) in updates:
            parameters[0].grad.fill_(math.inf)
        return real(parameters, **limits)

    monkeypatch.setattr(session_module, "clip_gradients", clip)


def test_an_update_without_a_finite_gradient_is_skipped_counted_and_reported(
    train, run_dir: Path, monkeypatch: pytest.MonkeyPatch, read_metrics
):
    break_gradients(monkeypatch, {2, 4})
    listener = Listener()
    result = train(max_steps=5, log_every=1, report=listener)
    assert result.updates == 5
    assert listener.warnings == [
        "update 2 was skipped: its loss or gradient was not finite (1 skipped so far)",
        "update 4 was skipped: its loss or gradient was not finite (2 skipped so far)",
    ]
    tensors, counters = state_of(run_dir)
    assert (counters["skipped"], counters["skipped_in_a_row"]) == (2, 0)
    assert all(tensor.isfinite().all() for name, tensor in tensors.items() if "random" not in name)
    norms = [line["grad_norm"] for line in read_metrics("train")]
    assert [norm is None for norm in norms] == [False, True, False, True, False]


def test_a_diverged_training_goes_back_once_with_half_the_rate_and_then_stops(
    train, run_dir: Path, monkeypatch: pytest.MonkeyPatch, read_metrics
):
    in_a_row = session_module.MAX_SKIPPED
    break_gradients(monkeypatch, set(range(7, 1000)))
    listener = Listener()
    with pytest.raises(SeqcliError) as caught:
        train(max_steps=500, save_every=4, lr_schedule="constant", log_every=1, report=listener)
    assert str(caught.value) == (
        f"update {4 + in_a_row}: the loss or the gradient was not finite {2 * in_a_row} times, "
        f"{in_a_row} of them in a row, so training has diverged; take a lower "
        "--lr, a longer --warmup-steps or a smaller --clip-norm, and start again (it had gone back "
        "once already, with half of the learning rate)"
    )
    assert sum("goes back to update 4, with half" in text for text in listener.warnings) == 1
    lines = read_metrics()
    (rollback,) = [line for line in lines if line["kind"] == "rollback"]
    assert rollback == {
        "kind": "rollback",
        "update": 4,
        "gave_up_at": 6 + in_a_row,
        "skipped": in_a_row,
        "lr_factor": 0.5,
    }
    trained = [line for line in lines if line["kind"] == "train"]
    assert [line["update"] for line in trained] == list(range(1, 4 + in_a_row))
    assert [line["lr"] for line in trained[:5]] == [0.00075, 0.0015, 0.0015, 0.0015, 0.00075]
    assert {line["skipped"] for line in trained[4:]} == {1}
    _, counters = state_of(run_dir)
    assert (counters["update"], counters["rollbacks"], counters["halvings"]) == (4, 1, 1)


def test_a_training_that_recovers_after_going_back_ends_well(
    train, run_dir: Path, monkeypatch: pytest.MonkeyPatch, read_metrics
):
    break_gradients(monkeypatch, set(range(7, 7 + session_module.MAX_SKIPPED)))
    result = train(max_steps=40, save_every=4, valid_every=10, log_every=1)
    assert result.updates == 40
    assert [line["update"] for line in read_metrics("train")] == list(range(1, 41))
    assert [line["update"] for line in read_metrics("valid")] == [10, 20, 30, 40]
    assert state_of(run_dir)[1]["skipped"] == session_module.MAX_SKIPPED


def test_a_loss_that_is_not_finite_is_skipped_though_its_gradient_is(
    train, monkeypatch: pytest.MonkeyPatch, read_metrics
):
    real = session_module.summed_losses
    count = iter(range(1, 1000))

    def losses(*arguments: Any, **keywords: Any) -> Any:
        loss, plain = real(*arguments, **keywords)
        return loss, plain * math.nan if next(count) == 2 else plain

    monkeypatch.setattr(session_module, "summed_losses", losses)
    train(max_steps=3, log_every=1)
    assert [line["skipped"] for line in read_metrics("train")] == [0, 1, 0]
    assert [line["loss"] is None for line in read_metrics("train")] == [False, True, False]


def test_a_rate_beyond_all_bounds_ends_in_words(train):
    """Weights that are no numbers used to end the first validation in a traceback."""
    with pytest.raises(SeqcliError, match="training has diverged"):
        train(
            max_steps=None,
            lr=3e38,
            warmup_steps=0,
            valid_every=1,
            lr_schedule="constant",
            patience=99,
        )


def test_max_minutes_ends_the_training(train):
    result = train(max_steps=None, max_minutes=0.02, valid_every=50)
    assert result.reason == "max_minutes (0.02) reached"


def test_minutes_that_are_used_up_at_once_still_leave_a_model(train, run_dir: Path):
    """A run without a model used to end as if all had gone well."""
    assert train(max_steps=None, max_minutes=1e-9).updates == 0
    assert len(Translator.load(run_dir).translate(["123"])) == 1


def test_data_whose_options_are_not_known_is_refused(train, tiny_data: Path, tmp_path: Path):
    data_dir = tmp_path / "data"
    shutil.copytree(tiny_data, data_dir)
    manifest = json.loads((data_dir / "manifest.json").read_text("utf-8"))
    manifest["options"]["pieces"]["colour"] = "blue"
    (data_dir / "manifest.json").write_text(dump_sealed(manifest), "utf-8")
    with pytest.raises(CorpusError, match="no options that this version of seqcli knows"):
        train(data_dir=data_dir)


def test_max_epochs_is_honoured(train, read_metrics):
    result = train(max_steps=None, max_epochs=2, log_every=1)
    assert result.reason == "max_epochs (2) reached"
    epochs = [line["epoch"] for line in read_metrics("train")]
    assert epochs.count(1) == epochs.count(2) == len(epochs) / 2


def test_without_valid_every_each_epoch_is_validated(train, read_metrics):
    train(max_steps=None, max_epochs=3)
    updates = [line["update"] for line in read_metrics("valid")]
    assert updates == [updates[0] * epoch for epoch in (1, 2, 3)]


def test_a_training_without_an_end_is_refused(train, run_dir: Path):
    with pytest.raises(SettingsError) as caught:
        train(max_steps=None, lr_schedule="constant")
    assert str(caught.value) == (
        "max_steps, max_epochs, max_minutes and patience are all off, so training would never end; "
        "set one of them"
    )
    with pytest.raises(SettingsError) as caught:
        train(max_steps=None, patience=3, lr_schedule="cosine")
    assert str(caught.value) == (
        "--lr-schedule cosine falls to zero at the end of training, but max_steps, max_epochs and "
        "max_minutes are all off; set one of them, or take the constant or inverse-sqrt schedule"
    )
    assert not run_dir.exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"hidden_size": 7},
            "--hidden-size 7: a bidirectional encoder gives half to each direction, so it must be "
            "even; change it, or add --no-bidirectional",
        ),
        ({"batch_tokens": 3}, "tokens, more than batch_tokens (3); raise --batch-tokens"),
        (
            {
                "teacher_forcing": "exponential",
                "teacher_forcing_end": 0.0,
                "teacher_forcing_steps": 9,
            },
            "--teacher-forcing-end 0.0",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    train, run_dir: Path, settings: dict[str, Any], message: str
):
    with pytest.raises(SettingsError) as caught:
        train(**settings)
    assert message in str(caught.value)
    assert not run_dir.exists()


def test_a_directory_that_is_no_data_is_refused(train, tmp_path: Path):
    with pytest.raises(CorpusError):
        train(data_dir=tmp_path)


def test_a_run_directory_in_use_needs_overwrite(train, run_dir: Path, read_metrics):
    train(max_steps=4, valid_every=1)
    with pytest.raises(SettingsError, match="--overwrite"):
        train(max_steps=2)
    train(max_steps=2, overwrite=True)
    assert [path.name for path in (run_dir / "validation").iterdir()] == ["000002.hyp"]
    assert {line["update"] for line in read_metrics()} == {2}


def test_overwrite_does_not_extend_to_a_data_directory(train, tiny_data: Path, tmp_path: Path):
    """A data directory that was given as RUN_DIR too used to lose its manifest."""
    data_dir = Path(shutil.copytree(tiny_data, tmp_path / "data"))
    before = sorted(path.read_bytes() for path in data_dir.iterdir())
    with pytest.raises(SettingsError) as caught:
        train(data_dir=data_dir, run_dir=data_dir, overwrite=True)
    assert str(caught.value) == (
        f"{data_dir / 'manifest.json'}: belongs to something that is not a run directory, and "
        "what is written here needs that name; choose another directory"
    )
    assert sorted(path.read_bytes() for path in data_dir.iterdir()) == before


def test_overwriting_leaves_no_pieces_of_the_run_before(train, run_dir: Path, tiny_data: Path):
    """Joint pieces of an earlier run used to win over the separate ones of the new run."""
    train(max_steps=1)
    texts = {name: tiny_data.parent / name for name in ("train", "valid")}
    languages = {"src_lang": "fw", "tgt_lang": "bw"}
    separate = run_dir.parent / "separate"
    preprocess(separate, **texts, **languages, model_type="char", vocab_size=300, joint=False)
    train(data_dir=separate, max_steps=1, overwrite=True)
    assert sorted(path.name for path in run_dir.glob("pieces*")) == [
        "pieces.src.model",
        "pieces.tgt.model",
    ]
    assert not load_model(run_dir)[1].joint


def test_resume_refuses_another_model(train, run_dir: Path):
    train(max_steps=1)
    with pytest.raises(SettingsError) as caught:
        train(max_steps=2, hidden_size=10, resume=True)
    assert str(caught.value) == (
        f"--hidden-size 10: the run in {run_dir} has 8, and a resumed run keeps its model; leave "
        "the flag out, or train into another RUN_DIR"
    )


def test_resume_refuses_other_data(train, run_dir: Path, tiny_data: Path):
    train(max_steps=1)
    other = run_dir.parent / "other"
    texts = {name: tiny_data.parent / name for name in ("valid", "train")}
    preprocess(
        other,
        train=texts["valid"],
        valid=texts["train"],
        src_lang="fw",
        tgt_lang="bw",
        model_type="char",
        vocab_size=300,
    )
    with pytest.raises(SettingsError) as caught:
        train(data_dir=other, max_steps=2, resume=True)
    assert str(caught.value) == (
        f"{other}: not the data that the run in {run_dir} was trained on; resume with "
        f"{tiny_data.resolve()}, or train into another RUN_DIR"
    )


def test_resume_without_a_state_is_refused(train, run_dir: Path):
    train(max_steps=1)
    for name in ("state", "previous"):
        (run_dir / "last" / f"{name}.safetensors").unlink()
    with pytest.raises(SettingsError) as caught:
        train(max_steps=2, resume=True)
    assert str(caught.value) == (
        f"{run_dir}: has no resume state, as training stopped before its first save; start it "
        "again with --overwrite instead of --resume"
    )


def test_a_trained_run_translates(train, run_dir: Path):
    train(max_steps=2)
    assert (
        len(Translator.load(run_dir, threads=1, precision="fp32").translate(["12", "", "3"])) == 3
    )


def test_the_same_seed_trains_the_same_model(train, tmp_path: Path):
    for name in ("one", "two"):
        train(run_dir=tmp_path / name, max_steps=3, dropout=0.3)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)
