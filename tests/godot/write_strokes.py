"""Writes godot/demo/strokes.json: drawings of the ten digits, as a player's pointer makes them.

    python tests/godot/write_strokes.py

No hand drew them. Each form below is a digit as people write it, given as the few points that a
pen passes, in a box of 100 by 100 with y downwards, and `/` where it is lifted; a point given twice
is a corner, elsewhere the pen turns smoothly. From each form come drawings of other sizes, places,
pens and slants, unsteady by a slow wobble. The seed is fixed and was not searched for.
"""

import json
import math
import random
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "godot/demo/strokes.json"
ABOUT = (
    "Drawings of the ten digits for tests and demonstrations. Not drawn by hand: written by "
    "tests/godot/write_strokes.py from forms, each with another size, place, pen and slant, and a "
    "slow wobble. All lengths are in the canvas's own pixels; a stroke is x, y, x, y, ..."
)
CANVAS = 448  # pixels, as in godot/demo/canvas.gd
STEP = 5.0  # pixels between two points of the pointer
MARGIN = 4.0  # pixels between ink and the canvas's edge

Point = tuple[float, float]
Stroke = list[Point]

FORMS = """
0 round: 52,2 26,10 10,48 24,88 52,98 80,86 92,48 76,10 50,2
0 narrow: 48,0 32,14 24,50 32,86 50,100 68,86 76,50 68,14 46,1
0 closed late: 64,8 44,2 22,20 14,56 28,92 56,98 78,76 84,40 70,10 46,6
1 a stroke: 50,0 49,50 50,100
1 flag: 34,22 52,0 52,0 53,50 52,100
1 flag and foot: 32,20 52,1 52,1 52,98 / 30,99 74,98
2 flat foot: 20,22 34,4 60,2 76,20 68,44 42,72 18,97 18,97 50,97 84,96
2 loop: 22,20 44,1 70,10 72,38 48,76 24,94 16,84 30,76 52,88 84,96
2 swan: 24,26 30,6 56,0 72,16 64,46 20,98 20,98 48,92 82,98
3 round: 22,14 44,0 70,10 68,34 44,47 44,47 74,58 78,82 52,100 20,88
3 small loop: 20,12 46,0 70,14 64,38 44,50 38,46 46,44 72,58 76,84 48,100 18,90
3 flat top: 22,2 74,2 74,2 42,42 42,42 72,54 76,80 52,99 20,90
4 open: 24,2 20,34 18,56 18,56 50,55 82,54 / 66,6 64,50 63,100
4 closed: 60,0 36,32 12,68 12,68 50,67 86,66 / 60,0 61,50 61,100
4 one stroke: 28,2 20,30 22,48 44,52 68,40 72,4 72,4 68,50 64,100
5 hat last: 30,4 26,42 26,42 52,38 76,54 76,80 54,98 20,92 / 30,4 78,2
5 one stroke: 76,2 32,4 32,4 26,44 26,44 54,38 78,58 74,86 48,100 18,90
5 swift: 78,4 46,6 32,12 28,34 40,44 66,54 72,78 52,98 20,94
6 curved: 66,2 40,20 22,54 26,88 52,99 74,84 70,60 46,56 25,72
6 straight stem: 56,0 38,36 26,72 38,98 64,94 72,72 54,60 30,72
6 wide loop: 74,6 44,14 22,44 18,78 42,100 72,92 80,68 58,52 22,66
7 plain: 18,4 78,3 78,3 60,44 44,100
7 bar: 20,6 78,4 78,4 58,48 46,100 / 32,52 74,50
7 hook: 18,22 20,5 20,5 50,8 80,3 80,3 62,36 52,100
8 one stroke: 68,14 48,1 30,14 36,36 58,52 74,74 62,96 40,98 26,80 36,58 62,40 70,18
8 two rings: 50,0 32,10 32,34 50,46 68,34 68,10 50,0 / 50,46 26,60 26,86 50,100 74,86 74,60 50,46
8 open top: 74,8 46,0 28,16 40,40 66,58 72,84 48,100 26,84 38,58 66,36 80,12
9 straight stem: 70,20 52,2 30,14 26,38 44,50 64,40 71,14 71,14 70,50 66,100
9 curved tail: 70,18 50,0 28,12 26,38 48,50 68,34 71,14 71,14 72,60 62,92 42,100 24,90
9 ring and line: 68,12 44,1 26,18 30,42 54,48 70,30 66,8 / 70,8 64,54 52,100
"""

# Of each hand: the digit's height and the pen's width in pixels; the digit's width to its form's.
HANDS = [
    (40, 6, 1.0), (70, 8, 0.85), (110, 18, 1.1), (150, 10, 1.0),
    (190, 12, 0.9), (240, 6, 1.0), (300, 40, 1.05), (360, 24, 1.0),
]  # fmt: skip


def drawing(name: str, form: str, hand: int, chance: random.Random) -> str:
    """One line of JSON: a form as one hand would draw it."""
    digit, style = name.split(" ", 1)
    height, pen, breadth = HANDS[hand % len(HANDS)]
    scale = height / 100
    turn = math.radians(chance.uniform(-10, 10))
    slant = chance.uniform(-0.05, 0.2)
    phases = [chance.uniform(0, 2 * math.pi) for _ in range(4)]

    def placed(point: Point) -> Point:
        across, down = point[0] - 50, point[1] - 50
        across += 1.2 * math.sin(down / 13 + phases[0]) + 0.6 * math.sin(down / 5 + phases[1])
        down += 1.2 * math.sin(across / 13 + phases[2]) + 0.6 * math.sin(across / 5 + phases[3])
        across = across * breadth - slant * down
        return (
            scale * (across * math.cos(turn) - down * math.sin(turn)),
            scale * (across * math.sin(turn) + down * math.cos(turn)),
        )

    drawn = [
        evenly([placed(point) for point in smooth(points(stroke))]) for stroke in form.split(" / ")
    ]
    room = pen / 2 + MARGIN
    shift = [
        chance.uniform(room - min(values), CANVAS - room - max(values))
        for values in ([point[axis] for stroke in drawn for point in stroke] for axis in (0, 1))
    ]
    return json.dumps(
        {
            "digit": int(digit),
            "form": style,
            "pen": pen,
            "strokes": [
                [
                    round(value + shift[axis], 1)
                    for point in stroke
                    for axis, value in enumerate(point)
                ]
                for stroke in drawn
            ],
        }
    )


def points(stroke: str) -> Stroke:
    """The points of a stroke's text."""
    return [(float(x), float(y)) for x, y in (point.split(",") for point in stroke.split())]


def smooth(points: Stroke) -> Stroke:
    """A curve through the points (Catmull-Rom), with a corner where one comes twice."""
    curve = [points[0]]
    for index in range(len(points) - 1):
        first, last = points[index], points[index + 1]
        if first == last:
            continue
        before = points[max(index - 1, 0)]
        after = points[min(index + 2, len(points) - 1)]
        for step in range(1, 17):
            t = step / 16
            curve.append(
                tuple(  # type: ignore[arg-type]
                    b
                    + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
                    for a, b, c, d in zip(before, first, last, after, strict=True)
                )
            )
    return curve


def evenly(points: Stroke) -> Stroke:
    """Of a curve, points about STEP apart, and its two ends."""
    kept = [points[0]]
    for point in points[1:-1]:
        if math.dist(kept[-1], point) >= STEP:
            kept.append(point)
    return [*kept, points[-1]]


def main() -> None:
    chance = random.Random(28)
    lines = []
    for number, line in enumerate(FORMS.strip().splitlines()):
        name, form = line.split(": ")
        for hand in (number, number + 3):
            lines.append(drawing(name, form, hand, chance))
    drawings = ",\n".join(lines)
    OUT.write_text(
        f'{{"about": {json.dumps(ABOUT)},\n"canvas": {CANVAS},\n"drawings": [\n{drawings}\n]}}\n',
        encoding="utf-8",
    )
    print(f"{OUT}: {len(lines)} drawings")


if __name__ == "__main__":
    main()
