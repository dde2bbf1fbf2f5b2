"""The layers of BERT and its kin, computed in as few steps as inference needs.

A query is a dozen tokens: of its way through transformers' own modules, a third of the time goes into the steps between the
products of matrices. Here queries, keys and values come from one product, and what only training or other kinds of attention
need is left out. The numbers are the same (Devlin et al., arXiv 1810.04805; layer normalisation behind each sum).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import torch

_KIN = frozenset({"bert", "camembert", "roberta", "xlm-roberta"})  # `model_type` of those whose layers are BERT's

States = Callable[..., "torch.Tensor"]
"""Takes `input_ids` and `attention_mask`, and `token_type_ids` where the model has them, each int64 of shape (b, t); gives the
states of the last layer, shape (b, t, width), in the model's own precision."""


class _Layer(NamedTuple):
    """What a layer multiplies by; the first two are of queries, keys and values, one below the other."""

    weights: torch.Tensor
    biases: torch.Tensor
    attended: torch.nn.Module
    attended_norm: torch.nn.Module
    inner: torch.nn.Module
    outer: torch.nn.Module
    norm: torch.nn.Module


def states_of(transformer: Any) -> States | None:  # noqa: ANN401 - a transformers model
    """A function that computes for inference what a model of BERT's family does; None where this is no such model."""
    config: Any = getattr(transformer, "config", None)
    if getattr(config, "model_type", "") not in _KIN or not _is_plain(config):
        return None
    from torch.nn import functional

    layers = [_take(layer) for layer in transformer.encoder.layer]
    heads, embed = config.num_attention_heads, transformer.embeddings

    def states(input_ids: torch.Tensor, attention_mask: torch.Tensor, **types: torch.Tensor) -> torch.Tensor:
        vectors: torch.Tensor = embed(input_ids=input_ids, **types)
        rows, tokens, width = vectors.shape
        seen = None if attention_mask.all() else attention_mask[:, None, None, :].bool()
        for layer in layers:
            parts = functional.linear(vectors, layer.weights, layer.biases).view(rows, tokens, 3, heads, width // heads)
            query, key, value = parts.permute(2, 0, 3, 1, 4)
            found = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
            attended = layer.attended(found.transpose(1, 2).reshape(rows, tokens, width))
            vectors = layer.attended_norm(vectors + attended)
            vectors = layer.norm(vectors + layer.outer(functional.gelu(layer.inner(vectors))))
        return vectors

    return states


def _is_plain(config: Any) -> bool:  # noqa: ANN401 - a transformers configuration
    """Whether a model of the family attends to all tokens by what they are and activates by GELU, as BERT itself does."""
    is_absolute = getattr(config, "position_embedding_type", "absolute") == "absolute"
    return is_absolute and config.hidden_act == "gelu" and not config.is_decoder


def _take(layer: Any) -> _Layer:  # noqa: ANN401 - a layer of transformers
    import torch

    own = layer.attention.self
    parts = (own.query, own.key, own.value)
    return _Layer(
        torch.cat([part.weight for part in parts]).detach(),
        torch.cat([part.bias for part in parts]).detach(),
        layer.attention.output.dense,
        layer.attention.output.LayerNorm,
        layer.intermediate.dense,
        layer.output.dense,
        layer.output.LayerNorm,
    )
