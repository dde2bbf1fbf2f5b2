from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from index import Model, ModelError
from index.encoder import Encoder, Matrix, _batches

TEXTS = (
    "ASN itu melayani bukan dilayani",
    "Kali meluap dan banjir merendam 412 rumah.",
    "Civil servants serve the public and are not served by it.",
    "",
    "‘’Café Ünlü,’’ 東京 ꦱꦸꦫꦧꦪ 😀",
    "Pedagang pasar senang. " * 30,
)


def cosines(one: Matrix, other: Matrix) -> np.ndarray:
    return (one * other).sum(axis=1)


# Batches


@pytest.mark.parametrize(
    ("lengths", "budget", "expected"),
    [
        ([], 10, []),
        ([3], 10, [[0]]),
        ([1, 5, 3], 15, [[1, 2, 0]]),
        ([1, 5, 3], 14, [[1, 2], [0]]),
        ([5, 5, 5, 5], 10, [[0, 1], [2, 3]]),
        ([99, 1, 1], 10, [[0], [1, 2]]),
        ([0, 0], 10, [[0, 1]]),
    ],
)
def test_batches_hold_rows_of_like_length_within_the_budget(lengths: list[int], budget: int, expected: list[list[int]]) -> None:
    assert _batches(lengths, budget) == expected


def test_batches_hold_every_row_once_and_waste_little() -> None:
    lengths = [number * 37 % 200 + 3 for number in range(500)]
    groups = _batches(lengths, 2_000)
    assert sorted(row for group in groups for row in group) == list(range(500))
    padded = [max(lengths[row] for row in group) * len(group) for group in groups]
    assert max(padded) <= 2_000
    assert sum(padded) < 1.2 * sum(lengths)


# The real model


@pytest.mark.model
def test_vectors_are_unit_rows_in_the_order_of_texts(real_encoder: Encoder) -> None:
    vectors = real_encoder.encode_paragraphs(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((6, 384), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    backwards = real_encoder.encode_paragraphs(TEXTS[::-1])[::-1]
    alone = np.concatenate([real_encoder.encode_paragraphs([text]) for text in TEXTS])
    for other in (backwards, alone):
        assert (cosines(vectors, other) > 0.999).all()
        assert (np.argmax(vectors @ other.T, axis=1) == np.arange(6)).all()


@pytest.mark.model
def test_nothing_gives_no_rows(real_encoder: Encoder) -> None:
    for encode in (real_encoder.encode_paragraphs, real_encoder.encode_queries):
        vectors = encode([])
        assert (vectors.shape, vectors.dtype) == ((0, 384), np.float32)


@pytest.mark.model
def test_queries_and_paragraphs_have_prompts_of_their_own(real_encoder: Encoder) -> None:
    text = [TEXTS[0]]
    query, paragraph = real_encoder.encode_queries(text), real_encoder.encode_paragraphs(text)
    assert 0.8 < cosines(query, paragraph)[0] < 0.995
    # What the prompt is shows in what makes the same vector without one.
    bare = real_encoder._encode(["query: " + TEXTS[0], "passage: " + TEXTS[0]], "")
    assert (cosines(bare, np.concatenate([query, paragraph])) > 0.999).all()


@pytest.mark.model
def test_meaning_is_close_across_words_and_languages(real_encoder: Encoder) -> None:
    queries = real_encoder.encode_queries(["ASN harus melayani", "flooded houses"])
    assert np.argmax(queries @ real_encoder.encode_paragraphs(TEXTS).T, axis=1).tolist() == [0, 1]


@pytest.mark.model
def test_a_text_longer_than_the_window_counts_up_to_its_end(real_encoder: Encoder) -> None:
    window = "Kali meluap dan merendam rumah warga. " * 100
    first, longer, other = real_encoder.encode_paragraphs([window, window + "Pasar ramai. " * 2_000, "Pasar ramai. " * 400])
    assert first @ longer > 0.999
    assert first @ other < 0.95


@pytest.mark.model
def test_threads_share_one_encoder(real_encoder: Encoder) -> None:
    texts = [f"Siaran pers nomor {number}" for number in range(12)]
    expected = real_encoder.encode_queries(texts)
    found: dict[int, Matrix] = {}

    def encode(number: int) -> None:
        found[number] = real_encoder.encode_queries([texts[number]])

    threads = [threading.Thread(target=encode, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    vectors = np.concatenate([found[number] for number in range(12)])
    assert (cosines(vectors, expected) > 0.999).all()


@pytest.mark.model
def test_what_an_index_needs_of_it_is_known(real_encoder: Encoder, real_model: Model) -> None:
    assert (real_encoder.fingerprint, real_encoder.dim) == (real_model.fingerprint, 384)


@pytest.mark.model
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"damaged" * 100], ids=["missing", "empty", "damaged"])
def test_a_model_that_cannot_be_loaded_is_one_clear_error(
    tmp_path: Path, real_model: Model, name: str, content: bytes | None
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(real_model.folder, folder, copy_function=os.symlink)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=r"sentence-transformers cannot load my model: .") as caught:
        Encoder(Model("my model", folder, "c0ffee"))
    assert "\n" not in str(caught.value)
