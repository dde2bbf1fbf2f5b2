from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from index import bert

if TYPE_CHECKING:
    import torch

SHAPE: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 32,
    "pad_token_id": 1,
}


def make(kind: str, **changed: Any) -> Any:
    """A small model with random weights: drawn as usual, biases and norms would be 0 and 1, and mistakes in them not show."""
    import torch
    import transformers

    torch.manual_seed(3)
    model = getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**SHAPE, **changed))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


@pytest.fixture
def batch() -> Iterator[dict[str, torch.Tensor]]:
    """Two texts, the second one shorter."""
    import torch

    with torch.inference_mode():
        yield {
            "input_ids": torch.tensor([[0, 7, 8, 9, 2], [0, 5, 2, 1, 1]]),
            "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
        }


def require_equal(model: Any, features: dict[str, torch.Tensor]) -> None:
    import torch

    states = bert.states_of(model)
    assert states is not None
    tokens = features["attention_mask"].bool()
    found, expected = states(**features)[tokens], model(**features).last_hidden_state[tokens]
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rows", [2, 1], ids=["padded", "alone"])
@pytest.mark.parametrize("kind", ["Bert", "XLMRoberta"])
def test_states_are_those_of_transformers(kind: str, rows: int, batch: dict[str, torch.Tensor]) -> None:
    require_equal(make(kind), {name: values[:rows] for name, values in batch.items()})


def test_kinds_of_tokens_count(batch: dict[str, torch.Tensor]) -> None:
    import torch

    model = make("Bert")
    plain = model(**batch).last_hidden_state
    batch["token_type_ids"] = torch.tensor([[0, 0, 1, 1, 1], [0, 1, 1, 0, 0]])
    assert not torch.allclose(model(**batch).last_hidden_state, plain)
    require_equal(model, batch)


@pytest.mark.parametrize(
    ("kind", "changed"),
    [("DistilBert", {}), ("Bert", {"hidden_act": "relu"}), ("Bert", {"is_decoder": True})],
    ids=["another kind", "another activation", "a decoder"],
)
def test_other_models_are_left_to_transformers(kind: str, changed: dict[str, Any]) -> None:
    assert bert.states_of(make(kind, **changed)) is None


def test_a_model_without_a_transformer_is_left_alone() -> None:
    assert bert.states_of(None) is None
