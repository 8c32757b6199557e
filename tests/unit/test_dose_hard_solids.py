"""Turned solids, thin walls, steep doses and outlines along voxel edges against closed forms."""

import math

import numpy as np
import pytest

from lungtox.dose import compute_dvh, compute_metrics
from lungtox.geometry import Dose, Grid, Image, Plane, Structure

POINTS = np.linspace(0, 2 * np.pi, 720, endpoint=False)
CIRCLE = np.column_stack([np.cos(POINTS), np.sin(POINTS)])
MIDDLE = np.array([1.3, -2.1, 0.7])  # on no voxel, face or plane
SMOOTH = {"end_cap": "rounded", "between_planes": "interpolated"}


def turned(about_x, about_z):
    """Axes of the solid as rows, turned about x and then about z by degrees."""
    a, b = math.radians(about_x), math.radians(about_z)
    x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    z = np.array([[math.cos(b), -math.sin(b), 0], [math.sin(b), math.cos(b), 0], [0, 0, 1]])
    return (z @ x).T


def clipped(polygon, normal, limit):
    """Keep the part of a convex polygon with normal . p <= limit."""
    kept = []
    for p, q in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        a, b = normal @ p - limit, normal @ q - limit
        kept += [p] if a <= 0 else []
        kept += [p + (q - p) * a / (a - b)] if a * b < 0 else []
    return np.array(kept).reshape(-1, 2)


def sections(axes, reach, outline, slabs, spacing):
    """Contours of {m + p: |axis . p| <= half for each slab}, in planes in the middle of slices."""
    planes = []
    for z in (np.arange(-reach, reach, spacing) + spacing / 2).tolist():
        ring = outline(z)
        for axis, half in slabs:
            for sign in (1, -1):
                if len(ring):
                    ring = clipped(ring, sign * axes[axis][:2], half - sign * axes[axis][2] * z)
        if len(ring) > 2:
            planes.append(Plane(z + float(MIDDLE[2]), (ring + MIDDLE[:2],)))
    return Structure("solid", tuple(planes))


def wide(_):
    return 60 * np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])


def turned_box(axes, halves, spacing):
    reach = float(np.abs(axes[:, 2]) @ halves)
    return sections(axes, reach, wide, list(enumerate(halves)), spacing)


def turned_cylinder(axes, radius, half, spacing):
    """Its axis is the third of the axes; its section is an ellipse that the ends cut."""
    across = np.array([axes[0], axes[1]])

    def ellipse(z):
        # Points p = (x, y, z) with |across p| = r: solve for x, y on the circle.
        return np.linalg.solve(across[:, :2], (radius * CIRCLE - across[:, 2] * z).T).T

    reach = half * abs(axes[2][2]) + radius * math.hypot(axes[0][2], axes[1][2])
    return sections(axes, reach, ellipse, [(2, half)], spacing)


def dose_along(direction, spacing, *, turn=None, gy=lambda s: 30 + s, reach=42):
    """Dose as a function of the way along a direction from the middle of the solid; the grid begins off its planes."""
    axis = np.arange(-reach, reach + spacing, spacing) + 0.31
    grid = Grid(axis, axis, axis, turn)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    points = np.stack([x, y, z], axis=-1)
    points = points if turn is None else points @ turn
    return Dose(Image(grid, gy((points - MIDDLE) @ direction)), "F")


@pytest.mark.parametrize("grid_turned", [False, True], ids=["straight grid", "oblique grid"])
@pytest.mark.parametrize(("about_x", "about_z"), [(0, 23), (30, 0), (35, 20), (80, -50)])
def test_a_turned_box_along_its_own_axis(about_x, about_z, grid_turned):
    # 24 x 20 x 30 mm, dose 1 Gy/mm along its third axis: every dose from 15 to 45 Gy has the same share.
    axes, halves = turned(about_x, about_z), np.array([12.0, 10, 15])
    dose = dose_along(axes[2], 2.5, turn=axes if grid_turned else None)
    dvh = compute_dvh(turned_box(axes, halves, 1.0), dose)
    found = compute_metrics(dvh, ["Mean[Gy]", "D95%[Gy]", "D50%[Gy]", "D5%[Gy]", "V30Gy[%]"])
    assert dvh.total_cc == pytest.approx(14.4, rel=0.01)
    expected = {"Mean[Gy]": 30, "D95%[Gy]": 16.5, "D50%[Gy]": 30, "D5%[Gy]": 43.5, "V30Gy[%]": 50}
    assert found == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("grid_turned", [False, True], ids=["straight grid", "oblique grid"])
@pytest.mark.parametrize(
    ("about_x", "shape"),
    [
        *(pytest.param(turn, {}, id=f"{turn}-slab") for turn in (20, 45, 70)),
        *(pytest.param(turn, SMOOTH, id=f"{turn}-interpolated", marks=pytest.mark.slow) for turn in (20, 70)),
        pytest.param(45, SMOOTH, id="45-interpolated"),
    ],
)
def test_a_turned_cylinder_along_and_across_its_axis(about_x, grid_turned, shape):
    # r 12, h 24 mm. Along the axis every dose has the same share; across it that beyond s = r cos(a) is
    # (a - sin a cos a) / pi: 5 % at s = 0.8054 r.
    axes = turned(about_x, 15)
    solid = turned_cylinder(axes, 12, 12, 1.0)
    turn = axes if grid_turned else None
    for direction, share in ((axes[2], 0.9), (axes[0], 0.8054)):
        dvh = compute_dvh(solid, dose_along(direction, 2.0, turn=turn), **shape)
        found = compute_metrics(dvh, ["Mean[Gy]", "D95%[Gy]", "D5%[Gy]"])
        assert dvh.total_cc == pytest.approx(math.pi * 144 * 24 / 1000, rel=0.01)
        expected = {"Mean[Gy]": 30, "D95%[Gy]": 30 - 12 * share, "D5%[Gy]": 30 + 12 * share}
        assert found == pytest.approx(expected, rel=0.01)


def disc_beyond(radius, s):
    """Area of a disc beyond a line at s from its middle."""
    a = math.acos(min(max(s / radius, -1), 1))
    return radius**2 * (a - math.sin(a) * math.cos(a))


def ball_beyond(radius, s):
    h = min(max(radius - s, 0), 2 * radius)
    return math.pi * h * h * (3 * radius - h) / 3


def place(share, beyond):
    """Find s beyond which this share lies."""
    low, high, whole = -20.0, 20.0, beyond(-20.0)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > share * whole else (low, middle)
    return middle


@pytest.mark.parametrize("spacing", [1.0, 2.5, 4.0])
def test_a_tube_with_a_wall_of_one_millimetre(spacing):
    # r 15 and 14 mm, h 30 mm: on a dose of 4 mm its wall is a quarter of a voxel.
    rings = (15 * CIRCLE + MIDDLE[:2], 14 * CIRCLE + MIDDLE[:2])
    tube = Structure("tube", tuple(Plane(float(z) + MIDDLE[2], rings) for z in np.arange(-13.5, 15, 3)))

    def beyond(s):
        return disc_beyond(15, s) - disc_beyond(14, s)

    across = compute_dvh(tube, dose_along(np.array([0, 1.0, 0]), spacing))
    assert across.total_cc == pytest.approx(math.pi * 29 * 30 / 1000, rel=1e-4)
    found = compute_metrics(across, ["Mean[Gy]", "D95%[Gy]", "D20%[Gy]", "D5%[Gy]"])
    expected = {"Mean[Gy]": 30, **{f"D{100 * p:g}%[Gy]": 30 + place(p, beyond) for p in (0.95, 0.2, 0.05)}}
    assert found == pytest.approx(expected, rel=0.01)
    along = compute_metrics(compute_dvh(tube, dose_along(np.array([0, 0, 1.0]), spacing)), ["D95%[Gy]", "D5%[Gy]"])
    assert along == pytest.approx({"D95%[Gy]": 16.5, "D5%[Gy]": 43.5}, rel=0.01)


@pytest.mark.parametrize("shape", [{}, pytest.param(SMOOTH, marks=pytest.mark.slow)], ids=["slab", "interpolated"])
@pytest.mark.parametrize("planes_mm", [1.0, 2.0])
def test_a_hollow_sphere_with_a_wall_of_one_millimetre(planes_mm, shape):
    # Slabs claim the rings drawn, planes apart; interpolated ones the shell itself.
    planes = []
    for z in np.arange(-15 + planes_mm / 2, 15, planes_mm).tolist():
        rings = [(r * r - z * z) ** 0.5 * CIRCLE + MIDDLE[:2] for r in (15, 14) if r > abs(z)]
        planes.append(Plane(z + float(MIDDLE[2]), tuple(rings)))
    dvh = compute_dvh(Structure("shell", tuple(planes)), dose_along(np.array([0, 1.0, 0]), 2.0), **shape)

    def beyond(s):
        return ball_beyond(15, s) - ball_beyond(14, s)

    levels = [plane.z_mm - MIDDLE[2] for plane in planes]
    drawn = [15**2 - z**2 - max(14**2 - z**2, 0) for z in levels]
    claimed = math.pi * planes_mm * sum(drawn) if not shape else 4 / 3 * math.pi * (15**3 - 14**3)
    assert dvh.total_cc == pytest.approx(claimed / 1000, rel=0.02 if shape else 1e-3)
    found = compute_metrics(dvh, ["Mean[Gy]", "D95%[Gy]", "D50%[Gy]", "D5%[Gy]"])
    expected = {"Mean[Gy]": 30, **{f"D{100 * p:g}%[Gy]": 30 + place(p, beyond) for p in (0.95, 0.5, 0.05)}}
    assert found == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("spacing", [0.5, 1.0, 2.0, 2.5])
def test_a_dose_that_falls_by_ten_percent_a_millimetre(spacing):
    # 30 exp(-0.1 s) across a cylinder of r 12 mm: between voxels, straight lines lie above it by up to h^2 k^2 / 8.
    # Samples stand up to an eighth of a cell (0.5 mm) off the middle of their share: 0.6 %.
    tolerance = 0.007 + spacing**2 * 0.1**2 / 8
    ring = 12 * CIRCLE + MIDDLE[:2]
    solid = Structure("cylinder", tuple(Plane(float(z) + MIDDLE[2], (ring,)) for z in np.arange(-10.5, 12, 3)))
    dose = dose_along(np.array([0, 1.0, 0]), spacing, gy=lambda s: 30 * np.exp(-0.1 * s), reach=20)
    found = compute_metrics(compute_dvh(solid, dose), ["Mean[Gy]", "D95%[Gy]", "D50%[Gy]", "D5%[Gy]", "D1%[Gy]"])
    # Mean of exp(k s) over a disc: 2 I1(k r) / (k r), with I1(1.2) = 0.714677 (Abramowitz and Stegun, table 9.8).
    at = {p: 30 * math.exp(0.1 * place(p, lambda s: disc_beyond(12, s))) for p in (0.95, 0.5, 0.05, 0.01)}
    expected = {"Mean[Gy]": 30 * 2 * 0.714677 / 1.2, **{f"D{100 * p:g}%[Gy]": dose for p, dose in at.items()}}
    assert found == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize("corner", [0.0, 1.0, 0.5], ids=["voxel centres", "voxel faces", "quarters"])
@pytest.mark.parametrize("spacing", [0.5, 2.0])
def test_outlines_along_voxel_edges(corner, spacing):
    # A box of 20 x 12 x 18 mm whose corners lie on lines of the grid; 30 + x Gy. Volume exact; the mean but for
    # positions in cells whose number is no multiple of four.
    axis = np.arange(-30, 31, spacing)
    x = np.broadcast_to(30 + axis, (axis.size,) * 3)
    dose = Dose(Image(Grid(axis, axis, axis), x), "F")
    ring = np.array([[-10.0, -6], [10, -6], [10, 6], [-10, 6]]) + corner * spacing
    box = Structure("box", tuple(Plane(float(z), (ring,)) for z in range(-9, 9, 2)))
    dvh = compute_dvh(box, dose)
    assert dvh.total_cc == pytest.approx(4.32, rel=1e-9)
    assert dvh.mean_gy == pytest.approx(30 + corner * spacing, abs=2e-3)
    assert (dvh.min_gy, dvh.max_gy) == (
        pytest.approx(20 + corner * spacing, abs=0.5),
        pytest.approx(40 + corner * spacing, abs=0.5),
    )


@pytest.mark.parametrize("offset", [0.0, 0.5], ids=["faces", "centres"])
def test_a_disc_of_whole_voxels(offset):
    # As mask-based systems export: steps along voxel edges, with collinear points and corners that touch. Its area is
    # that of its voxels; half of them, by symmetry, get more than 30 Gy.
    size, rows = 2.0, range(-7, 7)
    inside = {(i, j) for i in rows for j in rows if (i + 0.5) ** 2 + (j + 0.5) ** 2 < 40}
    squares = [np.array([[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]]) for i, j in sorted(inside)]
    steps = []  # edges of voxels that no other voxel shares, chained to one outline
    edges = [(tuple(p), tuple(q)) for s in squares for p, q in zip(s, np.roll(s, -1, axis=0), strict=True)]
    following = {p: q for p, q in edges if (q, p) not in set(edges)}
    start = corner = min(following)
    while not steps or corner != start:
        steps.append(corner)
        corner = following[corner]
    ring = size * (np.array(steps, dtype=float) + offset)
    axis = np.arange(-30, 31, size)
    dose = Dose(Image(Grid(axis, axis, axis), np.broadcast_to(30 + axis - offset * size, (axis.size,) * 3)), "F")
    dvh = compute_dvh(Structure("disc", tuple(Plane(float(z), (ring,)) for z in range(-9, 10, 3))), dose)
    assert dvh.total_cc == pytest.approx(len(inside) * size**2 * 21 / 1000, rel=1e-9)
    assert dvh.mean_gy == pytest.approx(30, abs=1e-6)
    assert compute_metrics(dvh, ["V30Gy[%]"])["V30Gy[%]"] == pytest.approx(50, abs=0.5)


@pytest.mark.parametrize(("planes_mm", "grid_mm"), [(5.0, 0.5), (5.0, 2.5), (0.5, 0.5), (3.0, 0.5)])
def test_fine_doses_and_thick_slices(planes_mm, grid_mm):
    # A cylinder along the slices is exact with any slices that fill its height of 30 mm.
    ring = 12 * CIRCLE + MIDDLE[:2]
    levels = np.arange(-15 + planes_mm / 2, 15, planes_mm) + MIDDLE[2]
    solid = Structure("cylinder", tuple(Plane(float(z), (ring,)) for z in levels))
    for direction, share in (([0, 0, 1.0], 13.5), ([0, 1.0, 0], 0.8054 * 12)):
        dvh = compute_dvh(solid, dose_along(np.array(direction), grid_mm, reach=20))
        found = compute_metrics(dvh, ["Mean[Gy]", "D95%[Gy]", "D5%[Gy]"])
        assert dvh.total_cc == pytest.approx(math.pi * 144 * 30 / 1000, rel=1e-4)
        assert found == pytest.approx({"Mean[Gy]": 30, "D95%[Gy]": 30 - share, "D5%[Gy]": 30 + share}, rel=0.005)


@pytest.mark.parametrize("shift", [(0, 0, 0), (0.5, 0.5, 0.5), (0.21, -0.4, 0.13)])
@pytest.mark.parametrize("grid_mm", [0.5, 1.0, 2.5])
def test_a_sphere_of_three_millimetres_anywhere(shift, grid_mm):
    # Contours every 1 mm in the middle of slices. 5 % lie beyond 0.7293 r.
    centre = np.array(shift, dtype=float)
    levels = np.arange(-2.5, 3)
    planes = tuple(Plane(float(z + centre[2]), ((9 - z * z) ** 0.5 * CIRCLE + centre[:2],)) for z in levels)
    axis = np.arange(-10, 10.1, grid_mm)
    dose = Dose(Image(Grid(axis, axis, axis), np.broadcast_to(30 + axis - centre[0], (axis.size,) * 3)), "F")
    dvh = compute_dvh(Structure("sphere", planes), dose, **SMOOTH)
    found = compute_metrics(dvh, ["Mean[Gy]", "D95%[Gy]", "D5%[Gy]"])
    assert dvh.total_cc == pytest.approx(0.113097, rel=0.02)
    assert found == pytest.approx({"Mean[Gy]": 30, "D95%[Gy]": 27.812, "D5%[Gy]": 32.188}, rel=0.01)
