"""The whole model: source ids and previous target ids -> scores of every next piece.

Place: batches -> **Seq2Seq** -> training/loss.py, decoding/search.py.
Axes: batch = sentences, src_len / tgt_len = pieces, padded to the longest; rows = hypotheses.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.models.architecture import Architecture
from seqcli.models.attention import Memory
from seqcli.models.decoder import Decoder, DecoderState
from seqcli.models.dropout import Dropout, times
from seqcli.models.encoder import Encoder


@dataclass(frozen=True)
class Reading:
    """A read source, ready to be translated."""

    state: DecoderState
    memory: Memory | None


class Seq2Seq(nn.Module):
    """Embeddings, encoder, decoder and output layer."""

    def __init__(
        self,
        architecture: Architecture,
        *,
        src_vocab_size: int,
        tgt_vocab_size: int,
        joint: bool,
    ) -> None:
        """Make a model with random weights (from torch's global generator).

        Args:
            architecture: What it is built of.
            src_vocab_size: Source pieces.
            tgt_vocab_size: Target pieces.
            joint: Whether both sides have the same pieces, so that they can share embeddings.
        """
        super().__init__()
        emb_size, is_tied = architecture.emb_size, architecture.tie_embeddings
        self.src_embedding = nn.Embedding(src_vocab_size, emb_size)
        share = joint and is_tied
        self.tgt_embedding = self.src_embedding if share else nn.Embedding(tgt_vocab_size, emb_size)
        self.encoder = Encoder(architecture)
        self.decoder = Decoder(architecture)
        self.output = nn.Linear(architecture.readout_size, tgt_vocab_size)
        self.src_word_dropout = Dropout(architecture.src_word_dropout)
        self.tgt_word_dropout = Dropout(architecture.tgt_word_dropout)
        nn.init.zeros_(self.output.bias)
        for embedding in (self.src_embedding, self.tgt_embedding):
            nn.init.normal_(embedding.weight, std=emb_size**-0.5)
        if is_tied:
            self.output.weight = self.tgt_embedding.weight
        self.emb_scale = emb_size**0.5  # back to unit variance, as tied matrices are small

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.output.weight.device

    @property
    def has_attention(self) -> bool:
        """Whether the decoder looks at the source."""
        return self.decoder.attention is not None

    def _embed(self, embedding: nn.Embedding, ids: Tensor, word_dropout: Dropout) -> Tensor:
        """Return embeddings, (*ids, emb); in training some are zero as a whole.

        Source: Sennrich et al. 2016, Edinburgh neural machine translation systems, section 2.4
        (word dropout); Gal & Ghahramani 2016, section 4.2.
        """
        embedded = embedding(ids) * self.emb_scale
        return times(embedded, word_dropout.draw((*ids.shape, 1), embedded))

    def read(self, src: Tensor, src_lengths: Tensor) -> Reading:
        """Encode sources.

        Args:
            src: Pieces and EOS, (batch, src_len).
            src_lengths: Real pieces of each, EOS included, (batch,).
        """
        embedded = self._embed(self.src_embedding, src.t(), self.src_word_dropout)
        encoded = self.encoder(embedded, src_lengths)
        return Reading(*self.decoder.start(encoded, src_lengths))

    def readouts(self, reading: Reading, tgt_in: Tensor) -> Tensor:
        """Return the readout of every position, (batch, tgt_len, readout).

        Args:
            reading: The sources.
            tgt_in: BOS and pieces: what is fed at each position, (batch, tgt_len).
        """
        embedded = self._embed(self.tgt_embedding, tgt_in.t(), self.tgt_word_dropout)
        readouts: Tensor = self.decoder(embedded, reading.state, reading.memory)
        return readouts

    def forward(self, src: Tensor, src_lengths: Tensor, tgt_in: Tensor) -> Tensor:
        """Return the teacher-forced logits of every position, (batch, tgt_len, vocab)."""
        logits: Tensor = self.output(self.readouts(self.read(src, src_lengths), tgt_in))
        return logits

    def step(
        self, prev_ids: Tensor, state: DecoderState, memory: Memory | None
    ) -> tuple[Tensor, DecoderState, Tensor | None]:
        """Feed one piece to each hypothesis.

        Args:
            prev_ids: The previous piece, (rows,).
            state: State of the same rows.
            memory: What attention reads; rows is a multiple of its batch.

        Returns:
            Readout, (rows, readout); the new state; attention weights, (rows, src_len), or None.
        """
        embedded = self._embed(self.tgt_embedding, prev_ids, self.tgt_word_dropout)
        stepped: tuple[Tensor, DecoderState, Tensor | None] = self.decoder.step(
            embedded, state, memory
        )
        return stepped

    def logits(self, readouts: Tensor) -> Tensor:
        """Return the scores of every piece, (..., vocab), of readouts (..., readout)."""
        return functional.linear(readouts, self.output.weight, self.output.bias)


def count_parameters(model: nn.Module) -> int:
    """Return the number of weights, shared ones counted once."""
    return sum(parameter.numel() for parameter in model.parameters())
