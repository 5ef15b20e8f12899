"""The reference model in plain PyTorch, as one writes it from the documentation.

nn.LSTM or nn.GRU, F.cross_entropy, Adam: the yardstick of training_speed.py, in fp32. Sizes and
equations are those of ``seqcli train --no-tie-embeddings``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.batches import Batch
from seqcli.pieces import PAD_ID

CELLS: dict[str, type[nn.LSTM] | type[nn.GRU] | type[nn.RNN]] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn": nn.RNN,
}


class PlainModel(nn.Module):
    """Bidirectional encoder, decoder with general attention, output layer."""

    def __init__(
        self, cell: str, *, vocab: int, emb_size: int, hidden_size: int, dropout: float
    ) -> None:
        """Make a model with PyTorch's own starting weights."""
        super().__init__()
        self.src_embedding = nn.Embedding(vocab, emb_size, padding_idx=PAD_ID)
        self.tgt_embedding = nn.Embedding(vocab, emb_size, padding_idx=PAD_ID)
        self.encoder = CELLS[cell](emb_size, hidden_size // 2, bidirectional=True, batch_first=True)
        self.decoder = CELLS[cell](emb_size, hidden_size, batch_first=True)
        self.projection = nn.Linear(hidden_size, hidden_size, bias=False)
        self.readout = nn.Linear(2 * hidden_size, hidden_size)
        self.output = nn.Linear(hidden_size, vocab)
        self.dropout = nn.Dropout(dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Return the scores of every piece at every position, (batch, tgt_len, vocab)."""
        encoded, last = self.encoder(self.dropout(self.src_embedding(batch.src)))
        if isinstance(last, tuple):
            state = tuple(torch.cat(list(part), dim=-1)[None] for part in last)
        else:
            state = torch.cat(list(last), dim=-1)[None]
        decoded, _ = self.decoder(self.dropout(self.tgt_embedding(batch.tgt_in)), state)
        scores = decoded @ self.projection(encoded).transpose(1, 2)
        weights = scores.masked_fill((batch.src == PAD_ID)[:, None], -torch.inf).softmax(dim=-1)
        read = torch.cat([decoded, weights @ encoded], dim=-1)
        scored: Tensor = self.output(self.dropout(torch.tanh(self.readout(read))))
        return scored


class PlainTraining:
    """A training of it."""

    def __init__(self, model: PlainModel, *, lr: float, label_smoothing: float) -> None:
        """Take a model and make its optimizer."""
        self.model = model.train()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.label_smoothing = label_smoothing

    def step(self, batch: Batch) -> None:
        """Make one update."""
        logits = self.model(batch).flatten(0, 1)
        loss = functional.cross_entropy(
            logits,
            batch.tgt_out.flatten(),
            ignore_index=PAD_ID,
            label_smoothing=self.label_smoothing,
        )
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
