"""Text to unit vectors: the one place that loads a model."""

from __future__ import annotations

import copy
import logging
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from index import bert
from index.embedded import ModelError
from index.glossary import write_out
from index.sentences import Span

if TYPE_CHECKING:
    import torch

    from index.model import Model

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]

_TOKENS_PER_BATCH = 2048
"""What a core's second-level cache roughly holds of a layer's activations; four times as many are slower."""


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of one text that goes through the model at once.

    Attributes:
        text: Which of the texts.
        ids: Token ids, special ones and prompt included.
        head: How many ids come before the stretch.
        start: Where the stretch begins among the text's tokens.
        own: The text's tokens, from and to, that have more context in this window than in any other.
    """

    text: int
    ids: list[int]
    head: int
    start: int
    own: tuple[int, int]


class Encoder:
    """A loaded model. Safe to share between threads.

    Batches go through the model side by side, one core each, which is a tenth faster than all cores on one batch, and keeps
    an index run from starving a server beside it: threads that wait for each other within a layer would. So does a query: all
    cores would have it done a quarter sooner on an idle machine, and ten times later on a busy one.
    """

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
        self._states = bert.states_of(getattr(self._model[0], "model", None))
        workers = cores() if device == "cpu" else 1
        self._pool = ThreadPoolExecutor(workers, "encoder", initializer=torch.set_num_threads, initargs=(1,))
        self._tokenizer = self._model.tokenizer
        # What the tokenizer wraps, without what the wrapper looks after on each call: so it can be shared between threads.
        self._cut = copy.deepcopy(self._tokenizer.backend_tokenizer)
        self._cut.no_truncation()
        self._cut.no_padding()
        self._before, self._after = _special_ids(self._tokenizer)
        self._query_prompt = self._prompt_ids("query")
        self._passage_prompt = self._prompt_ids("passage", "document")
        self.fingerprint = model.fingerprint
        self.dim = int(self._model.get_embedding_dimension() or 0)
        self._pools_tokens = model.pools_tokens

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed what readers typed; of a text longer than the model's window, the beginning counts.

        Returns:
            float32, shape (len(texts), dim); every row has unit length.
        """
        windows = [self._windows(number, ids, self._query_prompt)[0] for number, ids in enumerate(self._tokens(texts)[0])]
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for window, vector, _ in self._run(windows):
            vectors[window.text] = vector
        return unit(vectors)

    def encode_paragraphs(self, texts: Sequence[str]) -> Matrix:
        """Embed paragraphs by themselves.

        Returns:
            float32, shape (len(texts), dim); every row has unit length.
        """
        return np.stack([rows[0] for rows in self.encode_alone(texts, [()] * len(texts))]) if texts else self._none()

    def encode_alone(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Matrix]:
        """Embed paragraphs by themselves, and their sentences, in one pass.

        A sentence's vector is the mean over its own tokens, which have seen the rest of the paragraph.

        Args:
            texts: Paragraphs; one longer than the model's window goes through it in overlapping stretches.
            sentences: For each paragraph, the character spans of the sentences wanted.

        Returns:
            One float32 matrix a paragraph, shape (1 + sentences, dim): first the paragraph, then its sentences. Every row
            has unit length.
        """
        tokens, offsets = self._tokens(texts)
        bounds = [[_token_span(offsets[number], span) for span in spans] for number, spans in enumerate(sentences)]
        sums = [np.zeros((1 + len(spans), self.dim), dtype=np.float32) for spans in sentences]
        windows = [window for number, ids in enumerate(tokens) for window in self._windows(number, ids, self._passage_prompt)]
        for window, vector, states in self._run(windows):
            rows = sums[window.text]
            rows[0] += vector * max(len(states), 1)
            if self._pools_tokens:
                _add_up(rows[1:], window, states, bounds[window.text])
        if not self._pools_tokens:
            self._encode_one_by_one(texts, sentences, sums)
        for rows in sums:
            # A sentence without a token, such as a lone control character, counts as its paragraph does.
            rows[1:][~rows[1:].any(axis=1)] = rows[0]
        return [unit(rows) for rows in sums]

    def encode_in_context(self, releases: Sequence[Sequence[str]]) -> list[Matrix]:
        """Embed paragraphs as parts of their releases (late chunking, Günther et al., arXiv 2409.04701).

        A release goes through the model as a whole, or in overlapping windows, and a paragraph's vector is the mean over its
        own tokens, each taken from the window where it has most context. Only for a model that `pools_tokens`.

        Args:
            releases: The paragraphs of each release, in order.

        Returns:
            One float32 matrix a release, shape (paragraphs, dim); every row has unit length.
        """
        tokens, _ = self._tokens([paragraph for paragraphs in releases for paragraph in paragraphs])
        parts = iter(tokens)
        windows, bounds = [], []
        for number, paragraphs in enumerate(releases):
            own = [next(parts) for _ in paragraphs]
            ends = np.cumsum([len(ids) for ids in own]).tolist()
            bounds.append(list(zip([0, *ends[:-1]], ends, strict=True)))
            windows += self._windows(number, [id for ids in own for id in ids], self._passage_prompt)
        sums = [np.zeros((len(paragraphs), self.dim), dtype=np.float32) for paragraphs in releases]
        for window, _, states in self._run(windows):
            _add_up(sums[window.text], window, states, bounds[window.text])
        return [unit(rows) for rows in sums]

    def _encode_one_by_one(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], rows: list[Matrix]) -> None:
        parts = [
            (number, place, text[start:end])
            for number, text in enumerate(texts)
            for place, (start, end) in enumerate(sentences[number], 1)
        ]
        for (number, place, _), vector in zip(parts, self.encode_paragraphs([part for _, _, part in parts]), strict=True):
            rows[number][place] = vector

    def _none(self) -> Matrix:
        return np.empty((0, self.dim), dtype=np.float32)

    def _prompt_ids(self, *names: str) -> list[int]:
        return list(self._tokenizer(_prompt(self._model, *names).rstrip(), add_special_tokens=False)["input_ids"])

    def _tokens(self, texts: Sequence[str]) -> tuple[list[list[int]], list[list[Span]]]:
        """Ids of each text, its names written out, and where in the text as given each token begins and ends."""
        if not texts:
            return [], []
        written = [write_out(text) for text in texts]
        if len(written) == 1:  # a batch would be handed to the tokenizer's own threads
            found = [self._cut.encode(written[0].text, add_special_tokens=False)]
        else:
            found = self._cut.encode_batch([one.text for one in written], add_special_tokens=False)
        offsets = [
            [(one.origin(start), one.origin(end)) for start, end in tokens.offsets] if len(one.starts) > 1 else tokens.offsets
            for one, tokens in zip(written, found, strict=True)
        ]
        return [tokens.ids for tokens in found], offsets

    def _windows(self, text: int, ids: list[int], prompt: list[int]) -> list[_Window]:
        """Cut a text's tokens into windows of equal length, overlapping by half a full one.

        So that a token near a cut has seen what stands on both sides of it.
        """
        before = self._before + prompt
        room = (self._model.max_seq_length or 512) - len(before) - len(self._after)
        return [
            _Window(text, before + ids[start:end] + self._after, len(before), start, own)
            for start, end, own in cut(len(ids), room, overlap=room // 2)
        ]

    def _run(self, windows: Sequence[_Window]) -> Iterator[tuple[_Window, np.ndarray, np.ndarray]]:
        """Send windows through the model, in batches of similar length.

        Yields:
            Each window, the model's vector for all of it (dim,), and the states of the stretch's tokens (tokens, width).
        """
        batches = [[windows[row] for row in rows] for rows in _batches([len(one.ids) for one in windows], _TOKENS_PER_BATCH)]
        done = self._pool.map(self._forward, [[window.ids for window in batch] for batch in batches])
        for batch, (vectors, states) in zip(batches, done, strict=True):
            for window, vector, own in zip(batch, vectors, states, strict=True):
                yield window, vector, own[window.head : len(window.ids) - len(self._after)]

    def _forward(self, batch: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
        torch = self._torch
        shape = (len(batch), max(map(len, batch)))
        ids = torch.full(shape, self._tokenizer.pad_token_id or 0)
        mask = torch.zeros(shape, dtype=torch.long)
        for row, window in enumerate(batch):
            ids[row, : len(window)] = torch.tensor(window)
            mask[row, : len(window)] = 1
        features: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
        if "token_type_ids" in self._tokenizer.model_input_names:
            features["token_type_ids"] = torch.zeros_like(ids)
        with torch.inference_mode():
            features = {name: value.to(self._model.device) for name, value in features.items()}
            features["token_embeddings"] = states = self._read(features).float()
            for module in list(self._model)[1:]:
                features = module(features)
            return features["sentence_embedding"].cpu().numpy(), states.cpu().numpy()

    def _read(self, features: dict[str, Any]) -> torch.Tensor:
        """States of the last layer for a batch of tokens."""
        if self._states is not None:
            return self._states(**features)
        return cast("torch.Tensor", self._model[0](features)["token_embeddings"])


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def unit(rows: np.ndarray) -> np.ndarray:
    """Scale rows to unit length; a row of zeros stays as it is. float32, the shape of `rows`."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def cut(length: int, room: int, overlap: int) -> list[tuple[int, int, tuple[int, int]]]:
    """Cut `length` tokens into as few overlapping windows as will do, all of about one length.

    Args:
        length: Tokens to cut, 0 or more.
        room: Tokens a window holds, more than `overlap`.
        overlap: Tokens that neighbours share at least.

    Returns:
        Start and end of each window, and the part of it that no other window covers better: from one overlap's middle to the
        next one's. These parts follow each other without gap from 0 to `length`.
    """
    if length <= room:
        return [(0, length, (0, length))]
    count = -(-(length - overlap) // (room - overlap))
    size = -(-(length + (count - 1) * overlap) // count)
    starts = [round(place * (length - size) / (count - 1)) for place in range(count)]
    middles = [(earlier + size + later) // 2 for earlier, later in pairwise(starts)]
    return [
        (start, start + size, own)
        for start, own in zip(starts, zip([0, *middles], [*middles, length], strict=True), strict=True)
    ]


def _add_up(sums: Matrix, window: _Window, states: np.ndarray, bounds: Sequence[Span]) -> None:
    """Add the states of a window's own tokens to the parts of the text they belong to."""
    for row, (start, end) in enumerate(bounds):
        low, high = max(start, window.own[0]) - window.start, min(end, window.own[1]) - window.start
        if low < high:
            sums[row] += states[low:high].sum(axis=0)


def _token_span(offsets: Sequence[Span], span: Span) -> Span:
    """Tokens that begin inside a span of characters: from and to."""
    starts = [start for start, _ in offsets]
    return bisect_left(starts, span[0]), bisect_left(starts, span[1])


def _special_ids(tokenizer: Any) -> tuple[list[int], list[int]]:  # noqa: ANN401 - a transformers tokenizer
    """Ids that the tokenizer puts before and after a text."""
    bare = list(tokenizer("a", add_special_tokens=False)["input_ids"])
    whole = list(tokenizer("a")["input_ids"])
    start = next(place for place in range(len(whole)) if whole[place : place + len(bare)] == bare)
    return whole[:start], whole[start + len(bare) :]


def _prompt(model: Any, *names: str) -> str:  # noqa: ANN401 - a SentenceTransformer
    """The model's own instruction before a text; models of the e5 family need one, most others have none."""
    return next((str(prompt) for name in names if (prompt := model.prompts.get(name))), "")


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
        torch.set_num_threads(cores())  # an `Encoder` in this process may have set it otherwise
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


def _device_and_dtype() -> tuple[str, torch.dtype]:
    import torch

    if torch.cuda.is_available():
        return "cuda", torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if torch.backends.mps.is_available():
        return "mps", torch.float32
    features = torch.cpu.get_capabilities()
    in_hardware = any(features.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))
    return "cpu", torch.bfloat16 if in_hardware else torch.float32
