"""A trained model -> the same model laid out for a search, which reads its weights at every step.

Place: Seq2Seq -> **FrozenSeq2Seq** -> decoding/search.py. What does not change while a text is
translated is made once: the input products of all pieces, as a table, and the other weights as
their products read them best. The equations are those of decoder.py, whose ``step`` says the same.
Axes: batch = sentences, rows = hypotheses: batch sentences with the same number of beams each, side
by side.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seqcli.models.attention import DotAttention, Memory, attend
from seqcli.models.fixed_products import FixedProduct, ProductKind
from seqcli.models.frozen_layers import FrozenEncoder, FrozenLayer, LayerState, input_table
from seqcli.models.kernels import compiled_for
from seqcli.models.recurrence import RecurrentLayer
from seqcli.models.seq2seq import Seq2Seq
from seqcli.models.shortlist import PieceLists, Shortlist


@dataclass(frozen=True)
class FrozenState:
    """All that a decoder carries from one piece to the next."""

    layers: tuple[LayerState, ...]  # each tensor (rows, hidden)
    fed: Tensor | None  # the last readout, (rows, readout); None without input feeding

    def select(self, rows: Tensor) -> FrozenState:
        """Return the state of some rows; rows are indices, (new_rows,)."""
        layers = []
        for wide, narrow, *rest in self.layers:
            chosen = wide[rows]
            same = chosen if narrow is wide else narrow[rows]
            layers.append((chosen, same, *(part[rows] for part in rest)))
        return FrozenState(tuple(layers), None if self.fed is None else self.fed[rows])


@dataclass(frozen=True)
class FrozenMemory:
    """What attention reads, a row of units for every source piece."""

    keys: Tensor  # (batch, src_len, hidden), contiguous
    values: Tensor  # (batch, src_len, hidden), contiguous
    lengths: Tensor  # real pieces of each, (batch,)
    places: Tensor  # where the sentences that are still translated are among these, (sentences,)

    def select(self, rows: Tensor) -> FrozenMemory:
        """Return the memory of some sentences, none of it copied; rows are indices, (rows,)."""
        return replace(self, places=self.places[rows])


@dataclass(frozen=True)
class ShortMemory:
    """What attention reads, and which pieces may be said."""

    inner: FrozenMemory | Memory | None
    lists: PieceLists

    def select(self, rows: Tensor) -> ShortMemory:
        """Return the memory of some sentences; rows are indices, (rows,)."""
        inner = None if self.inner is None else self.inner.select(rows)
        return ShortMemory(inner, self.lists.select(rows))


AnyMemory = FrozenMemory | ShortMemory | Memory | None


@dataclass(frozen=True)
class ShortReadout:
    """Readouts, and the pieces whose scores are asked for."""

    values: Tensor  # (rows, readout)
    lists: PieceLists
    output: FixedProduct

    def logits(self) -> Tensor:
        """Return the scores of every piece, (rows, vocab); -inf where it is not on the list."""
        allowed = self.lists.allowed()
        scores = self.output(self.values).view(len(allowed), -1, allowed.shape[1])
        return scores.masked_fill_(~allowed[:, None], -torch.inf).flatten(0, 1)

    def best(self, keep: int) -> tuple[Tensor, Tensor] | None:
        """Return what ``output.best_listed`` says, computing nothing of other pieces."""
        return self.output.best_listed(self.values, self.lists, keep)


@dataclass(frozen=True)
class FrozenReading:
    """A read source, ready to be translated."""

    state: FrozenState
    memory: AnyMemory


class FrozenSeq2Seq:
    """A model in evaluation mode whose weights stay as they are; for searches only."""

    def __init__(self, model: Seq2Seq, kind: ProductKind) -> None:
        """Lay out the weights of a model; use ``freeze``, which knows what can be laid out."""
        self._model, decoder = model, model.decoder
        self._attention, self._dtype = decoder.attention, kind.dtype
        layers = [layer for layer in decoder.layers if isinstance(layer, RecurrentLayer)]
        self._encoder = FrozenEncoder(model, kind)
        self._layers = [FrozenLayer(layer, kind) for layer in layers]
        # Sums of layers, and values that are projected, may be beyond -1 and 1.
        is_projected = self._attention is not None and self._attention.heads > 1
        is_bounded = not is_projected and not (decoder.residual and len(layers) > 1)
        above = kind if is_bounded else kind.unbounded
        self._inputs = [FixedProduct(each.input_weight, each.bias, above) for each in layers[1:]]
        embedding = model.tgt_embedding.weight * model.emb_scale  # (vocab, emb)
        self._table = input_table(embedding, layers[:1], kind)
        of_fed = layers[0].input_weight[:, embedding.shape[1] :]
        self._of_fed = FixedProduct(of_fed, None, kind) if decoder.input_feeding else None
        readout = decoder.readout
        self._readout = FixedProduct(readout.weight, readout.bias, above, then_tanh=True)
        self._output = FixedProduct(model.output.weight, model.output.bias, kind)
        self._fused = compiled_for(self._table)
        self._shortlist: Shortlist | None = None

    def with_shortlist(self, shortlist: Shortlist) -> FrozenSeq2Seq:
        """Return the same model, for which each source allows the pieces of its list only."""
        same = copy(self)
        same._shortlist = shortlist.to(self.device)
        return same

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._model.device

    @property
    def has_attention(self) -> bool:
        """Whether the decoder looks at the source."""
        return self._model.has_attention

    def read(self, src: Tensor, src_lengths: Tensor) -> FrozenReading:
        """Encode sources, as ``Seq2Seq.read``."""
        outputs, last = self._encoder(src, src_lengths)
        fed = None
        if self._of_fed is not None:
            fed = outputs.new_zeros(len(src), self._model.decoder.readout_size)
        layers = zip(self._layers, last, strict=True)
        state = FrozenState(tuple(layer.start(own) for layer, own in layers), fed)
        memory = self._remember(outputs, src_lengths)
        if self._shortlist is None:
            return FrozenReading(state, memory)
        return FrozenReading(state, ShortMemory(memory, self._shortlist.of_sources(src)))

    def _remember(self, outputs: Tensor, src_lengths: Tensor) -> FrozenMemory | Memory | None:
        """Return what attention reads of encoder outputs (batch, src_len, hidden)."""
        if self._attention is None:
            return None
        memory = self._attention.remember(outputs, src_lengths)
        if not self._attends_fused():
            return memory
        keys, values = (
            part.transpose(1, 2).flatten(2).contiguous() for part in (memory.keys, memory.values)
        )
        return FrozenMemory(keys, values, src_lengths, torch.arange(len(src_lengths)))

    def _attends_fused(self) -> bool:
        return self._fused is not None and isinstance(self._attention, DotAttention)

    def step(
        self, prev_ids: Tensor, state: FrozenState, memory: AnyMemory
    ) -> tuple[Tensor | ShortReadout, FrozenState, None]:
        """Feed one piece to each hypothesis, as ``Seq2Seq.step``, which tells the weights too.

        Returns:
            What ``logits`` takes; the new state; None.
        """
        if isinstance(memory, ShortMemory):
            readout, new_state = self._step(prev_ids, state, memory.inner)
            return ShortReadout(readout, memory.lists, self._output), new_state, None
        readout, new_state = self._step(prev_ids, state, memory)
        return readout, new_state, None

    def _step(
        self, prev_ids: Tensor, state: FrozenState, memory: FrozenMemory | Memory | None
    ) -> tuple[Tensor, FrozenState]:
        """Return the readout, (rows, readout), and the new state."""
        decoder = self._model.decoder
        x_part = self._table[prev_ids]
        if self._of_fed is not None:
            assert state.fed is not None
            x_part = x_part + self._of_fed(state.fed)
        states = [self._layers[0].run(x_part[None], state.layers[0])]
        outputs, context = states[0][0], None
        if decoder.asks_from_bottom:
            context = self._ask(outputs, memory)[:, outputs.shape[1] :]
        for product, layer, old in zip(
            self._inputs, self._layers[1:], state.layers[1:], strict=True
        ):
            read = outputs.to(x_part.dtype)
            inputs = read if context is None else torch.cat([read, context], dim=-1)
            states.append(layer.run(product(inputs)[None], old))
            outputs = outputs + states[-1][0] if decoder.residual else states[-1][0]
        if context is None:
            asked = self._ask(outputs, memory)
        else:
            asked = torch.cat([outputs.to(context.dtype), context], dim=-1)
        readout = self._readout(asked)
        fed = readout if self._of_fed is not None else None
        return readout, FrozenState(tuple(states), fed)

    def _ask(self, queries: Tensor, memory: FrozenMemory | Memory | None) -> Tensor:
        """Return queries (rows, hidden) and their contexts side by side, (rows, 2 * hidden)."""
        narrow = self._dtype
        if self._attention is None:
            return queries.to(narrow)
        if isinstance(memory, FrozenMemory):
            assert self._fused is not None
            heads = self._attention.heads
            read = (memory.keys, memory.values, memory.lengths, memory.places)
            return self._fused.attend(queries, *read, heads=heads)
        assert memory is not None
        asking = queries.to(narrow)
        by_sentence = asking.view(len(memory.values), -1, asking.shape[1])
        context, _ = attend(self._attention, by_sentence, memory)
        return torch.cat([asking, context.reshape(asking.shape).to(narrow)], dim=-1)

    def logits(self, readouts: Tensor | ShortReadout) -> Tensor:
        """Return the scores of every piece, (rows, vocab), of readouts (rows, readout).

        Pieces that a source does not allow have -inf.
        """
        return self._output(readouts) if isinstance(readouts, Tensor) else readouts.logits()


@torch.no_grad()
def freeze(
    model: Seq2Seq, dtype: torch.dtype | None = None, *, int8: bool = False
) -> FrozenSeq2Seq | Seq2Seq:
    """Return a model laid out for a search; or itself, if its cells have layer norms.

    Args:
        model: In evaluation mode, where it shall compute; afterwards it is in dtype too, and its
            weights must not be changed.
        dtype: Of products, or, with int8, of what is between them; None for that of the model.
        int8: Whether products have weights and inputs of 8 bits, where inputs are bounded.
    """
    kind = ProductKind(dtype or model.output.weight.dtype, int8=int8)
    has_norm = any(
        isinstance(layer, RecurrentLayer) and layer.gain is not None
        for layer in model.decoder.layers
    )
    frozen = None if has_norm else FrozenSeq2Seq(model, kind)
    model.to(dtype=kind.dtype)
    return model if frozen is None else frozen
