"""The layers of BERT and its kin, computed in as few steps as inference needs.

Of a query's way through transformers' own modules, half of the time goes into the steps between the products of matrices, and
of a paragraph's a third. Here queries, keys and values come from one product; activation and sum are part of the product
before them where oneDNN can do that; and what only training or other kinds of attention need is left out. The numbers are the
same (Devlin et al., arXiv 1810.04805; layer normalisation behind each sum).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import torch

_KIN = frozenset({"bert", "camembert", "roberta", "xlm-roberta"})  # `model_type` of those whose layers are BERT's
_TILE = 16  # keys that attention takes at once: those beyond the last whole tile take as long as all others
_FEW_TOKENS = 64  # so many are attended to sooner than padded

States = Callable[..., "torch.Tensor"]
"""Takes `input_ids` and `attention_mask`, and `token_type_ids` where the model has them, each int64 of shape (b, t); gives the
states of the last layer, shape (b, t, width), in the model's own precision."""


class _Product(Protocol):
    """Multiplies vectors by a matrix and adds a bias."""

    def __call__(self, vectors: torch.Tensor) -> torch.Tensor:
        """The product itself."""

    def activated(self, vectors: torch.Tensor) -> torch.Tensor:
        """The product's GELU."""

    def added(self, vectors: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """The product plus `others`."""


class _Plain:
    """A product by what every build of torch has."""

    def __init__(self, weights: torch.Tensor, biases: torch.Tensor) -> None:
        self._of = weights, biases

    def __call__(self, vectors: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        return functional.linear(vectors, *self._of)

    def activated(self, vectors: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        return functional.gelu(self(vectors))

    def added(self, vectors: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        return others + self(vectors)


class _Fused:
    """A product by oneDNN, of a matrix laid out for it once; what follows the product is done before its result is stored.

    These are the steps that torch's own compiler puts in (`torch._inductor`), here without a compiler of C++ on the machine.
    """

    def __init__(self, weights: torch.Tensor, biases: torch.Tensor) -> None:
        import torch

        self._multiply: Callable[..., torch.Tensor] = torch.ops.mkldnn._linear_pointwise
        self._add: Callable[..., torch.Tensor] = torch.ops.mkldnn._linear_pointwise.binary
        self._of = torch.ops.mkldnn._reorder_linear_weight(weights), biases

    def __call__(self, vectors: torch.Tensor) -> torch.Tensor:
        return self._multiply(vectors, *self._of, "none", [], "")

    def activated(self, vectors: torch.Tensor) -> torch.Tensor:
        return self._multiply(vectors, *self._of, "gelu", [], "none")

    def added(self, vectors: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        return self._add(vectors, others, *self._of, "add")


class _Layer(NamedTuple):
    """What a layer multiplies by; the first product is of queries, keys and values, one below the other."""

    parts: _Product
    attended: _Product
    attended_norm: torch.nn.Module
    inner: _Product
    outer: _Product
    norm: torch.nn.Module


def states_of(transformer: Any) -> States | None:  # noqa: ANN401 - a transformers model
    """A function that computes for inference what a model of BERT's family does; None where this is no such model."""
    config: Any = getattr(transformer, "config", None)
    if getattr(config, "model_type", "") not in _KIN or not _is_plain(config):
        return None
    import torch
    from torch.nn import functional

    with torch.inference_mode():
        kind = _Fused if _fuses(transformer) else _Plain
        layers = [_take(layer, kind) for layer in transformer.encoder.layer]
    heads, embed = config.num_attention_heads, transformer.embeddings

    def states(input_ids: torch.Tensor, attention_mask: torch.Tensor, **types: torch.Tensor) -> torch.Tensor:
        rows, tokens = input_ids.shape
        count = rows * tokens
        more = _round_up(count) - count
        spare = -tokens % _TILE if count > _FEW_TOKENS else 0
        seen = functional.pad(attention_mask, (0, spare))[:, None, None, :].bool()
        mask = None if seen.all() else seen
        vectors = functional.pad(embed(input_ids=input_ids, **types).view(count, -1), (0, 0, 0, more))
        for layer in layers:
            parts = layer.parts(vectors)[:count].view(rows, tokens, 3, heads, -1)
            query = parts[:, :, 0].transpose(1, 2)
            key, value = functional.pad(parts[:, :, 1:], (0, 0, 0, 0, 0, 0, 0, spare)).permute(2, 0, 3, 1, 4)
            found = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
            found = functional.pad(found.transpose(1, 2).reshape(count, -1), (0, 0, 0, more))
            vectors = layer.attended_norm(layer.attended.added(found, vectors))
            vectors = layer.norm(layer.outer.added(layer.inner.activated(vectors), vectors))
        return vectors[:count].view(rows, tokens, -1)

    return states


def _round_up(count: int) -> int:
    """Tokens that are multiplied for so many: one of four sizes an octave.

    For each size it meets for the first time, oneDNN makes code, which takes longer than to run it.
    """
    step = max(_TILE, (1 << count.bit_length()) // 8)
    return -(-count // step) * step


def _is_plain(config: Any) -> bool:  # noqa: ANN401 - a transformers configuration
    """Whether a model of the family attends to all tokens by what they are and activates by GELU, as BERT itself does."""
    is_absolute = getattr(config, "position_embedding_type", "absolute") == "absolute"
    return is_absolute and config.hidden_act == "gelu" and not config.is_decoder


def _fuses(transformer: Any) -> bool:  # noqa: ANN401 - a transformers model
    """Whether oneDNN can multiply what this model holds, where it is: this build of torch may lack it, or some step of it."""
    import torch

    weights = next(transformer.encoder.parameters())
    if weights.device.type != "cpu":
        return False
    try:
        square = _Fused(torch.ones((_TILE, _TILE), dtype=weights.dtype), torch.ones(_TILE, dtype=weights.dtype))
        row = torch.ones((1, _TILE), dtype=weights.dtype)
        square.added(square.activated(square(row)), row)
    except (AttributeError, NotImplementedError, RuntimeError):
        return False
    return True


def _take(layer: Any, kind: Callable[[torch.Tensor, torch.Tensor], _Product]) -> _Layer:  # noqa: ANN401 - a layer of transformers
    import torch

    def product(*parts: torch.nn.Linear) -> _Product:
        return kind(torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts]))

    own = layer.attention.self
    return _Layer(
        product(own.query, own.key, own.value),
        product(layer.attention.output.dense),
        layer.attention.output.LayerNorm,
        product(layer.intermediate.dense),
        product(layer.output.dense),
        layer.output.LayerNorm,
    )
