"""A picture of the whole archive: each release a dot, among those that are about the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, dist, floor

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from flask_babel import gettext

from index.cartography import MapView, Place
from index.topics_of_map import NO_CLUSTER
from web import security
from web.holdings import current_holdings
from web.language import in_words, page_fields
from web.map_labels import Label, lay_out
from web.parameters import Search

blueprint = Blueprint("map", __name__)

UNITS = 10_000
"""Width and height of the picture, in its own units; it is stretched to the room that there is."""

DRAWN = 2_500
"""Dots in the page itself; a script fetches the rest."""

LINKED = 160
"""Dots that are links in the page itself: those that stand for a topic first."""

LISTED = 30
"""Releases that are listed where nothing gathers to topics."""

_COLOURS = 6
_MARGIN = 0.05
_GRID = 20  # the picture is cut to whole steps of this many, so that one more release seldom shifts it


@dataclass(frozen=True, slots=True)
class Dot:
    """A release in the picture: x and y in the picture's units, and the topic's colour, from 1, or 0 for none."""

    place: Place
    x: int
    y: int
    colour: int

    @property
    def label(self) -> str:
        """Title and date."""
        day = in_words(self.place.published) if self.place.published else gettext("tanpa tanggal")
        return f"{self.place.title} ({day})"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic in the picture and in the list below it.

    Attributes:
        number: From 0, as in the picture's data.
        name: Words with commas between them.
        colour: From 1.
        releases: How many it has.
        central: Those that stand for it.
        search: Asks for it; None where it has no words.
    """

    number: int
    name: str
    colour: int
    releases: int
    central: tuple[Place, ...]
    search: Search | None


@dataclass(frozen=True, slots=True)
class Picture:
    """What a template draws.

    Attributes:
        dots: All releases.
        linked: Dots with a link and a title of their own.
        paths: The other dots as one path for each topic: its number, its colour, and the path.
        topics: Largest first.
        labels: Their names in the picture.
        between: Releases that belong to no topic.
    """

    dots: tuple[Dot, ...]
    linked: tuple[Dot, ...]
    paths: tuple[tuple[int, int, str], ...]
    topics: tuple[Topic, ...]
    labels: tuple[Label, ...]
    between: int

    @property
    def is_whole(self) -> bool:
        """Whether each dot is a link in the page itself."""
        return len(self.linked) == len(self.dots)


@blueprint.get("/map")
def page() -> Response:
    """The map of the archive."""
    page_fields()
    view = current_holdings().index.map()
    picture = draw(view)
    response = make_response(
        render_template("map.html", picture=picture, units=UNITS, listed=[dot.place for dot in picture.dots[:LISTED]])
    )
    # The page's script asks for the data below.
    response.headers["Content-Security-Policy"] = f"{security.POLICY}; connect-src 'self'"
    return response


@blueprint.get("/map.json")
def data() -> Response:
    """What the page's script needs to know of every dot: x, y, topic, id, title and date in words."""
    page_fields()
    rows = [
        [dot.x, dot.y, dot.place.cluster, dot.place.id, dot.place.title, in_words(dot.place.published or "")]
        for dot in draw(current_holdings().index.map()).dots
    ]
    response = jsonify(rows)
    response.add_etag()
    response.make_conditional(request)
    return response


@lru_cache(maxsize=2)
def draw(view: MapView) -> Picture:
    """Lay out the picture of a map."""
    colours = colour([(topic.x, topic.y) for topic in view.topics])
    across, down = _Axis.over(place.x for place in view.places), _Axis.over(place.y for place in view.places)
    dots = tuple(
        Dot(place, across.at(place.x), down.at(place.y), 0 if place.cluster == NO_CLUSTER else colours[place.cluster])
        for place in view.places
    )
    central = dict.fromkeys(row for topic in view.topics for row in topic.central)
    chosen = list(dict.fromkeys([*central, *range(len(dots))]))
    linked, plain = chosen[:LINKED], chosen[LINKED:]
    topics = tuple(
        Topic(
            number,
            topic.name,
            colours[number],
            topic.releases,
            tuple(view.places[row] for row in topic.central),
            Search(topic.name.replace(",", "")) if topic.name else None,
        )
        for number, topic in enumerate(view.topics)
    )
    points = [(topic.name, across.at(topic.x) / UNITS, down.at(topic.y) / UNITS) for topic in view.topics]
    return Picture(
        dots,
        tuple(dots[row] for row in sorted(linked)),
        _paths([dots[row] for row in thin(plain, DRAWN - len(linked))]),
        topics,
        lay_out(points),
        sum(place.cluster == NO_CLUSTER for place in view.places),
    )


def colour(middles: Sequence[tuple[float, float]]) -> list[int]:
    """Give each topic one of a few colours, from 1: that whose nearest topic so far is farthest away."""
    chosen: list[int] = []
    for place, middle in enumerate(middles):
        nearest = [float("inf")] * _COLOURS
        for other, own in zip(middles[:place], chosen, strict=True):
            nearest[own - 1] = min(nearest[own - 1], dist(middle, other))
        chosen.append(nearest.index(max(nearest)) + 1)
    return chosen


def thin(rows: Sequence[int], most: int) -> list[int]:
    """At most so many of some rows, spread evenly over them."""
    if len(rows) <= most:
        return list(rows)
    return [rows[number * len(rows) // most] for number in range(most)]


def _paths(dots: Sequence[Dot]) -> tuple[tuple[int, int, str], ...]:
    """A line of no length with round ends is a dot, a dozen bytes long, and stays round however the picture is stretched."""
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    for dot in dots:
        found[dot.place.cluster, dot.colour].append(f"M{dot.x} {dot.y}h0")
    return tuple((number, own, "".join(parts)) for (number, own), parts in sorted(found.items()))


@dataclass(frozen=True, slots=True)
class _Axis:
    """Which part of the map, from 0 to 1, the picture shows."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Iterable[float]) -> _Axis:
        found = list(values)
        return cls(floor(min(found, default=0) * _GRID) / _GRID, ceil(max(found, default=1) * _GRID) / _GRID)

    def at(self, value: float) -> int:
        """Where a value stands, in the picture's units."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round((_MARGIN + share * (1 - 2 * _MARGIN)) * UNITS)
