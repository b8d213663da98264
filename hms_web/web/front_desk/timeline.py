"""Lays doctors' days out by time: minutes become heights, so that 10:20 of one stands beside 10:00 to 10:30 of others.

A column is a pile of cells without gaps. Its heights are classes of a stylesheet (`m30` is thirty minutes), since the
page allows no inline style. Time in which nobody shown works is pressed into a narrow band.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

HALF_HOUR, HOUR, DAY = 30, 60, 1440
SHORTEST_BAND = 30
# Heights that static/css/minutes.css knows: every minute up to four hours, and every five up to a day.
FINE = 240
STEP = 5
BAND = "band"
# The shortest slot on the screen decides how much room a minute gets: the least pixels of each scale, as in grid.css.
SCALES = {5: 5.0, 10: 2.5, 15: 1.7, 20: 1.3, 30: 1.14}
TWO_LINES = 34


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one minute of the local day up to another."""

    start: int
    end: int

    def parts(self, bands: Sequence["Stretch"]) -> Iterator[tuple["Stretch", bool]]:
        """The stretch cut at the bands; each part with whether it lies in one."""
        at = self.start
        for band in bands:
            if band.end <= at or band.start >= self.end:
                continue
            if band.start > at:
                yield Stretch(at, band.start), False
            yield Stretch(max(at, band.start), min(band.end, self.end)), True
            at = min(band.end, self.end)
        if at < self.end:
            yield Stretch(at, self.end), False


@dataclass(slots=True)
class Cell:
    """A piece of a column, from one minute to another. `name` and `value` are what its button sends, if it is one.

    Not frozen: a grid makes hundreds of them for each answer.
    """

    start: int
    end: int
    css: str
    words: str = ""
    note: str = ""
    tone: str = ""
    name: str = ""
    value: str = ""
    label: str = ""
    # Whether neighbours of the same kind and words are one.
    is_closed: bool = False
    height: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A piece of the ruler at the side."""

    height: str
    words: str


@dataclass(frozen=True, slots=True)
class Ruler:
    """What all columns share: from when to when, the pressed bands, and how long the shortest slot is."""

    whole: Stretch
    bands: tuple[Stretch, ...] = ()
    shortest: int = HALF_HOUR

    @property
    def step(self) -> int:
        """The scale: the shortest slot length that it is made for."""
        return next((scale for scale in SCALES if self.shortest <= scale), max(SCALES))

    def has_two_lines(self, minutes: int) -> bool:
        """Whether a slot of this length has room for a second line."""
        return minutes * SCALES[self.step] >= TWO_LINES

    @property
    def room(self) -> str:
        """The class that says how many minutes have to find room, the bands not counted."""
        return f"m{whole_height(self.whole.end - self.whole.start - sum(b.end - b.start for b in self.bands))}"

    def marks(self) -> list[Mark]:
        """The ruler: a time at every half hour, and at the beginning of a band."""
        found: list[Mark] = []
        for part, is_band in self.whole.parts(self.bands):
            if is_band:
                found.append(Mark(BAND, clock(part.start)))
                continue
            cuts = [part.start, *range(part.start // HALF_HOUR * HALF_HOUR + HALF_HOUR, part.end, HALF_HOUR), part.end]
            found += [Mark(f"m{end - start}", clock(start)) for start, end in pairwise(cuts)]
        return found

    def until(self, minute: int) -> list[str]:
        """The heights that lie above a minute, for the line at now; none when it is outside."""
        if not self.whole.start < minute < self.whole.end:
            return []
        heights: list[str] = []
        for part, is_band in Stretch(self.whole.start, minute).parts(self.bands):
            heights += [BAND] if is_band else chunks(part.end - part.start)
        return heights


def whole_height(minutes: int) -> int:
    """The nearest height that the stylesheet knows."""
    return minutes if minutes <= FINE else -(-minutes // STEP) * STEP


def chunks(minutes: int) -> list[str]:
    """Heights that the stylesheet knows, which together are so many minutes."""
    if minutes <= FINE or minutes % STEP == 0:
        return [f"m{minutes}"] if minutes else []
    return [f"m{minutes - minutes % STEP}", f"m{minutes % STEP}"]


def clock(minute: int) -> str:
    """A minute of the day as a time."""
    return f"{minute // HOUR % 24:02d}:{minute % HOUR:02d}"


def ruler(columns: Sequence[Sequence[Cell]], shortest: int) -> Ruler | None:
    """Find what the columns share; None when no column has any cell."""
    busy = sorted((cell.start, cell.end) for cells in columns for cell in cells)
    if not busy:
        return None
    first = busy[0][0]
    last = max(end for _, end in busy)
    bands: list[Stretch] = []
    at = first
    for start, end in busy:
        if start - at >= SHORTEST_BAND:
            bands.append(Stretch(at, start))
        at = max(at, end)
    whole = Stretch(first // HALF_HOUR * HALF_HOUR, min(-(-last // HALF_HOUR) * HALF_HOUR, DAY))
    return Ruler(whole, tuple(bands), shortest)


def pile(cells: Sequence[Cell], shared: Ruler, pause: Cell | None) -> list[Cell]:
    """Make a column without gaps out of its cells, which come in order; `pause` is the doctor's break."""
    column: list[Cell] = []
    at = shared.whole.start
    for cell in joined(cells):
        if cell.start > at:
            column += _gap(at, cell.start, shared, pause)
        cell.start = max(cell.start, at)
        if cell.end <= cell.start:
            continue  # two that overlap, when a clock change repeats an hour
        if cell.is_closed:
            column += _closed(cell, shared)
        else:
            cell.height = f"m{cell.end - cell.start}"
            column.append(cell)
        at = cell.end
    return column + _gap(at, shared.whole.end, shared, pause)


def joined(cells: Sequence[Cell]) -> list[Cell]:
    """Make one of neighbours that are closed for the same reason, across a break too."""
    found: list[Cell] = []
    for cell in cells:
        last = found[-1] if found else None
        if last and last.is_closed and cell.is_closed and last.words == cell.words and last.css == cell.css:
            last.end = cell.end
        else:
            found.append(cell)
    return found


def _gap(start: int, end: int, shared: Ruler, pause: Cell | None) -> list[Cell]:
    """Fill time without slots: the break says so, the rest is empty."""
    found: list[Cell] = []
    for part, is_band in Stretch(start, end).parts(shared.bands):
        is_pause = pause is not None and part.start < pause.end and pause.start < part.end
        css, words = (pause.css, pause.words) if is_pause and pause else ("o", "")
        found += _pieces(part, css, words, is_band=is_band)
    return found


def _closed(cell: Cell, shared: Ruler) -> list[Cell]:
    """Cut closed time at the bands it goes through; its words stand where there is most room."""
    parts = list(Stretch(cell.start, cell.end).parts(shared.bands))
    wordy = max(parts, key=lambda part: (not part[1], part[0].end - part[0].start))
    found: list[Cell] = []
    for part in parts:
        found += _pieces(part[0], cell.css, cell.words if part is wordy else "", is_band=part[1])
    return found


def _pieces(stretch: Stretch, css: str, words: str, *, is_band: bool) -> list[Cell]:
    heights = [BAND] if is_band else chunks(stretch.end - stretch.start)
    return [
        Cell(stretch.start, stretch.end, css, words if index == 0 else "", height=height)
        for index, height in enumerate(heights)
    ]
