"""The settings tree: every option's name, type, default, range and description, written once.

Place: defaults, YAML, environment and flags -> **Settings** -> the verbs, which hand single values
on. Imports pydantic only. Field names are unique across sections, so that flags can be flat.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from seqcli.config.cleaning import CleaningSettings
from seqcli.config.kinds import (
    Count,
    OptionalCount,
    OptionalInterval,
    OptionalPositive,
    Probability,
    Section,
    Share,
    none_if_off,
)

ModelType = Literal["unigram", "bpe", "char", "word"]
Cell = Literal["rnn", "lstm", "gru", "gru-cudnn"]
Attention = Literal["none", "dot", "general", "additive"]
AttentionLayer = Literal["top", "bottom"]
Optimizer = Literal["adam", "adamw"]
LrSchedule = Literal["constant", "inverse-sqrt", "linear", "cosine", "plateau"]
TeacherForcing = Literal["constant", "linear", "exponential", "inverse-sigmoid"]
TeacherForcingScope = Literal["token", "step", "sequence"]
KeepWhich = Literal["last", "best"]
Metric = Literal["bleu", "chrf", "loss"]
OnLoop = Literal["retry", "keep"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16", "int8"]
Kernels = Literal["auto", "torch"]


class DataSettings(Section):
    """Which text, and which pairs of it."""

    src_lang: str = Field("src", min_length=1, description="Language (file suffix) of the source.")
    tgt_lang: str = Field("tgt", min_length=1, description="Language (file suffix) of the target.")
    valid_size: Count = Field(
        1000, description="Pairs cut from the training text when there is no validation text."
    )
    max_pieces: Count = Field(
        200, description="Training pairs with more pieces than this on one side are dropped."
    )


class PiecesSettings(Section):
    """How text is cut into pieces (SentencePiece)."""

    vocab_size: Annotated[int, Field(ge=8)] = Field(
        4000, description="Pieces in a vocabulary, the special ones included; lowered if too large."
    )
    model_type: ModelType = Field("unigram", description="Kind of SentencePiece model.")
    joint: bool = Field(True, description="One vocabulary for both languages, or one for each.")
    character_coverage: float = Field(
        1.0,
        ge=0.98,
        le=1,
        description="Share of the characters that get a piece; the rest are bytes.",
    )
    byte_fallback: bool = Field(
        True,
        description="Spell characters that have no piece as bytes, so that nothing is unknown.",
    )
    user_symbols: tuple[str, ...] = Field(
        (), description="Strings that always stay one piece, such as placeholders; comma-separated."
    )
    protect: tuple[str, ...] = Field(
        (),
        description="What is copied and not translated: some of tag, url, email, placeholder, "
        "number; comma-separated.",
    )
    pieces_sample: Count = Field(
        1_000_000, description="Lines that SentencePiece learns from, drawn from the training text."
    )


class ModelSettings(Section):
    """The encoder–decoder."""

    cell: Cell = Field("gru", description="Recurrent cell.")
    hidden_size: Count = Field(
        512, description="Units of a decoder layer; a bidirectional encoder has half in each way."
    )
    emb_size: Count = Field(256, description="Width of the embeddings.")
    layers: Count = Field(1, description="Recurrent layers in the encoder and in the decoder.")
    bidirectional: bool = Field(True, description="Read the source in both directions.")
    attention: Attention = Field("general", description="How the decoder looks at the source.")
    input_feeding: bool = Field(
        False, description="Feed each attended output into the next step (slower)."
    )
    tie_embeddings: bool = Field(
        True, description="One matrix for embeddings and output layer (both sides if joint)."
    )
    layer_norm: bool = Field(
        False, description="Normalise the sums inside the gates of every cell."
    )
    residual: bool = Field(
        False, description="Add a layer's input to its output, from the second layer on."
    )
    attention_heads: Count = Field(
        1, description="Parts of a decoder state that look at the source by themselves."
    )
    attention_layer: AttentionLayer = Field(
        "top",
        description="Decoder layer that asks; bottom: all layers above read what it finds (RNMT+).",
    )
    dropout: Share = Field(0.35, description="Share of activations zeroed in training.")
    variational_dropout: bool = Field(
        False, description="Zero the same activations at every step of a sentence."
    )
    recurrent_dropout: Share = Field(
        0.0, description="Share of a state zeroed on its way to the next, at every step the same."
    )
    context_dropout: Share = Field(
        0.0, description="Share of the encoder's outputs zeroed before attention reads them."
    )
    src_word_dropout: Share = Field(
        0.0, description="Share of the source pieces whose whole embedding is zeroed."
    )
    tgt_word_dropout: Share = Field(
        0.0, description="Share of the previous target pieces whose whole embedding is zeroed."
    )


class TrainingSettings(Section):
    """The optimisation, its budget, and the machine it runs on."""

    label_smoothing: float = Field(
        0.1, ge=0, lt=1, description="Probability taken from the reference and spread evenly."
    )
    subword_alpha: OptionalPositive = Field(
        None,
        description="Cut the text anew in every epoch, with this alpha (unigram: smaller is more "
        "random) or dropout of merges (bpe), or off.",
    )
    r_drop: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="Weight of the agreement of two passes with other dropout (R-Drop); 0 is off.",
    )
    optimizer: Optimizer = Field("adam", description="Adam, or AdamW with weight decay.")
    weight_decay: float = Field(0.01, ge=0, description="Decoupled weight decay (AdamW only).")
    l2: float = Field(
        0.0, ge=0, le=1, description="L2 penalty: this share of each weight joins its gradient."
    )
    lr: float = Field(1.5e-3, gt=0, description="Learning rate at its peak, the end of warm-up.")
    lr_schedule: LrSchedule = Field(
        "linear", description="Course of lr after warm-up; linear and cosine end at zero."
    )
    lr_decay: float = Field(
        0.5, gt=0, lt=1, description="Factor of lr at a plateau of the validation score."
    )
    lr_patience: Count = Field(
        2, description="Validations without a better score that make a plateau."
    )
    warmup_steps: int = Field(200, ge=0, description="Updates in which lr rises from zero.")
    clip_norm: OptionalPositive = Field(
        1.0, description="Largest global norm of a gradient, or off."
    )
    clip_value: OptionalPositive = Field(
        None, description="Largest size of a gradient entry, or off; replaces clip_norm."
    )
    teacher_forcing: TeacherForcing = Field(
        "constant", description="Schedule of p, the probability of feeding the gold token."
    )
    teacher_forcing_start: Probability = Field(1.0, description="p at the first update.")
    teacher_forcing_end: Probability = Field(1.0, description="p at teacher_forcing_steps.")
    teacher_forcing_warmup: int = Field(0, ge=0, description="Updates that p stays at its start.")
    teacher_forcing_steps: OptionalCount = Field(
        None, description="Update at which p reaches its end."
    )
    teacher_forcing_scope: TeacherForcingScope = Field(
        "token", description="One coin for each token, time step, or sequence."
    )
    sampling_passes: int = Field(
        1,
        ge=1,
        le=2,
        description="Below p = 1: 1 is exact, step by step; 2 is fast, two passes over all steps.",
    )
    batch_tokens: Count = Field(
        2000, description="Most tokens in a batch, on its longer side, padding included."
    )
    grad_accum: Count = Field(1, description="Batches whose gradients are added for one update.")
    max_epochs: OptionalCount = Field(30, description="Passes over the training pairs, or off.")
    max_steps: OptionalCount = Field(None, description="Updates in all, or off.")
    max_minutes: OptionalPositive = Field(
        None, description="Minutes of training, or off; the learning rate then follows the clock."
    )
    valid_every: OptionalCount = Field(
        None, description="Updates between validations; off: after every epoch."
    )
    save_every: OptionalInterval = Field(
        None, description="Updates, or minutes as 10m, between saves; off: at every validation."
    )
    log_every: Count = Field(50, description="Updates between lines of metrics.jsonl.")
    tensorboard: bool = Field(
        False,
        description="Write the same numbers to RUN_DIR/tensorboard, as TensorBoard reads them.",
    )
    patience: OptionalCount = Field(
        10, description="Validations without a better score before training stops, or off."
    )
    metric: Metric = Field(
        "bleu", description="What best means: BLEU or chrF of a greedy decode, or loss."
    )
    ema: float = Field(
        0.0, ge=0, lt=1, description="Decay of the averaged weights that are validated; 0 is off."
    )
    keep_checkpoints: OptionalCount = Field(
        None, description="Validated models kept in RUN_DIR/checkpoints, or off."
    )
    keep_which: KeepWhich = Field("last", description="Which of them are kept.")
    average: bool = Field(
        False,
        description="Average the kept checkpoints at the end, and take the average if it is "
        "better; keeps 5 if keep_checkpoints is not set.",
    )
    calibrate: bool = Field(
        True,
        description="Learn from the validation set, at the end, how far scores can be trusted.",
    )
    seed: int = Field(1, ge=0, lt=2**63, description="Seed of every random choice.")
    device: Device = Field("auto", description="Where to compute.")
    threads: OptionalCount = Field(None, description="CPU threads; off: one for each core.")
    precision: Precision = Field(
        "auto",
        description="Products in fp32, bf16, or, to translate, int8; auto: the fastest that the "
        "hardware has.",
    )
    kernels: Kernels = Field(
        "auto",
        description="Steps of cells in training; auto: compiled here, if there is a C compiler.",
    )

    @model_validator(mode="before")
    @classmethod
    def _clip_value_replaces_the_default_clip_norm(cls, values: object) -> object:
        if isinstance(values, dict) and none_if_off(values.get("clip_value")) is not None:
            return {"clip_norm": None, **values}
        return values

    @model_validator(mode="before")
    @classmethod
    def _an_average_needs_checkpoints(cls, values: object) -> object:
        if isinstance(values, dict) and values.get("average") in (True, "true"):
            return {"keep_checkpoints": 5, **values}
        return values

    @model_validator(mode="after")
    def _check_together(self) -> TrainingSettings:
        if self.average and self.keep_checkpoints is None:
            raise ValueError(
                "average is of kept checkpoints, but keep_checkpoints is off; set it to a number, "
                "or leave it out for 5"
            )
        if self.clip_norm is not None and self.clip_value is not None:
            raise ValueError(
                f"clip_norm ({self.clip_norm}) and clip_value ({self.clip_value}) are both set; "
                "clip by one of them and turn the other off"
            )
        if self.teacher_forcing == "constant":
            if self.teacher_forcing_steps is not None:
                raise ValueError(
                    f"teacher_forcing_steps ({self.teacher_forcing_steps}) needs a teacher_forcing "
                    "schedule: linear, exponential or inverse-sigmoid; constant stays at "
                    "teacher_forcing_start"
                )
            return self
        if self.teacher_forcing_steps is None:
            raise ValueError(
                f"teacher_forcing {self.teacher_forcing!r} needs teacher_forcing_steps, the update "
                "at which teacher_forcing_end is reached"
            )
        if self.teacher_forcing_steps <= self.teacher_forcing_warmup:
            raise ValueError(
                f"teacher_forcing_steps ({self.teacher_forcing_steps}) must be above "
                f"teacher_forcing_warmup ({self.teacher_forcing_warmup})"
            )
        rises = self.teacher_forcing_end > self.teacher_forcing_start
        if rises and self.teacher_forcing != "linear":
            raise ValueError(
                f"teacher_forcing_end ({self.teacher_forcing_end}) must not be above "
                f"teacher_forcing_start ({self.teacher_forcing_start}) unless it is linear"
            )
        return self


class DecodingSettings(Section):
    """The search for the best translation."""

    beam_size: int = Field(
        5, ge=1, le=1000, description="Hypotheses kept at each step; 1 is greedy."
    )
    length_penalty: float = Field(
        1.0, ge=0, le=10, description="Exponent a: a finished hypothesis scores log p / length^a."
    )
    max_length_ratio: float = Field(
        2.0, ge=0, le=100, description="Most pieces out: max_length_ratio x pieces in + max_length."
    )
    max_length: int = Field(
        10, ge=0, le=100_000, description="Constant part of the most pieces out."
    )
    no_repeat_ngram: Annotated[Annotated[int, Field(ge=2)] | None, BeforeValidator(none_if_off)] = (
        Field(None, description="Never say so many pieces in a row twice, or off.")
    )
    on_loop: OnLoop = Field(
        "retry",
        description="A translation that goes round in circles: search again without repeated "
        "n-grams, or keep it; it is flagged either way.",
    )
    shortlist: bool = Field(
        False,
        description="Choose among the pieces that `seqcli shortlist` found for the source only.",
    )
    split_long: bool = Field(
        True,
        description="Translate a line longer than nearly all training sentences in parts.",
    )
    n_best: int = Field(1, ge=1, le=1000, description="Translations printed for a line.")
    sample: bool = Field(
        False, description="Draw pieces at random; temperature, top_k and top_p imply it."
    )
    temperature: float = Field(
        1.0, gt=0, description="Divides the logits before drawing; below 1 is bolder."
    )
    top_k: OptionalCount = Field(None, description="Draw from the k likeliest pieces, or off.")
    top_p: Annotated[Annotated[float, Field(gt=0, le=1)] | None, BeforeValidator(none_if_off)] = (
        Field(None, description="Draw from the fewest pieces that hold probability p, or off.")
    )

    @model_validator(mode="before")
    @classmethod
    def _what_only_sampling_uses_asks_for_it(cls, values: object) -> object:
        if isinstance(values, dict) and "sample" not in values:
            asked = [values.get(name) for name in ("top_k", "top_p")]
            is_asked = any(none_if_off(value) is not None for value in asked)
            if is_asked or str(values.get("temperature", 1)) not in ("1", "1.0"):
                return {**values, "sample": True}
        return values

    @model_validator(mode="after")
    def _check_together(self) -> DecodingSettings:
        if not self.sample and (self.temperature != 1 or self.top_k or self.top_p):
            raise ValueError("temperature, top_k and top_p are of sampling, but sample is false")
        if self.n_best > self.beam_size and not self.sample:
            raise ValueError(
                f"n_best ({self.n_best}) must not be above beam_size ({self.beam_size}); raise "
                "beam_size too"
            )
        return self


class Settings(Section):
    """Everything that a user can set, in sections."""

    data: DataSettings = DataSettings()
    cleaning: CleaningSettings = CleaningSettings()
    pieces: PiecesSettings = PiecesSettings()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    decoding: DecodingSettings = DecodingSettings()
