"""Lines and pictures that are drawn on a page, in points from its upper left corner."""

from dataclasses import dataclass

_FLAT = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stroke:
    """A straight line."""

    x0: float
    x1: float
    y0: float
    y1: float

    @property
    def horizontal(self) -> bool:
        """Tell whether the line runs across the page."""
        return self.y1 - self.y0 <= _FLAT < self.x1 - self.x0

    @property
    def vertical(self) -> bool:
        """Tell whether the line runs down the page."""
        return self.x1 - self.x0 <= _FLAT < self.y1 - self.y0


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture and its place."""

    x0: float
    x1: float
    y0: float
    y1: float
    media_type: str | None = None
    data: bytes = b""
