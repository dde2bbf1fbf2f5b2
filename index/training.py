"""Fine-tune an encoder to ask: the one place that trains."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.encoder import Matrix, cores
from index.glossary import write_out
from index.model import Model, write_origin
from index.pairs import Pair
from index.space import Space

if TYPE_CHECKING:
    import torch

BATCH = 48
STEPS = 150
MAP_STEPS = 150
_RATE = 3e-5
_TEMPERATURE = 0.05
_MAX_TOKENS = 64
_SHARE_OF_TUNED = 0.3
_MAP_QUESTIONS = 3_000
_MAP_BATCH = 96
_MAP_RATE = 1e-3
_MAP_PENALTY = 0.1
_SHARE_OF_MAP = 0.35
_SEED = 0


_ATTENTION = {"attn_implementation": "eager"}  # of the kinds that a processor knows, the quickest one backwards


@dataclass(frozen=True, slots=True)
class Target:
    """What questions are to find: passages as an index holds them.

    Attributes:
        space: Where questions are placed.
        passages: Placed vectors, float32, shape (n, dim); every row has unit length.
        offsets: Hub offsets, float32, shape (n,).
        releases: Which release a row belongs to, counted from 0 and never falling: int, shape (n,).
    """

    space: Space
    passages: Matrix
    offsets: np.ndarray
    releases: np.ndarray


def train(model: Model, pairs: Sequence[Pair], target: Target, folder: Path, on_step: Callable[[], object]) -> None:
    """Fine-tune a model's reading of questions and write it as a sentence-transformers folder.

    The passages stay as they are, as in the later rounds of dense retrieval training (Zhan et al., arXiv 2104.08051): so each
    question is compared with all of them at every step, none is embedded again, and what passages know of each other is kept.
    A question learns to find its passage, and its release by whichever passage. Only the upper half of the layers moves, and
    only `_SHARE_OF_TUNED` of the way (WiSE-FT, Wortsman et al., arXiv 2109.01903), so that what the model knew of other
    languages stays.

    Args:
        model: What to start from; it encodes the passages.
        pairs: `STEPS` × `BATCH` of them, in the order of training.
        target: What the pairs' rows refer to.
        folder: Does not exist yet, and appears when the model is whole.
        on_step: Called after each of the steps of both, `STEPS` and `MAP_STEPS`.

    Raises:
        OSError: The folder cannot be written.
    """
    import torch
    from datasets import Dataset, disable_progress_bars
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from transformers import PrinterCallback, TrainerCallback
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    disable_progress_bars()
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)

    class _Steps(TrainerCallback):
        def on_step_end(self, *_args: object, **_kwargs: object) -> None:
            on_step()

    torch.set_num_threads(cores())  # an `Encoder` in this process may have set it otherwise
    tuned = SentenceTransformer(str(model.folder), model_kwargs={"dtype": torch.float32, **_ATTENTION}, local_files_only=True)
    tuned.model_card_data.generate_widget_examples = False
    max_tokens = tuned.max_seq_length
    tuned.max_seq_length = min(_MAX_TOKENS, max_tokens or _MAX_TOKENS)
    _prepare(tuned)
    before = {name: value.clone() for name, value in tuned.state_dict().items()}
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".training-") as scratch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*pin_memory.*")
        arguments = SentenceTransformerTrainingArguments(
            output_dir=scratch,
            max_steps=len(pairs) // BATCH,
            per_device_train_batch_size=BATCH,
            learning_rate=_RATE,
            warmup_steps=20,
            bf16=True,
            batch_sampler=_in_order,
            prompts={"question": _query_prompt(tuned)},
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=_SEED,
            use_cpu=tuned.device.type == "cpu",
            dataloader_pin_memory=False,
        )
        questions, rows = [write_out(pair.question).text for pair in pairs], [pair.row for pair in pairs]
        goal = _Goal(target, tuned.device)
        trainer = SentenceTransformerTrainer(
            tuned,
            arguments,
            train_dataset=Dataset.from_dict({"question": questions, "label": rows}),
            loss=_loss(tuned, goal),
            callbacks=[_Steps()],
        )
        trainer.remove_callback(PrinterCallback)  # stdout belongs to the command's own document
        trainer.train()
        tuned.load_state_dict({name: _between(before[name], value) for name, value in tuned.state_dict().items()})
        _append_map(tuned, questions[:_MAP_QUESTIONS], rows[:_MAP_QUESTIONS], goal, on_step)
        tuned.max_seq_length = max_tokens
        whole = Path(scratch) / "model"
        tuned.save_pretrained(str(whole), create_model_card=False)
        write_origin(whole, model)
        whole.rename(folder)


class _Goal:
    """A `Target` as tensors, and how far questions are from it."""

    def __init__(self, target: Target, device: torch.device) -> None:
        import torch

        def tensor(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(array).to(device)

        self.mean, self._stretch = tensor(target.space.query_mean), tensor(target.space.map)
        self._passages, self._offsets = tensor(target.passages), tensor(target.offsets)
        self._releases = tensor(target.releases.astype(np.int64))

    def centred(self, vectors: torch.Tensor) -> torch.Tensor:
        """The model's vectors of questions, without what all have in common: unit rows."""
        from torch.nn.functional import normalize

        return normalize(normalize(vectors.float(), dim=1) - self.mean, dim=1)

    def odds(self, centred: torch.Tensor) -> torch.Tensor:
        """Logarithm of each passage's odds to be what a question asks for: shape (questions, passages)."""
        import torch
        from torch.nn.functional import normalize

        placed = normalize(centred @ self._stretch, dim=1)
        return torch.log_softmax((placed @ self._passages.T - self._offsets) / _TEMPERATURE, dim=1)

    def miss_of_releases(self, odds: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of the right passages' releases, the odds of whose passages add up."""
        by_release = odds.new_zeros(len(odds), int(self._releases[-1]) + 1).index_add(1, self._releases, odds.exp())
        right = by_release.gather(1, self._releases[rows][:, None]).clamp_min(1e-20)
        return -right.log().mean()


def _loss(tuned: Any, goal: _Goal) -> torch.nn.Module:  # noqa: ANN401 - a SentenceTransformer, which is imported late
    """Cross-entropy of the right passage among all, plus that of the right release."""
    import torch
    from torch.nn.functional import nll_loss

    class _Loss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = tuned

        def forward(self, sentence_features: Sequence[dict[str, Any]], labels: torch.Tensor) -> torch.Tensor:
            odds = goal.odds(goal.centred(self.model(sentence_features[0])["sentence_embedding"]))
            return nll_loss(odds, labels) + goal.miss_of_releases(odds, labels)

    return _Loss()


def _append_map(
    tuned: Any,  # noqa: ANN401 - a SentenceTransformer
    questions: Sequence[str],
    rows: Sequence[int],
    goal: _Goal,
    on_step: Callable[[], object],
) -> None:
    """Learn a linear map of centred questions that leads them to their releases, and put part of it behind the model.

    Learned as what is added to each question, and penalised by its size, so that it stays near to leaving all as it is.
    """
    import torch
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize

    centred = goal.centred(
        tuned.encode(list(questions), prompt=_query_prompt(tuned), convert_to_tensor=True, show_progress_bar=False)
    )
    labels = torch.tensor(rows, device=centred.device)
    chance = torch.Generator().manual_seed(_SEED)
    added = torch.zeros(centred.shape[1], centred.shape[1], device=centred.device, requires_grad=True)
    optimizer = torch.optim.Adam([added], lr=_MAP_RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 1 / MAP_STEPS, total_iters=MAP_STEPS)
    for _ in range(MAP_STEPS):
        drawn = torch.randint(len(labels), (_MAP_BATCH,), generator=chance).to(centred.device)
        asked = torch.nn.functional.normalize(centred[drawn] + centred[drawn] @ added, dim=1)
        loss = goal.miss_of_releases(goal.odds(asked), labels[drawn]) + _MAP_PENALTY * added.square().sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        on_step()
    weight = torch.eye(len(added), device=added.device) + _SHARE_OF_MAP * added.detach()
    # Centred, mapped and moved back, for it is the space that centres.
    dense = Dense(
        len(weight),
        len(weight),
        activation_function=torch.nn.Identity(),
        init_weight=weight.T.contiguous(),
        init_bias=goal.mean - goal.mean @ weight,
    )
    if not isinstance(tuned[-1], Normalize):
        tuned.append(Normalize())
    tuned.append(dense)


def _query_prompt(tuned: Any) -> str:  # noqa: ANN401 - a SentenceTransformer
    return tuned.prompts.get("query") or ""


def _prepare(tuned: Any) -> None:  # noqa: ANN401 - a SentenceTransformer
    """Freeze embeddings and the lower half of the layers, and turn dropout off: it slows attention and gains little here."""
    import torch

    transformer = tuned[0].model
    layers: Any = next((module for module in transformer.modules() if isinstance(module, torch.nn.ModuleList)), [])
    frozen = [getattr(transformer, "embeddings", None), *list(layers)[: len(layers) // 2]]
    for parameter in (parameter for module in frozen if module is not None for parameter in module.parameters()):
        parameter.requires_grad_(False)
    for module in tuned.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0


def _between(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    return before.lerp(after, _SHARE_OF_TUNED) if after.is_floating_point() else after


def _in_order(dataset: Any, batch_size: int, drop_last: bool, **_kwargs: object) -> Any:  # noqa: ANN401
    """Batches as they were drawn, every release once before any comes again."""
    import torch

    return torch.utils.data.BatchSampler(torch.utils.data.SequentialSampler(dataset), batch_size, drop_last)
