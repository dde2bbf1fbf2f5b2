from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
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


@pytest.fixture
def many() -> Iterator[dict[str, torch.Tensor]]:
    """Texts of 1 to 21 tokens: enough that keys are padded, and not a whole tile of them."""
    import torch

    lengths = torch.arange(1, 22)
    with torch.inference_mode():
        mask = (torch.arange(21) < lengths[:, None]).long()
        drawn = torch.randint(2, 40, mask.shape, generator=torch.Generator().manual_seed(5))
        yield {"input_ids": torch.where(mask.bool(), drawn, 1), "attention_mask": mask}


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


@pytest.mark.parametrize("is_fused", [True, False], ids=["fused", "plain"])
def test_states_of_many_tokens_are_those_of_transformers(
    is_fused: bool, many: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    if is_fused and not torch.backends.mkldnn.is_available():
        pytest.skip("this build of torch has no oneDNN")
    model = make("Bert")
    if not is_fused:
        monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace())
    assert bert._fuses(model) is is_fused
    require_equal(model, many)


def test_states_in_bfloat16_are_as_near_as_those_of_transformers(many: dict[str, torch.Tensor]) -> None:
    model, rough = make("Bert"), make("Bert").bfloat16()
    states = bert.states_of(rough)
    assert states is not None
    tokens = many["attention_mask"].bool()
    expected = model(**many).last_hidden_state[tokens]
    theirs = (rough(**many).last_hidden_state[tokens].float() - expected).square().mean()
    ours = (states(**many)[tokens].float() - expected).square().mean()
    assert 0 < ours < 1.1 * theirs < 0.001


def test_few_sizes_are_multiplied() -> None:
    sizes = {count: bert._round_up(count) for count in range(1, 4097)}
    assert all(count <= size < 1.25 * count + 16 for count, size in sizes.items())
    assert len(set(sizes.values())) == 28


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
