"""Where the names of topics stand in a picture, so that none covers another; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SIZES_PX = {"narrow": (310, 400), "medium": (650, 480), "wide": (1_000, 620)}
"""Least width and height of the picture, by the class of a name that has room from there on; as in map.css."""

_CHAR_PX = 7.6  # of a name in half-bold letters of 13 px, on average; names in capitals are wider
_HEIGHT_PX = 26
_GAP_PX = 6


@dataclass(frozen=True, slots=True)
class Label:
    """A name in the picture.

    Attributes:
        topic: Number of the topic.
        x: Of its middle, in percent of the width.
        y: Of its middle, in percent of the height.
        size: From which size on it is shown: a key of `SIZES_PX`, or "zoomed".
    """

    topic: int
    x: float
    y: float
    size: str


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: _Box) -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom


def lay_out(points: Sequence[tuple[str, float, float]]) -> tuple[Label, ...]:
    """Place names, those that come first before others; what has room in a small picture has it in a larger one.

    Args:
        points: For each topic its name and where the middle of its dots is, 0 to 1.

    Returns:
        One label for each topic that has a name, in the order given.
    """
    sizes: dict[int, str] = {}
    for size, (width_px, height_px) in SIZES_PX.items():
        boxes = {number: _box(*points[number], width_px, height_px) for number in range(len(points))}
        shown = [boxes[number] for number in sizes]
        for number, box in boxes.items():
            is_inside = box.left >= 0 and box.right <= width_px and box.top >= 0 and box.bottom <= height_px
            if number not in sizes and points[number][0] and is_inside and not any(box.touches(other) for other in shown):
                sizes[number] = size
                shown.append(box)
    return tuple(
        Label(number, round(x * 100, 1), round(y * 100, 1), sizes.get(number, "zoomed"))
        for number, (name, x, y) in enumerate(points)
        if name
    )


def _box(name: str, x: float, y: float, width_px: int, height_px: int) -> _Box:
    half = (len(name) * _CHAR_PX + _GAP_PX) / 2
    middle_x, middle_y = x * width_px, y * height_px
    return _Box(middle_x - half, middle_y - _HEIGHT_PX / 2, middle_x + half, middle_y + _HEIGHT_PX / 2)
