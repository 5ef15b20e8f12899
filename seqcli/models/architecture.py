"""What a model is built of: names and sizes, each with the meaning that the settings give it.

Place: settings -> **Architecture** -> seq2seq, encoder, decoder. Imports nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """Everything about an encoder–decoder but its vocabularies."""

    cell: str  # a key of CELLS
    hidden_size: int  # units of a layer; even if bidirectional, a multiple of attention_heads
    emb_size: int  # width of the embeddings
    layers: int  # recurrent layers in the encoder and in the decoder
    bidirectional: bool  # whether the encoder reads both ways
    attention: str  # a key of ATTENTIONS
    input_feeding: bool  # whether the last readout is part of the decoder's next input
    tie_embeddings: bool  # output layer = target embedding, and source embedding too if joint
    dropout: float  # share of embeddings, outputs between layers and readouts that is zeroed
    layer_norm: bool = False  # whether the sums inside the gates are normalised
    residual: bool = False  # whether a layer's input is added to its output, from layer 2 on
    attention_heads: int = 1  # parts of a state that look at the source by themselves
    attention_layer: str = "top"  # decoder layer that asks: top, or bottom (RNMT+)
    variational_dropout: bool = False  # whether a sentence has the same coins at every step
    recurrent_dropout: float = 0.0  # share of h_{t-1} zeroed before its products
    context_dropout: float = 0.0  # share of the encoder's outputs zeroed
    src_word_dropout: float = 0.0  # share of source embeddings zeroed as a whole
    tgt_word_dropout: float = 0.0  # share of previous target embeddings zeroed as a whole

    @property
    def readout_size(self) -> int:
        """Width of what the output layer reads."""
        return self.emb_size if self.tie_embeddings else self.hidden_size
