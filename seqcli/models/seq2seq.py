"""The whole model: source ids and previous target ids -> scores of every next piece.

Place: batches -> **Seq2Seq** -> training/loss.py, decoding/search.py.
Axes: batch = sentences, src_len / tgt_len = pieces, padded to the longest; rows = hypotheses.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from seqcli.models.attention import Memory
from seqcli.models.decoder import Decoder, DecoderState
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
        *,
        src_vocab_size: int,
        tgt_vocab_size: int,
        joint: bool,
        cell: str,
        hidden_size: int,
        emb_size: int,
        layers: int,
        bidirectional: bool,
        attention: str,
        input_feeding: bool,
        tie_embeddings: bool,
        dropout: float,
    ) -> None:
        """Make a model with random weights (from torch's global generator).

        Args:
            src_vocab_size: Source pieces.
            tgt_vocab_size: Target pieces.
            joint: Whether both sides have the same pieces, so that they can share embeddings.
            cell: A key of ``CELLS``.
            hidden_size: Units of a layer; even if bidirectional.
            emb_size: Width of the embeddings.
            layers: Recurrent layers in the encoder and in the decoder.
            bidirectional: Whether the encoder reads both ways.
            attention: A key of ``ATTENTIONS``.
            input_feeding: Whether the last readout is part of the decoder's next input.
            tie_embeddings: Whether the output layer is the target embedding, and, if joint, the
                source embedding too.
            dropout: Share of activations zeroed in training.
        """
        super().__init__()
        readout_size = emb_size if tie_embeddings else hidden_size
        self.src_embedding = nn.Embedding(src_vocab_size, emb_size)
        share = joint and tie_embeddings
        self.tgt_embedding = self.src_embedding if share else nn.Embedding(tgt_vocab_size, emb_size)
        self.encoder = Encoder(
            cell=cell,
            emb_size=emb_size,
            hidden_size=hidden_size,
            layers=layers,
            bidirectional=bidirectional,
            dropout=dropout,
        )
        self.decoder = Decoder(
            cell=cell,
            emb_size=emb_size,
            hidden_size=hidden_size,
            readout_size=readout_size,
            layers=layers,
            attention=attention,
            input_feeding=input_feeding,
            dropout=dropout,
        )
        self.output = nn.Linear(readout_size, tgt_vocab_size)
        nn.init.zeros_(self.output.bias)
        for embedding in (self.src_embedding, self.tgt_embedding):
            nn.init.normal_(embedding.weight, std=emb_size**-0.5)
        if tie_embeddings:
            self.output.weight = self.tgt_embedding.weight
        self.emb_scale = emb_size**0.5  # back to unit variance, as tied matrices are small

    def read(self, src: Tensor, src_lengths: Tensor) -> Reading:
        """Encode sources.

        Args:
            src: Pieces and EOS, (batch, src_len).
            src_lengths: Real pieces of each, EOS included, (batch,).
        """
        embedded = self.src_embedding(src.t()) * self.emb_scale  # (src_len, batch, emb)
        encoded = self.encoder(embedded, src_lengths)
        return Reading(*self.decoder.start(encoded, src_lengths))

    def readouts(self, reading: Reading, tgt_in: Tensor) -> Tensor:
        """Return the readout of every position, (batch, tgt_len, readout).

        Args:
            reading: The sources.
            tgt_in: BOS and pieces: what is fed at each position, (batch, tgt_len).
        """
        embedded = self.tgt_embedding(tgt_in.t()) * self.emb_scale  # (tgt_len, batch, emb)
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
        embedded = self.tgt_embedding(prev_ids) * self.emb_scale
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
