"""What the commands that build an index share: the model by default, the loading notice and the progress bars."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from tqdm import tqdm

    from index import Model
    from index.build import Outcome


class NoBar:
    """A progress bar that nobody sees."""

    def update(self, n: int) -> None:
        """Count n more."""


class Bars:
    """Progress bars on stderr, one after the other."""

    def __init__(self) -> None:
        """Start none yet."""
        self._bars: list[tqdm[NoReturn]] = []

    def start(self, label: str, total: int) -> tqdm[NoReturn]:
        """Close the bar before and start the next."""
        from tqdm import tqdm  # here, not above, so that --help stays instant

        self.close()
        bar: tqdm[NoReturn] = tqdm(total=total, desc=label, file=sys.stderr)
        self._bars.append(bar)
        return bar

    def close(self) -> None:
        """Leave the last bar as it stands."""
        for bar in self._bars[-1:]:
            bar.close()

    @property
    def elapsed_s(self) -> float:
        """Seconds that the bars ran, together."""
        return float(sum(bar.format_dict["elapsed"] for bar in self._bars))


@contextmanager
def progress() -> Iterator[Bars]:
    """Bars that are closed whatever happens."""
    bars = Bars()
    try:
        yield bars
    finally:
        bars.close()


def choose_model(name: str | None, data: Path, cache: Path | None) -> Model:
    """The model that was asked for, else the one that made the live index, else the embedded one.

    Raises:
        ModelError: There is no such model, or it is damaged.
    """
    from index import resolve
    from index.build import data_paths
    from index.generation import read_meta

    live = read_meta(data_paths(data)[2])
    return resolve(name or (live.recipe.model if live else None), cache, data)


def update(data: Path, model: Model, bars: Bars, rebuild: bool = False, generations: Path | None = None) -> Outcome:
    """Bring the index of a data folder up to date, with a notice where the model is loaded.

    Raises:
        NothingToIndex: The archive holds no release.
        GenerationError: What was written does not read back.
        ModelError: The model cannot be loaded.
        ArchiveError: Archive or cache cannot be read or written.
    """
    from archive import Store
    from index import build
    from index.encoder import Encoder

    def load_encoder(model: Model) -> Encoder:
        sys.stderr.write(f"loading {model.name} …\n")
        return Encoder(model)

    def start_progress(label: str, total: int) -> tqdm[NoReturn]:
        return bars.start(f"embedding {label}", total)

    with closing(Store(build.data_paths(data)[0])) as store:
        return build.update(data, store, model, load_encoder, start_progress, rebuild, generations)
