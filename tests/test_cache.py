from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from archive import DatabaseError
from index.cache import VectorCache, digest

SPACE = "c0ffee paragraph"
VECTORS = [np.array([[1, 0]], dtype=np.float32), np.array([[0.5, 0.75], [0.25, -1]], dtype=np.float32)]
"""Of one text and of one with a sentence; float16 holds all of these numbers exactly."""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[VectorCache]:
    cache = VectorCache(tmp_path / "vectors.sqlite")
    yield cache
    cache.close()


def listed(cache: VectorCache, space: str, *keys: str) -> dict[str, list[list[float]]]:
    return {key: vector.tolist() for key, vector in cache.known(space, keys).items()}


def test_vectors_come_back_as_they_went_in(cache: VectorCache) -> None:
    cache.keep(SPACE, ["a", "b"], VECTORS)
    known = cache.known(SPACE, ["b", "x", "a", "b"])
    assert set(known) == {"a", "b"}
    assert (known["a"].dtype, known["a"].tobytes()) == (np.float32, VECTORS[0].tobytes())
    assert (known["b"].shape, known["b"].tobytes()) == ((2, 2), VECTORS[1].tobytes())


def test_vectors_are_kept_at_half_precision_and_keep_says_what_is_kept(cache: VectorCache) -> None:
    exact = np.array([[1 / 3, -2 / 3, 1e-9]], dtype=np.float32)
    kept = cache.keep(SPACE, ["a"], [exact])["a"]
    assert (kept.dtype, kept.tobytes()) == (np.float32, cache.known(SPACE, ["a"])["a"].tobytes())
    assert kept == pytest.approx(exact, abs=5e-4)
    assert kept.tolist() == exact.astype(np.float16).tolist()


def test_what_is_kept_may_be_kept_again(cache: VectorCache) -> None:
    once = cache.keep(SPACE, ["a"], [np.array([[1 / 3, 2 / 3]], dtype=np.float32)])["a"]
    assert cache.keep(SPACE, ["a"], [once])["a"].tobytes() == once.tobytes()


def test_vectors_survive_closing(cache: VectorCache, tmp_path: Path) -> None:
    cache.keep(SPACE, ["a", "b"], VECTORS)
    cache.close()
    again = VectorCache(tmp_path / "vectors.sqlite")
    assert listed(again, SPACE, "a") == {"a": [[1.0, 0.0]]}
    again.close()


def test_spaces_do_not_mix(cache: VectorCache) -> None:
    cache.keep(SPACE, ["a"], VECTORS[:1])
    cache.keep("other paragraph", ["a", "b"], VECTORS[::-1])
    assert listed(cache, SPACE, "a", "b") == {"a": [[1.0, 0.0]]}
    assert listed(cache, "other paragraph", "b") == {"b": [[1.0, 0.0]]}
    assert listed(cache, "unknown paragraph", "a") == {}


def test_the_last_vector_kept_stands(cache: VectorCache) -> None:
    cache.keep(SPACE, ["a"], VECTORS[:1])
    cache.keep(SPACE, ["a"], [VECTORS[0] * -1])
    assert listed(cache, SPACE, "a") == {"a": [[-1.0, 0.0]]}


def test_vectors_are_kept_all_or_none(cache: VectorCache) -> None:
    with pytest.raises(ValueError, match="argument 2"):
        cache.keep(SPACE, ["a", "b", "c"], VECTORS)
    assert listed(cache, SPACE, "a", "b", "c") == {}


def test_any_number_of_vectors_is_looked_up(cache: VectorCache) -> None:
    keys = [digest(str(number)) for number in range(20_001)]
    cache.keep(SPACE, keys, list(np.arange(20_001, dtype=np.float32)[:, None, None] % 2_000))
    known = cache.known(SPACE, keys)
    assert list(known) == keys
    assert known[keys[11_999]].tolist() == [[1_999.0]]
    assert cache.known(SPACE, []) == {}


def test_digest_tells_texts_apart() -> None:
    assert digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert len({digest(text) for text in ("", " ", "café", "cafe\u0301", "Café", "‘’", "''")}) == 7


def test_a_file_that_is_no_cache_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    path.write_text("surat biasa, bukan basis data " * 100)
    with pytest.raises(DatabaseError, match="is no SQLite database"):
        VectorCache(path)
