"""Fine-tune an encoder: the one place that trains."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.encoder import cores
from index.pairs import Pair

if TYPE_CHECKING:
    import torch

    from index.model import Model

BATCH = 48
STEPS = 100
_RATE = 3e-5
_TEMPERATURE = 0.05
_MAX_TOKENS = 128
_SHARE_OF_TUNED = 0.7
_SEED = 0


def train(
    model: Model,
    pairs: Sequence[Pair],
    query_mean: np.ndarray,
    passage_mean: np.ndarray,
    folder: Path,
    on_step: Callable[[], object],
) -> None:
    """Fine-tune a model on pairs and write it as a sentence-transformers folder.

    Contrastive learning with the other passages of a batch as wrong answers, in both directions (Henderson et al., arXiv
    1705.00652; Radford et al., arXiv 2103.00020), on similarities centred as the index centres them. Only the upper half of
    the layers moves, and only `_SHARE_OF_TUNED` of the way (WiSE-FT, Wortsman et al., arXiv 2109.01903), so that what the
    model knew of other languages stays.

    Args:
        model: What to start from.
        pairs: `STEPS` × `BATCH` of them, in the order of training; no two of a batch from one release.
        query_mean: Mean vector of representative questions, float32, shape (dim,).
        passage_mean: Mean vector of the archive's passages, float32, shape (dim,).
        folder: Does not exist yet, and appears when the model is whole.
        on_step: Called after each step.

    Raises:
        OSError: The folder cannot be written.
    """
    import torch
    from datasets import Dataset, disable_progress_bars
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
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
    tuned = SentenceTransformer(str(model.folder), model_kwargs={"dtype": torch.float32}, local_files_only=True)
    tuned.model_card_data.generate_widget_examples = False
    max_tokens = tuned.max_seq_length
    tuned.max_seq_length = min(_MAX_TOKENS, max_tokens or _MAX_TOKENS)
    _prepare(tuned)
    before = {name: value.clone() for name, value in tuned.state_dict().items()}
    means = torch.tensor(query_mean, device=tuned.device), torch.tensor(passage_mean, device=tuned.device)
    loss = MultipleNegativesRankingLoss(
        tuned,
        scale=1 / _TEMPERATURE,
        similarity_fct=lambda queries, passages: _centred(queries, means[0]) @ _centred(passages, means[1]).T,
        directions=("query_to_doc", "doc_to_query"),
        partition_mode="per_direction",
    )
    prompts = {"question": tuned.prompts.get("query") or "", "passage": tuned.prompts.get("passage") or ""}
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
            prompts=prompts,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=_SEED,
            use_cpu=tuned.device.type == "cpu",
            dataloader_pin_memory=False,
        )
        columns = {"question": [pair.question for pair in pairs], "passage": [pair.passage for pair in pairs]}
        trainer = SentenceTransformerTrainer(
            tuned, arguments, train_dataset=Dataset.from_dict(columns), loss=loss, callbacks=[_Steps()]
        )
        trainer.remove_callback(PrinterCallback)  # stdout belongs to the command's own document
        trainer.train()
        tuned.load_state_dict({name: _between(before[name], value) for name, value in tuned.state_dict().items()})
        tuned.max_seq_length = max_tokens
        whole = Path(scratch) / "model"
        tuned.save_pretrained(str(whole), create_model_card=False)
        whole.rename(folder)


def _prepare(tuned: Any) -> None:  # noqa: ANN401 - a SentenceTransformer, which is imported late
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


def _centred(vectors: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    import torch

    unit = torch.nn.functional.normalize(vectors.float(), dim=1)
    return torch.nn.functional.normalize(unit - mean, dim=1)


def _between(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    return before.lerp(after, _SHARE_OF_TUNED) if after.is_floating_point() else after


def _in_order(dataset: Any, batch_size: int, drop_last: bool, **_kwargs: object) -> Any:  # noqa: ANN401
    """Batches as they were drawn: shuffled, two pairs of one release could meet and count as each other's wrong answers."""
    import torch

    return torch.utils.data.BatchSampler(torch.utils.data.SequentialSampler(dataset), batch_size, drop_last)
