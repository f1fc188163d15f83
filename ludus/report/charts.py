"""Geometry of the page's charts, in SVG's units; the template draws them."""

import math
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 34  # what axes and their words take


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve: its points in SVG's units, and in words where it ends."""

    name: str
    points: list[tuple[float, float]]
    last: str
    style: int = 0  # which of the page's colours

    @property
    def path(self) -> str:
        return " ".join(f"{x},{y}" for x, y in self.points)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Curves over something, such as epochs."""

    title: str
    over: str = "epoch"
    lines: list[Line]
    x_ticks: list[Tick]
    y_ticks: list[Tick]


def learning_charts(curves: dict[str, list[float]]) -> list[Chart]:
    """One chart for each quantity; "train/loss" and "validation/loss" share the chart "loss"."""
    groups: dict[str, dict[str, list[float]]] = {}
    for name, values in curves.items():
        finite = [value for value in values if math.isfinite(value)]
        if finite:
            series, _, quantity = name.rpartition("/")
            groups.setdefault(quantity, {})[series] = finite
    # What has a curve for training and one for validation is what people look at first.
    order = sorted(groups, key=lambda quantity: (-len(groups[quantity]), quantity))
    return [_chart(quantity, groups[quantity]) for quantity in order]


def _chart(quantity: str, series: dict[str, list[float]]) -> Chart:
    every = [value for values in series.values() for value in values]
    percent = "accuracy" in quantity
    y_values = nice_ticks(min(every), max(every))
    epochs = max(len(values) for values in series.values())

    def x(epoch: int) -> float:
        """Where the first epoch, 1, or a later one is."""
        share = (epoch - 1) / (epochs - 1) if epochs > 1 else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        share = (value - y_values[0]) / (y_values[-1] - y_values[0])
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def label(value: float) -> str:
        return f"{100 * value:.4g}%" if percent else f"{value:.4g}"

    step = max(1, math.ceil(epochs / 12))
    return Chart(
        title=quantity.replace("_", " "),
        lines=[
            Line(
                name=name or quantity.replace("_", " "),
                points=[(x(i + 1), y(value)) for i, value in enumerate(values)],
                last=f", at the end {label(values[-1])}",
                style=number,
            )
            for number, (name, values) in enumerate(series.items())
        ],
        x_ticks=[Tick(at=x(i), text=str(i)) for i in range(1, epochs + 1, step)],
        y_ticks=[Tick(at=y(value), text=label(value)) for value in y_values],
    )


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values, evenly spaced, that begin at or below low and end at or above high."""
    if high == low:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A row of a bar chart: the share of the chart's width it fills, and its value in words."""

    name: str
    value: str
    percent: float
    style: str = ""


def bars(values: list[tuple[str, float, str, str]]) -> list[Bar]:
    """Bars from zero to the largest: of name, value, the value in words and a CSS class each."""
    most = max((value for _, value, _, _ in values), default=0) or 1
    return [
        Bar(name=name, value=label, percent=round(100 * value / most, 2), style=style)
        for name, value, label, style in values
    ]
