"""An archive of 100,000 paragraphs, for measuring how long a search takes; what it finds means nothing.

Its texts are the sample's sentences in other combinations. To embed them all would take the model a quarter of an hour, so a
paragraph's vector is the mean of its sentences' vectors, with noise: as far from the others as a real one would be, by a
model that has not read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from archive import Release, Store
from index import Model, generation, publishing, questions, space, terms
from index.build import data_paths
from index.encoder import Encoder, Matrix, unit
from index.generation import Generation, Recipe
from index.publishing import Contents
from index.sentences import Span

RELEASES = 12_500
PARAGRAPHS = 8
"""Paragraphs of each release."""

_FIRST_DAY, _DAYS = date(2016, 1, 1), 3_653
TOPICS = tuple(f"Topik {name}" for name in ("Air", "Banjir", "Kesehatan", "Pasar", "Pendidikan", "Jalan", "Pajak", "Sampah"))
AGENCIES = tuple(f"Dinas {number}" for number in range(25))
SITES = tuple(f"kota{number}.example" for number in range(12))
LANGUAGES = ("id", "jv", "su")
_EVERY_REPOSTED = 50  # one release in so many says what the one before it says
_KINDRED = 60  # a release is made of so many sentences that lie near each other
_NOISE = 0.4  # length of what is added to a unit vector


class Pool:
    """The sentences of a generation, with their vectors.

    Attributes:
        texts: The sentences.
        vectors: Placed, float32, shape (len(texts), dim), unit rows.
    """

    def __init__(self, live: Generation, paragraphs: list[str]) -> None:
        """Take them out of a generation whose rows are these paragraphs."""
        self.texts: list[str] = []
        vectors: list[Matrix] = []
        for row, text in enumerate(paragraphs):
            start, end = live.sentence_starts[row : row + 2].tolist()
            spans = live.sentence_spans[start:end].tolist()
            self.texts += [text[first:last].strip() for first, last in spans] or [text]
            vectors.append(live.sentences[start:end].astype(np.float32) if spans else live.vectors(np.array([row])))
        self.vectors = unit(np.concatenate(vectors))


def make(data: Path, sample: Path, model: Model, encoder: Encoder, releases: int = RELEASES) -> None:
    """Fill and index an empty data folder.

    Args:
        data: The folder.
        sample: Data folder of an indexed archive that lends its sentences and its space.
        model: What made that archive's vectors.
        encoder: The same, loaded.
        releases: How many there shall be.
    """
    live = generation.load(data_paths(sample)[2])
    store = Store(data_paths(sample)[0])
    pool = Pool(live, [row.text for row in store.live_paragraphs()])
    store.close()
    chance = np.random.default_rng(12_500)
    recipes = _draw(pool, releases, chance)
    store = Store(data_paths(data)[0])
    for _ in store.add(_compose(pool, recipes, chance)):
        pass
    _publish(data, store, live.space, pool, recipes, model, encoder, chance)
    store.close()


def _draw(pool: Pool, releases: int, chance: np.random.Generator) -> np.ndarray:
    """Which sentences each paragraph is made of: int, shape (releases, PARAGRAPHS, 3); -1 for none."""
    centres = chance.integers(len(pool.texts), size=releases)
    drawn = np.empty((releases, PARAGRAPHS, 3), dtype=np.int64)
    for number, centre in enumerate(centres.tolist()):
        kindred = np.argpartition(-(pool.vectors @ pool.vectors[centre]), _KINDRED)[:_KINDRED]
        drawn[number] = chance.choice(kindred, size=(PARAGRAPHS, 3), replace=PARAGRAPHS * 3 > _KINDRED)
    drawn[..., 2][chance.random(drawn.shape[:2]) < 0.5] = -1
    drawn[_EVERY_REPOSTED::_EVERY_REPOSTED] = drawn[_EVERY_REPOSTED - 1 : -1 : _EVERY_REPOSTED]
    return drawn


def _compose(pool: Pool, drawn: np.ndarray, chance: np.random.Generator) -> Iterator[Release]:
    for number, paragraphs in enumerate(drawn.tolist()):
        texts = [" ".join(pool.texts[place] for place in places if place >= 0) for places in paragraphs]
        day = _FIRST_DAY + timedelta(days=int(chance.integers(_DAYS)))
        yield Release(
            id=f"s{number:05}",
            title=f"Siaran {number}: {pool.texts[paragraphs[0][0]][:60]}",
            body="\n\n".join(texts),
            url=f"https://www.{chance.choice(SITES)}/{number}/",
            published=day.isoformat() if chance.random() < 0.98 else None,
            topic=str(chance.choice(TOPICS)),
            agency=str(chance.choice(AGENCIES)),
            language=str(chance.choice(LANGUAGES)),
            source=f"/press/s{number:05}.txt",
        )


def _publish(
    data: Path,
    store: Store,
    placing: space.Space,
    pool: Pool,
    drawn: np.ndarray,
    model: Model,
    encoder: Encoder,
    chance: np.random.Generator,
) -> None:
    rows = list(store.live_paragraphs())
    made_of = [[place for place in places if place >= 0] for places in drawn.reshape(-1, 3).tolist()]
    if len(rows) != len(made_of):
        raise ValueError(f"{len(made_of)} paragraphs went in, {len(rows)} came out")
    members = np.concatenate([np.array(places) for places in made_of])
    starts = np.cumsum([0, *map(len, made_of)])[:-1]
    sentences = _disturbed(pool.vectors[members], chance)
    vectors = _disturbed(unit(np.add.reduceat(pool.vectors[members], starts, axis=0)), chance)
    asked, elsewhere = questions.read(questions.ASKED), questions.read(questions.ELSEWHERE)
    contents = Contents(
        rows=rows,
        space=placing,
        vectors=vectors,
        offsets=space.hub_offsets(vectors, placing.place_queries(encoder.encode_queries(asked))),
        sentence_spans=[_spans([pool.texts[place] for place in places]) for places in made_of],
        sentences=sentences,
        questions=placing.place_queries(encoder.encode_queries(elsewhere)),
        question_texts=elsewhere,
    )
    recipe = Recipe(model.name, model.fingerprint, terms.VERSION)
    publishing.publish(data_paths(data)[2], recipe, contents, store.state())


def _disturbed(vectors: Matrix, chance: np.random.Generator) -> Matrix:
    noise = chance.standard_normal(vectors.shape, dtype=np.float32) * np.float32(_NOISE / vectors.shape[1] ** 0.5)
    return unit(vectors + noise)


def _spans(texts: list[str]) -> list[Span]:
    """Where each of some texts stands once they are joined by spaces."""
    ends = np.cumsum([len(text) + 1 for text in texts]).tolist()
    return [(end - 1 - len(text), end - 1) for text, end in zip(texts, ends, strict=True)]
