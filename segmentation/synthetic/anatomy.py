"""An upper abdomen of simple solids: organs, liver segments, pancreas parts, vessels, bowel and bones.

Patient millimetres, RAS+: x grows to the patient's right, y to the front, z to the head; the origin is the middle of
the body.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .shapes import Field, Grid, Mask, Point, Warp, ellipsoid, random_warp, tube

ORGAN_MASKS: tuple[str, ...] = (
    "liver", "kidney_left", "kidney_right", "pancreas", "spleen", "aorta", "inferior_vena_cava", "gallbladder",
    "stomach", "duodenum",
)  # fmt: skip
LIVER_SEGMENTS: tuple[str, ...] = tuple(f"liver_segment_{number}" for number in range(1, 9))
PANCREAS_PARTS: tuple[str, ...] = ("pancreas_head", "pancreas_body", "pancreas_tail")


@dataclass(frozen=True)
class Body:
    """One patient: what differs from the standard anatomy.

    Attributes:
        warp: smooth deformation of the whole body.
        shifts_mm: organ → displacement.
        scales: organ → factor on the radii.
        bowel_mm: centre and radii of each small-bowel loop.
        nodes_mm: centre and radius of each lymph node or vessel cut in the fat.
        vessel_paths_mm: branches of the hepatic vessels.
    """

    warp: Warp
    shifts_mm: Mapping[str, Point]
    scales: Mapping[str, float]
    bowel_mm: tuple[tuple[Point, Point], ...]
    nodes_mm: tuple[tuple[Point, float], ...]
    vessel_paths_mm: tuple[tuple[Point, Point, Point], ...]


@dataclass(frozen=True)
class Regions:
    """Where everything is on one grid.

    Attributes:
        masks: disjoint organs and tissues, name → mask.
        parts: liver segments and pancreas parts, name → mask; each set covers its organ.
        vessels: hepatic vessels, inside the liver mask.
        renal_sinus: fat and collecting system, inside the kidney masks.
        cortex: outer shell of the kidneys.
        gas: in bowel and stomach.
        points_mm: patient coordinates after the body's deformation, (3, X, Y, Z).
    """

    masks: dict[str, Mask]
    parts: dict[str, Mask]
    vessels: Mask
    renal_sinus: Mask
    cortex: Mask
    gas: Mask
    points_mm: Field


def sample_body(rng: np.random.Generator) -> Body:
    """A patient drawn at random."""
    names = ("liver", "kidney_left", "kidney_right", "pancreas", "spleen", "stomach", "gallbladder", "colon")
    shifts = {name: _point(rng.normal(0, 4, 3)) for name in names}
    scales = {name: float(rng.uniform(0.88, 1.14)) for name in names}
    bowel = []
    for _ in range(int(rng.integers(7, 13))):
        centre = (rng.uniform(-75, 75), rng.uniform(0, 62), rng.uniform(-80, -28))
        bowel.append((_point(centre), _point(rng.uniform(7, 17, 3))))
    nodes = []
    for _ in range(int(rng.integers(3, 9))):
        centre = (rng.uniform(-60, 60), rng.uniform(-25, 55), rng.uniform(-70, 30))
        nodes.append((_point(centre), float(rng.uniform(3, 8))))
    return Body(
        random_warp(rng, waves=5, wavelength_mm=(120, 260), amplitude_mm=4),
        shifts, scales, tuple(bowel), tuple(nodes), tuple(_hepatic_branch(rng) for _ in range(int(rng.integers(4, 8)))),
    )  # fmt: skip


def lay_out(body: Body, grid: Grid) -> Regions:
    """The patient's organs on a grid."""
    points = body.warp(grid.points_mm())
    masks = _paint(_solids(body, points), grid.shape)
    vessels = np.zeros(grid.shape, bool)
    for path in body.vessel_paths_mm:
        vessels |= tube(points, path, (5.5, 4.5, 2.5)) < 0
    kidneys = masks["kidney_left"] | masks["kidney_right"]
    sinus, cortex = np.zeros(grid.shape, bool), np.zeros(grid.shape, bool)
    for name, side in (("kidney_left", -1), ("kidney_right", 1)):
        sinus |= _kidney(body, points, name, side, (0.42, 0.3, 0.42), inward_mm=10) < 0
        cortex |= _kidney(body, points, name, side, (0.76, 0.76, 0.86), inward_mm=0) > 0
    gas = np.zeros(grid.shape, bool)
    for centre, radii in body.bowel_mm[::2]:
        gas |= ellipsoid(points, (centre[0], centre[1] + radii[1] * 0.4, centre[2]), [r * 0.6 for r in radii]) < 0
    gas |= ellipsoid(points, _moved(body, "stomach", (-48, 50, 34)), (20, 9, 18)) < 0
    return Regions(
        masks, _liver_segments(masks["liver"], points) | _pancreas_parts(masks["pancreas"], points),
        vessels & masks["liver"], sinus & kidneys, cortex & kidneys,
        gas & (masks["bowel"] | masks["stomach"]), points,
    )  # fmt: skip


def _solids(body: Body, points: Field) -> dict[str, Field]:
    """Signed fields in painting order: what comes later lies over what came before."""
    x, y, _ = points
    outline = (np.sqrt((x / 118) ** 2 + (y / 88) ** 2) - 1) * 88
    bowel = np.full(outline.shape, np.inf, np.float32)
    for centre, radii in body.bowel_mm:
        bowel = np.minimum(bowel, ellipsoid(points, centre, radii))
    colon = [(82, 5, -80), (80, 20, -45), (40, 55, -50), (-40, 55, -45), (-84, 10, -15), (-86, -5, -80)]
    colon_field = tube(points, [_moved(body, "colon", point) for point in colon], [13 * body.scales["colon"]] * 6)
    nodes = np.full(outline.shape, np.inf, np.float32)
    for centre, radius in body.nodes_mm:
        nodes = np.minimum(nodes, ellipsoid(points, centre, (radius,) * 3))
    ribs = np.maximum(np.abs(outline + 12) - 3.5, np.abs((points[2] + 0.35 * y) % 26 - 13) - 5)
    return {
        "skin": outline,
        "fat": outline + 3,
        "muscle": np.maximum(outline + 9, -(outline + 17)),
        "ribs": ribs,
        "bowel": np.minimum(bowel, colon_field),
        "nodes": nodes,
        "stomach": ellipsoid(points, _moved(body, "stomach", (-48, 34, 34)), _scaled(body, "stomach", (30, 25, 32))),
        "duodenum": tube(points, [(46, 12, -8), (50, 4, -30), (30, -2, -48)], (11, 12, 10)),
        "pancreas": _pancreas(body, points),
        "liver": _liver(body, points),
        "gallbladder": _gallbladder(body, points),
        "spleen": ellipsoid(points, _moved(body, "spleen", (-82, -28, 28)), _scaled(body, "spleen", (21, 36, 38))),
        "psoas": np.minimum(tube(points, [(30, -50, -90), (24, -48, 0)], (16, 7)),
                            tube(points, [(-30, -50, -90), (-24, -48, 0)], (16, 7))),
        "kidney_right": _kidney(body, points, "kidney_right", 1, (1, 1, 1), inward_mm=0),
        "kidney_left": _kidney(body, points, "kidney_left", -1, (1, 1, 1), inward_mm=0),
        "inferior_vena_cava": tube(points, [(17, -24, -90), (17, -20, 30), (18, -8, 90)], (10, 11, 12)),
        "aorta": tube(points, [(-11, -26, -90), (-10, -26, 90)], (9.5, 11)),
        "spine": np.minimum(tube(points, [(0, -52, -90), (0, -52, 90)], (19, 19)),
                            tube(points, [(0, -78, -90), (0, -78, 90)], (6, 6))),
    }  # fmt: skip


def _paint(solids: dict[str, Field], shape: tuple[int, int, int]) -> dict[str, Mask]:
    labels = np.zeros(shape, np.uint8)
    inside = solids["skin"] < 0
    for number, field in enumerate(solids.values(), start=1):
        labels[(field < 0) & inside] = number
    return {name: labels == number for number, name in enumerate(solids, start=1)}


def _liver(body: Body, points: Field) -> Field:
    right = ellipsoid(points, _moved(body, "liver", (56, 4, 16)), _scaled(body, "liver", (50, 58, 58)))
    left = ellipsoid(points, _moved(body, "liver", (2, 38, 34)), _scaled(body, "liver", (62, 27, 33)))
    caudate = ellipsoid(points, _moved(body, "liver", (20, 0, 24)), (17, 16, 19))
    return np.minimum(np.minimum(right, left), caudate)


def _gallbladder(body: Body, points: Field) -> Field:
    return ellipsoid(points, _moved(body, "gallbladder", (46, 42, -26)), _scaled(body, "gallbladder", (12, 14, 20)))


def _pancreas(body: Body, points: Field) -> Field:
    path = [(32, 6, -40), (30, 8, -22), (8, 18, -10), (-18, 10, -2), (-40, -4, 6), (-62, -18, 14)]
    radii = [r * body.scales["pancreas"] for r in (12, 15, 11, 10, 10.5, 11)]
    return tube(points, [_moved(body, "pancreas", point) for point in path], radii)


def _kidney(body: Body, points: Field, name: str, side: int, shrink: Point, *, inward_mm: float) -> Field:
    """The kidney, or a solid of its shape shrunk and moved towards the midline."""
    centre = _moved(body, name, (side * 57, -36, -30 if side > 0 else -22))
    radii = [r * s for r, s in zip(_scaled(body, name, (24, 23, 44)), shrink, strict=True)]
    return ellipsoid(points, (centre[0] - side * inward_mm, centre[1], centre[2]), radii)


def _liver_segments(liver: Mask, points: Field) -> dict[str, Mask]:
    """Couinaud's segments by planes through the falciform ligament, the hepatic veins and the portal vein."""
    x, y, z = points
    upper = z > 16
    caudate = ellipsoid(points, (20, 0, 24), (19, 18, 24)) < 0
    left, fourth = x < 6, (x >= 6) & (x < 34)
    anterior = y > 4 - 0.25 * (x - 60)
    choices = [
        (1, caudate), (2, left & (y < 38)), (3, left), (4, fourth), (8, anterior & upper), (5, anterior), (7, upper),
    ]  # fmt: skip
    numbers = np.select([chosen for _, chosen in choices], [number for number, _ in choices], 6)
    return {f"liver_segment_{number}": liver & (numbers == number) for number in range(1, 9)}


def _pancreas_parts(pancreas: Mask, points: Field) -> dict[str, Mask]:
    x = points[0]
    head, tail = x > 12, x < -38
    return {
        "pancreas_head": pancreas & head, "pancreas_body": pancreas & ~head & ~tail, "pancreas_tail": pancreas & tail,
    }  # fmt: skip


def _hepatic_branch(rng: np.random.Generator) -> tuple[Point, Point, Point]:
    """A vessel from the cava's or the portal vein's entry into the periphery."""
    start = (22, -4, 62) if rng.random() < 0.5 else (26, 8, 6)
    stop = (rng.uniform(-30, 95), rng.uniform(-35, 50), rng.uniform(-25, 60))
    middle = 0.5 * (np.asarray(start) + np.asarray(stop)) + rng.normal(0, 9, 3)
    return _point(start), _point(middle), _point(stop)


def _moved(body: Body, name: str, centre: Point) -> Point:
    return _point(np.add(centre, body.shifts_mm[name]))


def _scaled(body: Body, name: str, radii: Point) -> Point:
    return _point(np.multiply(radii, body.scales[name]))


def _point(values: object) -> Point:
    x, y, z = np.asarray(values, float)
    return float(x), float(y), float(z)
