"""Doses of sessions added on the planning grid: what must not change, what moves by how much, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.delivered import Delivered, DeliveredSettings, Session, accumulate
from lungtox.delivered.histograms import delivered_dvhs
from lungtox.dose import dvh_from_samples, eqd2_gy, sample_courses, sample_region
from lungtox.dose.config import DoseSettings
from lungtox.errors import InputError
from lungtox.geometry import DeformationField, Dose, Grid, Image, Plane, RigidMap, Structure

AXIS = np.arange(-40.0, 40.1, 4.0)
GRID = Grid(AXIS, AXIS, AXIS)
NODES = Grid(*(np.arange(-60.0, 60.1, 15.0),) * 3)
N = 30
SETTINGS = DeliveredSettings(sessions="sessions.csv")
DOSES = DoseSettings.model_validate({"structures": {"Box": {"union": ["GTV"]}}, "eqd2": {"Box": 3.0}})


def box(half_mm: float = 14.0) -> Structure:
    """A cube of 28 mm around the middle: planes of 2 mm from -13 to 13, half a slice at the ends."""
    ring = half_mm * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    return Structure("Box", tuple(Plane(float(z), (ring,)) for z in np.arange(-half_mm + 1, half_mm, 2.0)))


def dose(values: np.ndarray | Callable[..., np.ndarray], frame: str = "plan", fractions: int | None = None) -> Dose:
    """A dose on the grid, of an array or of a function of x, y, z."""
    if callable(values):
        z, y, x = np.meshgrid(AXIS, AXIS, AXIS, indexing="ij")
        values = np.broadcast_to(values(x, y, z), GRID.shape)
    return Dose(Image(GRID, np.array(values, dtype=np.float64)), frame, fractions)


def shifted(
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0), planning: str = "plan", session: str = "day"
) -> DeformationField:
    vectors = np.broadcast_to(np.array(shift)[:, None, None, None], (3, *NODES.shape))
    return DeformationField(NODES, vectors, planning, session)


ROUGH = dose(60.0 * np.random.default_rng(1).random(GRID.shape), fractions=N)
LINEAR = dose(lambda x, y, z: 40 + 0.5 * x, fractions=N)


def mean_gy(delivered: Delivered, quantity: str = "physical") -> float:
    dvhs = delivered_dvhs(delivered, box(), DOSES, minimum_coverage_pct=100.0, who="P001")
    return next(dvh.mean_gy for dvh in dvhs if dvh.quantity == quantity)


def planned_gy(planning: Dose) -> float:
    samples = sample_region(box(), planning)
    return float(np.average(samples.dose_gy, weights=samples.volume_cc))


@pytest.mark.parametrize("field", [None, shifted(session="plan"), shifted()])
def test_zero_deformation_gives_the_identical_dvh(field: DeformationField | None) -> None:
    frame = "plan" if field is None else field.session_frame
    day = replace(ROUGH, frame_of_reference=frame)
    sessions = [Session(f"week_{k}", share, day, field) for k, share in enumerate((5.0, 7.0, 18.0))]
    for threads in (1, 2):
        found = accumulate(sessions, planning=ROUGH, settings=SETTINGS, threads=threads)
        # At the last voxel of an axis, low + 1 * (high - low) may differ from high in the last bit.
        np.testing.assert_allclose(found.dose.image.values, ROUGH.image.values, rtol=0, atol=1e-12)
        assert found.variance_gy2 is not None and not found.variance_gy2.values.any()
    assert (found.dose.fractions, found.dose.frame_of_reference) == (N, "plan")
    samples = sample_region(box(), ROUGH)
    planned = [
        dvh_from_samples(samples.dose_gy, samples.volume_cc, structure="Box", spread_gy=samples.spread_gy),
        dvh_from_samples(eqd2_gy(samples.dose_gy, N, 3.0), samples.volume_cc, structure="Box"),
    ]
    same = delivered_dvhs(found, box(), DOSES, minimum_coverage_pct=100.0, who="P001")
    np.testing.assert_allclose(same[0].volume_cc, planned[0].volume_cc, rtol=0, atol=1e-12)
    assert same[0].mean_gy == pytest.approx(planned[0].mean_gy, abs=1e-12)
    assert same[1].quantity == "eqd2" and same[1].mean_gy == pytest.approx(planned[1].mean_gy, abs=1e-12)


TILT = np.array([[np.cos(0.3), np.sin(0.3), 0.0], [-np.sin(0.3), np.cos(0.3), 0.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize("turn", [None, TILT])
def test_what_is_compared_is_the_same_to_the_last_bit_around_it_and_on_any_number_of_threads(
    turn: np.ndarray | None,
) -> None:
    random = np.random.default_rng(7)
    grid, corner = replace(GRID, turn=turn), np.where(AXIS < 0, 1.0, 0.05)
    values = (50.0 + 10.0 * random.random(GRID.shape)) * corner[:, None, None] * corner[:, None]
    planning = Dose(Image(grid, values), "plan", N)
    fields = [DeformationField(NODES, random.uniform(-3, 3, (3, *NODES.shape)), "plan", "day") for _ in range(5)]
    sessions = [
        Session(f"day_{k}", N / 5, Dose(Image(grid, values * random.uniform(0.9, 1.1)), "day"), field)
        for k, field in enumerate(fields)
    ]
    ring = np.array([[-30.0, -11.0], [-3.0, -29.0], [5.0, 3.0], [-20.0, 9.0]])
    organ = Structure("Box", tuple(Plane(float(z), (ring,)) for z in np.arange(-21.0, 12.0, 3.0)))
    points = {"Box": sample_courses(organ, [planning]).samples}
    found = []
    for everywhere, threads in ((True, 1), (True, 2), (False, 3)) if turn is None else ((True, 1), (False, 2)):
        one = accumulate(
            sessions, planning=planning, settings=SETTINGS, structures=points, everywhere=everywhere, threads=threads
        )
        dvhs = delivered_dvhs(one, organ, DOSES, minimum_coverage_pct=100.0, who="P001")
        found.append((everywhere, one, [dvh.volume_cc.tobytes() + repr(dvh.mean_gy).encode() for dvh in dvhs]))
    (_, whole, dvhs), *others = found
    assert np.isfinite(whole.dose.image.values).sum() > np.isfinite(others[-1][1].dose.image.values).sum()
    for everywhere, one, own in others:
        assert one.sessions == whole.sessions and own == dvhs and len(own) == 2
        for part, all_of_it in ((one.dose.image, whole.dose.image), (one.variance_gy2, whole.variance_gy2)):
            assert part is not None and all_of_it is not None
            there = np.isfinite(part.values) | everywhere
            np.testing.assert_array_equal(part.values[there], all_of_it.values[there])


@given(
    shift=st.tuples(*[st.floats(-9, 9, width=32)] * 3),
    gradient=st.tuples(*[st.floats(-0.3, 0.3)] * 3),
    share=st.integers(1, N - 1),
)
@settings(max_examples=8, deadline=None)
def test_a_rigid_shift_moves_the_mean_by_gradient_times_shift(
    shift: tuple[float, float, float], gradient: tuple[float, float, float], share: int
) -> None:
    linear = dose(lambda x, y, z: 40 + gradient[0] * x + gradient[1] * y + gradient[2] * z, fractions=N)
    day = replace(linear, frame_of_reference="day")
    sessions = [Session("a", share, day, shifted(shift)), Session("b", N - share, day, shifted())]
    found = accumulate(sessions, planning=linear, settings=SETTINGS)
    # SCIENCE 7, S4: exactly g s, here for `share` of the fractions.
    moved = share / N * float(np.dot(gradient, shift))
    assert mean_gy(found) - planned_gy(linear) == pytest.approx(moved, abs=1e-3)


def test_the_vector_leads_from_the_plan_to_the_session() -> None:
    # The tissue lies 8 mm further left (+x) in the session; the dose rises by 0.5 Gy/mm to the left: it gets 4 Gy more.
    day = replace(LINEAR, frame_of_reference="day")
    found = accumulate([Session("a", N, day, shifted((8.0, 0, 0)))], planning=LINEAR, settings=SETTINGS)
    assert mean_gy(found) - planned_gy(LINEAR) == pytest.approx(4.0, abs=1e-9)


def test_a_turn_of_the_patient_with_the_dose_changes_nothing() -> None:
    # Dose x on the plan, dose y on the day when the patient lies a quarter turn about z: x -> y, y -> -x.
    quarter = RigidMap(np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.zeros(3))
    day = dose(lambda x, y, z: 40 + 0.5 * y, "day")
    field = replace(shifted(), before=quarter)
    found = accumulate([Session("a", N, day, field)], planning=LINEAR, settings=SETTINGS)
    np.testing.assert_allclose(found.dose.image.values, LINEAR.image.values, atol=1e-9)


def test_eqd2_is_made_per_session_and_then_added() -> None:
    # 10 fractions of 1 Gy and 20 of 3 Gy: sum n d (d + 3)/5 = 10 * .8 + 20 * 3.6 = 80 Gy; of the sum, 70 Gy in 30
    # fractions, it would be 70 (70/30 + 3)/5 = 74.67 Gy.
    plan = dose(lambda x, y, z: 60.0 + 0 * x, fractions=N)
    low, high = (dose(lambda x, y, z, d=d: 30.0 * d + 0 * x) for d in (1.0, 3.0))
    found = accumulate([Session("a", 10, low), Session("b", 20, high)], planning=plan, settings=SETTINGS)
    np.testing.assert_allclose(found.dose.image.values, 70.0, atol=1e-12)
    assert mean_gy(found, "eqd2") == pytest.approx(80.0, abs=1e-9)


@pytest.mark.parametrize(("dose_of", "gy"), [("plan", (30.0, 90.0)), ("fraction", (1.0, 3.0)), ("session", (10, 60))])
def test_what_a_dose_file_holds_is_declared(dose_of: str, gy: tuple[float, float]) -> None:
    plan = dose(lambda x, y, z: 60.0 + 0 * x, fractions=N)
    days = [dose(lambda x, y, z, d=d: float(d) + 0 * x) for d in gy]
    chosen = SETTINGS.model_copy(update={"dose_of": dose_of})
    sessions = [Session("a", 10, days[0]), Session("b", 20, days[1])]
    found = accumulate(sessions, planning=plan, settings=chosen)
    np.testing.assert_allclose(found.dose.image.values, 70.0, atol=1e-12)
    assert mean_gy(found, "eqd2") == pytest.approx(80.0, abs=1e-9)


def test_volumes_follow_the_determinant() -> None:
    # q = 0.9 p: a structure shrinks to .729 of its volume, wherever it lies.
    z, y, x = np.meshgrid(NODES.z_mm, NODES.y_mm, NODES.x_mm, indexing="ij")
    field = DeformationField(NODES, -0.1 * np.stack([x, y, z]), "plan", "day")
    samples = {"Box": sample_region(box(), LINEAR)}
    day = replace(LINEAR, frame_of_reference="day")
    found = accumulate([Session("a", N, day, field)], planning=LINEAR, settings=SETTINGS, structures=samples)
    quality = found.sessions[0]
    assert quality.structures["Box"].volume_cc == pytest.approx(0.729 * 2.8**3, rel=1e-9)
    assert quality.jacobian is not None and quality.jacobian.minimum == pytest.approx(0.729)
    assert quality.structures["Box"].max_displacement_mm == pytest.approx(1.4 * np.sqrt(3), abs=0.2)
    assert quality.kind == "field" and quality.structures["Box"].coverage_pct == pytest.approx(100.0)


def refusals(sessions: list[Session], planning: Dose = LINEAR, **limits: object) -> InputError:
    samples = {"Box": sample_region(box(), planning)}
    with pytest.raises(InputError) as raised:
        accumulate(
            sessions, planning=planning, settings=SETTINGS.model_copy(update=limits), structures=samples, who="P001"
        )
    assert all(fault.who.startswith("P001") for fault in raised.value.faults)
    return raised.value


def folded(field: DeformationField) -> DeformationField:
    vectors = field.vectors_mm.copy()
    vectors[0, 4, 4, 4] = 20.0  # past the node at 15 mm
    return replace(field, vectors_mm=vectors)


DAY = replace(LINEAR, frame_of_reference="day")


@pytest.mark.parametrize(
    ("session", "code", "words"),
    [
        (Session("a", 29, DAY, shifted()), "delivered-weights", "29 in 1 session"),
        (Session("a", N, DAY, shifted(planning="other")), "delivered-field-frame", "another frame of reference"),
        (Session("a", N, DAY, shifted(planning="day", session="plan")), "delivered-field-frame", "leads to the plan"),
        (Session("a", N, DAY, shifted(session="other")), "delivered-field-frame", "another frame of reference"),
        (Session("a", N, DAY), "delivered-dose-frame", "no field"),
        (Session("a", N, DAY, folded(shifted())), "delivered-folding", "at least 10 % of the dose"),
        (Session("a", N, DAY, shifted((0, 70.0, 0))), "delivered-displacement", "70 mm"),
        (Session("a", N, DAY, shifted((0, 0, 30.0))), "delivered-coverage", "of its volume outside"),
        (Session("a", N, replace(DAY, rbe_weighted=True), shifted()), "delivered-kind", "DoseType"),
        (Session("a", N, dose(LINEAR.image.values / N, "day"), shifted()), "delivered-scale", "0.0333 times"),
    ],
)
def test_what_cannot_be_accumulated_is_refused(session: Session, code: str, words: str) -> None:
    faults = [fault for fault in refusals([session]).faults if fault.code == code]
    assert faults and words in str(faults[0])


def test_a_field_that_ends_within_the_structure_is_refused() -> None:
    nodes = Grid(np.arange(-60.0, 1.0, 15.0), NODES.y_mm, NODES.z_mm)
    half = DeformationField(nodes, np.zeros((3, *nodes.shape)), "plan", "day")
    (fault,) = refusals([Session("a", N, DAY, half)]).faults
    assert (fault.code, fault.found) == ("delivered-coverage", "50 % of its volume without a vector")
    part = accumulate(
        [Session("a", N, DAY, half)], planning=LINEAR, settings=SETTINGS.model_copy(update={"minimum_coverage_pct": 0})
    )
    assert np.isnan(part.dose.image.values[10, 10, 11:]).all()  # never taken as 0 Gy
    (dvh, _) = delivered_dvhs(part, box(), DOSES, minimum_coverage_pct=0.0, who="P001")
    assert dvh.coverage_pct == pytest.approx(50.0, abs=2.0)
    assert dvh.structure_cc == pytest.approx(2.8**3, rel=1e-6)


def test_faults_of_all_sessions_come_together() -> None:
    sessions = [
        Session("a", 10, DAY, folded(shifted())),
        Session("b", 10, DAY),
        Session("b", 5, DAY, shifted(session="other")),
    ]
    assert {fault.code for fault in refusals(sessions).faults} == {
        "delivered-twice", "delivered-weights", "delivered-folding", "delivered-dose-frame", "delivered-field-frame",
    }  # fmt: skip
    unknown = replace(LINEAR, fractions=None)
    assert refusals(sessions, planning=unknown).faults[0].code == "fractions"


def test_limits_are_those_of_the_config() -> None:
    session = Session("a", N, DAY, folded(shifted()))
    samples = {"Box": sample_region(box(), LINEAR)}
    chosen = SETTINGS.model_copy(update={"max_folding_pct": 100.0})
    found = accumulate([session], planning=LINEAR, settings=chosen, structures=samples)
    jacobian = found.sessions[0].structures["Box"].jacobian
    assert jacobian.minimum < 0 < jacobian.folding_pct < 100


def test_a_structure_that_may_leave_the_grid_may_leave_the_sessions_too() -> None:
    samples = {"Box": sample_region(box(), LINEAR)}
    session = Session("a", N, DAY, shifted((0, 0, 30.0)))  # up to 44 mm of a grid that ends at 40
    found = accumulate([session], planning=LINEAR, settings=SETTINGS, structures=samples, partial={"Box"})
    assert found.sessions[0].structures["Box"].coverage_pct == pytest.approx(100 * 24 / 28, abs=2.0)


def test_a_field_coarser_than_the_irradiated_volume_is_judged_between_its_nodes() -> None:
    spot = dose(
        lambda x, y, z: np.where((abs(x - 20) < 9) & (abs(y - 20) < 9) & (abs(z - 20) < 9), 60.0, 0.0), fractions=N
    )
    ends = np.array([-60.0, 60.0])
    field = DeformationField(Grid(ends, ends, ends), np.full((3, 2, 2, 2), 2.0), "plan", "day")
    found = accumulate(
        [Session("a", N, replace(spot, frame_of_reference="day"), field)], planning=spot, settings=SETTINGS
    )
    quality = found.sessions[0]
    assert quality.jacobian is not None and quality.jacobian.minimum == 1.0
    assert quality.mean_displacement_mm == pytest.approx(2 * np.sqrt(3))
