from __future__ import annotations

import json
import os
import shutil
import string
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import LITTLE_ARCHIVE, build, fill

from index import Index, Model, ModelError, Query, resolve
from index.encoder import Encoder, Matrix, _batches, cut, unit
from index.sentences import spans

TEXTS = (
    "Pegawai itu melayani bukan dilayani",
    "Kali meluap dan banjir merendam 412 rumah.",
    "Those in office serve the public and are not served by it.",
    "",
    "‘’Café Ünlü,’’ 東京 ꦱꦸꦫꦧꦪ 😀",
    "Pedagang pasar senang. " * 30,
)


RELEASE = (
    "MADIUN – Wali Kota menekankan agar pegawai melayani warga, Selasa (21/3).",
    "‘’Pegawai itu melayani bukan dilayani,’’ tegasnya.",
    "Hal itu ia sampaikan saat sosialisasi. Ratusan pegawai hadir.",
    "Pasar Besar ditutup sementara karena perbaikan atap.",
)


def cosines(one: Matrix, other: Matrix) -> np.ndarray:
    return (one * other).sum(axis=1)


def by_sentence_transformers(model: Model, texts: Sequence[str], prompt: str = "") -> Matrix:
    """Vectors as sentence-transformers itself makes them, in float32."""
    import torch
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(model.folder), device="cpu", model_kwargs={"dtype": torch.float32}, local_files_only=True)
    return unit(plain.encode(list(texts), prompt=prompt, show_progress_bar=False))


def centred(rows: Matrix) -> Matrix:
    """What tells rows apart: the paragraphs of a release have much in common."""
    return unit(rows - rows.mean(axis=0))


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


# Windows


@pytest.mark.parametrize("room", [8, 9, 50, 505])
def test_windows_cover_every_token_once(room: int) -> None:
    for length in [*range(4 * room), 10 * room, 10 * room + 1, 97 * room - 1]:
        overlap = room // 2
        windows = cut(length, room, overlap)
        assert (len(windows) == 1) == (length <= room)
        own = [part for _, _, part in windows]
        assert (windows[0][0], own[0][0], windows[-1][1], own[-1][1]) == (0, 0, length, length)
        assert all(earlier[1] == later[0] for earlier, later in pairwise(own))
        assert all(start <= low <= high <= end for start, end, (low, high) in windows)
        sizes = {end - start for start, end, _ in windows}
        assert len(sizes) == 1
        assert max(sizes) <= room
        assert all(earlier[1] - later[0] >= overlap for earlier, later in pairwise(windows))


def test_a_token_belongs_to_the_window_that_shows_most_around_it() -> None:
    windows = cut(40, 20, 10)
    assert windows == [(0, 20, (0, 15)), (10, 30, (15, 25)), (20, 40, (25, 40))]
    for _, _, (low, high) in windows:
        for token in range(low, high):
            shown = [min(token - start, end - 1 - token) for start, end, _ in windows if start <= token < end]
            mine = next(min(token - start, end - 1 - token) for start, end, own in windows if own[0] <= token < own[1])
            assert mine >= max(shown) - 1 or low == 0 or high == 40


def test_zeros_have_no_direction() -> None:
    assert unit(np.array([[3, 4], [0, 0]])).tolist() == [pytest.approx([0.6, 0.8]), [0, 0]]


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
def test_queries_and_paragraphs_have_prompts_of_their_own(real_encoder: Encoder, real_model: Model) -> None:
    text = [TEXTS[0]]
    query, paragraph = real_encoder.encode_queries(text), real_encoder.encode_paragraphs(text)
    assert 0.8 < cosines(query, paragraph)[0] < 0.995
    assert cosines(query, by_sentence_transformers(real_model, text, "query: "))[0] > 0.999
    assert cosines(paragraph, by_sentence_transformers(real_model, text, "passage: "))[0] > 0.999


@pytest.mark.model
def test_paragraphs_alone_are_those_of_sentence_transformers(real_encoder: Encoder, real_model: Model) -> None:
    texts = [*TEXTS[:3], *RELEASE]
    vectors = real_encoder.encode_alone(texts, [spans(text) for text in texts])
    plain = by_sentence_transformers(real_model, texts, "passage: ")
    assert (cosines(np.stack([rows[0] for rows in vectors]), plain) > 0.999).all()


@pytest.mark.model
def test_meaning_is_close_across_words_and_languages(real_encoder: Encoder) -> None:
    queries = real_encoder.encode_queries(["pegawai harus melayani", "flooded houses"])
    assert np.argmax(queries @ real_encoder.encode_paragraphs(TEXTS).T, axis=1).tolist() == [0, 1]


@pytest.mark.model
def test_a_paragraph_longer_than_the_window_counts_up_to_its_end(real_encoder: Encoder) -> None:
    flood, market = "Kali meluap dan merendam rumah warga. ", "Pasar ramai oleh pedagang sayur. "
    first, last, both, backwards = real_encoder.encode_paragraphs(
        [flood * 100, market * 100, flood * 100 + market * 100, market * 100 + flood * 100]
    )
    assert first @ last < 0.95
    for mixed in (both, backwards):
        assert first @ mixed == pytest.approx(last @ mixed, abs=0.05)
        assert min(first @ mixed, last @ mixed) > first @ last + 0.01
    assert both @ backwards > 0.99


@pytest.mark.model
def test_of_a_query_longer_than_the_window_the_beginning_counts(real_encoder: Encoder) -> None:
    flood = "Kali meluap dan merendam rumah warga. " * 100
    first, longer, other = real_encoder.encode_queries([flood, flood + "Pasar ramai. " * 100, "Pasar ramai. " * 400])
    assert first @ longer > 0.999
    assert first @ other < 0.95


# Sentences


@pytest.mark.model
def test_a_sentence_has_the_mean_of_its_own_tokens(real_encoder: Encoder) -> None:
    text = "Kali meluap dan merendam rumah warga. Pasar ramai oleh pedagang sayur. Wali kota menyapa anak sekolah."
    parts = spans(text)
    (rows,) = real_encoder.encode_alone([text], [parts])
    assert (rows.shape, rows.dtype) == ((4, 384), np.float32)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    by_themselves = real_encoder.encode_paragraphs([text[start:end] for start, end in parts])
    assert np.argmax(rows[1:] @ by_themselves.T, axis=1).tolist() == [0, 1, 2]
    assert (cosines(rows[1:], by_themselves) < 0.999).all()  # they have read the rest of the paragraph


@pytest.mark.model
def test_sentences_are_found_in_a_paragraph_longer_than_the_window(real_encoder: Encoder) -> None:
    flood, other = "Kali meluap dan merendam rumah warga. " * 80, "Scientists cooled a quantum computer with helium. "
    text = flood + other + flood
    parts = spans(text)
    assert len(parts) == 161
    (rows,) = real_encoder.encode_alone([text], [parts])
    assert int(np.argmax(rows[1:] @ real_encoder.encode_paragraphs([other])[0])) == 80


@pytest.mark.model
def test_paragraphs_without_sentences_have_one_row(real_encoder: Encoder) -> None:
    first, second = real_encoder.encode_alone(["Satu. Dua.", ""], [(), ()])
    assert (first.shape, second.shape) == ((1, 384), (1, 384))
    assert first[0] @ real_encoder.encode_paragraphs(["Satu. Dua."])[0] > 0.9999
    assert real_encoder.encode_alone([], []) == []


@pytest.mark.model
def test_a_sentence_without_a_token_counts_as_its_paragraph(real_encoder: Encoder) -> None:
    (rows,) = real_encoder.encode_alone(["Satu. \x07 Dua."], [[(0, 5), (6, 7), (8, 12)]])
    assert rows[2].tolist() == rows[0].tolist()
    assert (rows[1] != rows[0]).any()


# In context


@pytest.mark.model
def test_a_short_release_is_read_in_one_go(real_encoder: Encoder) -> None:
    (rows,) = real_encoder.encode_in_context([RELEASE])
    assert (rows.shape, rows.dtype) == ((4, 384), np.float32)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    import torch

    # The same by hand: beginning, prompt, the tokens of all paragraphs, end.
    parts = real_encoder._tokenizer(list(RELEASE), add_special_tokens=False)["input_ids"]
    prompt = real_encoder._tokenizer("passage:", add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        (states,) = real_encoder._forward([[0, *prompt, *(id for part in parts for id in part), 2]])[1]
    ends = np.cumsum([1 + len(prompt), *map(len, parts)])
    expected = unit(np.stack([states[start:end].mean(axis=0) for start, end in pairwise(ends.tolist())]))
    assert (cosines(rows, expected) > 0.9999).all()


@pytest.mark.model
def test_context_changes_a_paragraph_but_not_what_it_says(real_encoder: Encoder) -> None:
    alone = real_encoder.encode_paragraphs(RELEASE)
    (rows,) = real_encoder.encode_in_context([RELEASE])
    assert np.argmax(centred(rows) @ centred(alone).T, axis=1).tolist() == [0, 1, 2, 3]
    assert ((cosines(rows, alone) > 0.8) & (cosines(rows, alone) < 0.999)).all()
    (other,) = real_encoder.encode_in_context([(*RELEASE[:3], "Kali meluap dan merendam 412 rumah.")])
    assert (cosines(rows, other)[:3] < 0.9999).all()


@pytest.mark.model
def test_releases_do_not_mix(real_encoder: Encoder) -> None:
    together = real_encoder.encode_in_context([RELEASE, RELEASE[:1], TEXTS[:3], RELEASE[::-1]])
    assert [len(rows) for rows in together] == [4, 1, 3, 4]
    for rows, release in zip(together, (RELEASE, RELEASE[:1], TEXTS[:3], RELEASE[::-1]), strict=True):
        assert (cosines(rows, real_encoder.encode_in_context([release])[0]) > 0.999).all()
    assert real_encoder.encode_in_context([]) == []


@pytest.mark.model
def test_a_release_of_one_paragraph_is_that_paragraph(real_encoder: Encoder) -> None:
    (rows,) = real_encoder.encode_in_context([RELEASE[:1]])
    assert cosines(rows, real_encoder.encode_paragraphs(RELEASE[:1]))[0] > 0.98


@pytest.mark.model
def test_every_paragraph_of_a_release_longer_than_the_window_has_a_vector(real_encoder: Encoder) -> None:
    paragraphs = [f"{RELEASE[number % 4]} Hari ke-{number}." for number in range(80)]
    (rows,) = real_encoder.encode_in_context([paragraphs])
    assert rows.shape == (80, 384)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    alone = real_encoder.encode_paragraphs(RELEASE)
    assert np.mean(np.argmax(centred(rows) @ centred(alone).T, axis=1) == np.arange(80) % 4) > 0.8
    # What stands further away than a window changes nothing, what stands beside it does.
    far, near = paragraphs.copy(), paragraphs.copy()
    far[79], near[41] = (paragraphs[number][::-1] for number in (79, 41))
    while len(real_encoder._tokens([far[79]])[0][0]) > len(real_encoder._tokens([paragraphs[79]])[0][0]):
        far[79] = far[79][:-1]
    changed_far, changed_near = (real_encoder.encode_in_context([texts])[0][40] for texts in (far, near))
    assert rows[40] @ changed_far > 0.9999 > 0.999 > rows[40] @ changed_near


@pytest.mark.model
def test_windows_give_nearly_what_one_go_gives(real_encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    paragraphs = [*RELEASE, *RELEASE[::-1]]
    (whole,) = real_encoder.encode_in_context([paragraphs])
    monkeypatch.setattr(real_encoder._model, "max_seq_length", 64)
    assert len(real_encoder._windows(0, [5] * 150, [])) > 3
    (windowed,) = real_encoder.encode_in_context([paragraphs])
    assert (cosines(whole, windowed) > 0.9).all()


@pytest.mark.model
def test_a_paragraph_longer_than_the_window_has_context_too(real_encoder: Encoder) -> None:
    long = "Kali meluap dan merendam rumah warga. " * 100
    (rows,) = real_encoder.encode_in_context([["Pasar ramai.", long, "", "Pasar sepi."]])
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 0, 1], abs=1e-5)  # of an empty paragraph nothing is known
    assert rows[1] @ real_encoder.encode_paragraphs([long])[0] > 0.95


# A model that pools no tokens


@pytest.fixture
def first_token_model(tmp_path: Path) -> Model:
    """A BERT of eight units whose vector is that of its first token: it knows letters, and nothing of language."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path / "model"
    folder.mkdir()
    letters = [*string.ascii_lowercase, *string.digits]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    torch.manual_seed(0)
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=32, **shape)).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    module = "sentence_transformers.models"
    documents: dict[str, object] = {
        "sentence_bert_config.json": {"max_seq_length": 32, "do_lower_case": False},
        "1_Pooling/config.json": {"embedding_dimension": 8, "pooling_mode": "cls"},
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{module}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{module}.Pooling"},
        ],
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return resolve(str(folder), tmp_path / "cache")


@pytest.mark.model
def test_a_model_that_pools_no_tokens_embeds_sentences_by_themselves(first_token_model: Model) -> None:
    assert first_token_model.pools_tokens is False
    encoder = Encoder(first_token_model)
    text = "Kali meluap. Pasar ramai sekali."
    (rows,) = encoder.encode_alone([text], [spans(text)])
    expected = encoder.encode_paragraphs([text, "Kali meluap.", "Pasar ramai sekali."])
    assert (rows.shape, encoder.dim) == ((3, 8), 8)
    assert (cosines(rows, expected) > 0.999).all()
    assert (cosines(rows[:2], by_sentence_transformers(first_token_model, [text, "Kali meluap."])) > 0.999).all()


@pytest.mark.model
def test_a_model_that_pools_no_tokens_builds_and_searches(tmp_path: Path, first_token_model: Model) -> None:
    data = tmp_path / "data"
    fill(data, *LITTLE_ARCHIVE)
    outcome = build(data, Encoder(first_token_model), first_token_model)
    assert (outcome.embedded, outcome.in_context, outcome.meta.dim) == (6, 0, 8)
    index = Index(data, cache_dir=tmp_path / "cache")
    assert index.search(Query("Dapur umum")).hits[0].passage.text == "Dapur umum a150"
    index.close()


# Loading and sharing


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
        Encoder(Model("my model", folder, "c0ffee", pools_tokens=True))
    assert "\n" not in str(caught.value)


def test_short_forms_are_read_as_people_say_them(real_encoder: Encoder) -> None:
    text = "Hujan deras semalam. ASN siaga di posko. Warga tenang."
    spans = [(0, 20), (21, 40), (41, 54)]
    plain = text.replace("ASN", "pegawai negeri (aparatur sipil negara)")
    longer = len(plain) - len(text)
    plain_spans = [(0, 20), (21, 40 + longer), (41 + longer, 54 + longer)]
    (found,), (expected,) = real_encoder.encode_alone([text], [spans]), real_encoder.encode_alone([plain], [plain_spans])
    np.testing.assert_allclose(found, expected, atol=1e-6)
