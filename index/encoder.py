"""Text to unit vectors: the one place that loads a model."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from index.embedded import ModelError

if TYPE_CHECKING:
    import torch

    from index.model import Model

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]

_TOKENS_PER_BATCH = 8192  # large enough to keep two cores busy, small enough for their caches


class Encoder:
    """A loaded model. Safe to share between threads: one text at a time goes through it."""

    def __init__(self, model: Model) -> None:
        """Load the weights, in bfloat16 where the processor computes in it, else in float32.

        Raises:
            ModelError: sentence-transformers cannot load the folder.
        """
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        # The pooling layer of BERT is not used and rightly missing from the weights; its report would alarm the keeper.
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
        device, dtype = _device_and_dtype()
        try:
            self._model = SentenceTransformer(
                str(model.folder), device=device, model_kwargs={"dtype": dtype}, local_files_only=True
            ).eval()
            # Pooled in bfloat16, a vector would lose three digits; what follows the transformer is cheap in float32.
            for module in list(self._model)[1:]:
                module.float()
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(f"sentence-transformers cannot load {model.name}: {reason}") from error
        self._torch = torch
        self._lock = threading.Lock()
        self._query_prompt = _prompt(self._model, "query")
        self._paragraph_prompt = _prompt(self._model, "passage", "document")
        self.fingerprint = model.fingerprint
        self.dim = int(self._model.get_embedding_dimension() or 0)

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed what readers typed.

        Returns:
            float32, shape (len(texts), dim); every row has unit length.
        """
        return self._encode(texts, self._query_prompt)

    def encode_paragraphs(self, texts: Sequence[str]) -> Matrix:
        """Embed paragraphs of releases; what is longer than the model's window counts up to the window's end.

        Returns:
            float32, shape (len(texts), dim); every row has unit length.
        """
        return self._encode(texts, self._paragraph_prompt)

    def _encode(self, texts: Sequence[str], prompt: str) -> Matrix:
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        if not texts:
            return vectors
        with self._lock, self._torch.inference_mode():
            tokens = self._model.tokenizer(
                [prompt + text for text in texts], truncation=True, max_length=self._model.max_seq_length
            )
            lengths = [len(ids) for ids in tokens["input_ids"]]
            for rows in _batches(lengths, _TOKENS_PER_BATCH):
                vectors[rows] = self._forward({name: [values[row] for row in rows] for name, values in tokens.items()})
        return vectors

    def _forward(self, tokens: dict[str, list[list[int]]]) -> Matrix:
        features = dict(self._model.tokenizer.pad(tokens, return_tensors="pt").to(self._model.device))
        features = self._model[0](features)
        features["token_embeddings"] = features["token_embeddings"].float()
        for module in list(self._model)[1:]:
            features = module(features)
        vectors = self._torch.nn.functional.normalize(features["sentence_embedding"], dim=1)
        return np.asarray(vectors.cpu().numpy(), dtype=np.float32)


def load_plain(model: Model) -> Callable[[Sequence[str]], Matrix]:
    """Load a model as sentence-transformers itself would, in float32: what a benchmark compares with.

    Returns:
        A function from texts to float32 vectors, shape (len(texts), dim).
    """
    import torch
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(model.folder), device="cpu", model_kwargs={"dtype": torch.float32}, local_files_only=True)
    prompt = _prompt(plain, "passage", "document")

    def encode(texts: Sequence[str]) -> Matrix:
        return np.asarray(plain.encode(list(texts), prompt=prompt, show_progress_bar=False))

    return encode


def _batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Group rows of similar length, the longest first, so that hardly any padding is computed.

    Args:
        lengths: Tokens per row.
        budget: Tokens per group, padding included; a group has at least one row.
    """
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        if groups and lengths[groups[-1][0]] * (len(groups[-1]) + 1) <= budget:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _prompt(model: Any, *names: str) -> str:  # noqa: ANN401 - a SentenceTransformer, which is imported late
    """The model's own instruction before a text; models of the e5 family need one, most others have none."""
    for name in names:
        if prompt := model.prompts.get(name):
            return str(prompt)
    return ""


def _device_and_dtype() -> tuple[str, torch.dtype]:
    import torch

    if torch.cuda.is_available():
        return "cuda", torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if torch.backends.mps.is_available():
        return "mps", torch.float32
    features = torch.cpu.get_capabilities()
    in_hardware = any(features.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))
    return "cpu", torch.bfloat16 if in_hardware else torch.float32
