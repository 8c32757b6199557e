"""The way from the plan's frame to the image's, over chained objects; the points were worked out by hand."""

import numpy as np
import pytest

from lungtox.dicom import read_function_image, read_registration
from lungtox.errors import InputError
from lungtox.imaging import map_frames, sample_function
from tests.unit import dicom_files as make
from tests.unit.registration_files import (
    BETWEEN,
    PLAN,
    SHIFT,
    SPECT,
    TURN,
    deformable,
    deformation,
    entry,
    matrix,
    spatial,
)  # fmt: skip


def read(tmp_path, *datasets):
    return [read_registration(make.save(one, tmp_path / f"reg{n}")) for n, one in enumerate(datasets)]


def mapped(registrations, origin=PLAN, destination=SPECT):
    return map_frames(registrations, origin=origin, destination=destination, who="P014")


def at(found, *point):
    return np.ravel(found(*(np.array([float(value)]) for value in point))).tolist()


def still():
    """Vectors that move nothing, on nodes 50 mm apart from -100 to 100."""
    return np.zeros((5, 5, 5, 3))


def test_a_matrix_is_inverted_on_the_way_from_the_plan_to_the_spect(tmp_path):
    # The matrix takes (1, 2, 3) of the SPECT to (8, 21, 33) of the plan.
    found = mapped(read(tmp_path, spatial(entry(SPECT, matrix(TURN)))))
    assert at(found, 8, 21, 33) == [1, 2, 3]
    assert (found.kind, found.objects, found.deformable, found.warnings) == ("object", 1, False, ())
    assert found.rotation_deg == pytest.approx(90)


def test_an_object_registered_to_the_spect_is_taken_as_it_is(tmp_path):
    found = mapped(read(tmp_path, spatial(entry(PLAN, matrix(TURN)), registered=SPECT)))
    assert at(found, 1, 2, 3) == [8, 21, 33]


def test_objects_are_chained_whatever_their_order(tmp_path):
    # Plan (1, 2, 3) is moved to (6, 2, 3) of the frame between, which the turn takes to (8, 26, 33) of the SPECT.
    turn = spatial(entry(BETWEEN, matrix(TURN)), registered=SPECT)
    shift = spatial(entry(PLAN, matrix(SHIFT)), registered=BETWEEN)
    for order in ((turn, shift), (shift, turn)):
        found = mapped(read(tmp_path, *order))
        assert (at(found, 1, 2, 3), found.objects) == ([8, 26, 33], 2)


def test_two_items_of_one_object_lead_from_one_source_to_the_other(tmp_path):
    # Both frames are brought to a third: plan (1, 2, 3) to (6, 2, 3), back by the turn to (-18, 4, -27).
    both = spatial(entry(PLAN, matrix(SHIFT)), entry(SPECT, matrix(TURN)), registered=BETWEEN)
    found = mapped(read(tmp_path, both))
    assert (at(found, 1, 2, 3), found.objects) == ([-18, 4, -27], 1)


def test_a_field_and_a_matrix_are_chained(tmp_path):
    vectors = still() + np.array([0, 0, 4])
    field = deformable(deformation(BETWEEN, vectors))
    turn = spatial(entry(BETWEEN, matrix(TURN)), registered=SPECT)
    found = mapped(read(tmp_path, turn, field))
    assert at(found, 1, 2, -1) == [8, 21, 33]
    assert (found.deformable, found.rotation_deg, found.objects) == (True, None, 2)
    assert np.isnan(at(found, 500, 0, 0)).all()


def test_a_field_against_its_direction_is_refused_by_name(tmp_path):
    objects = read(tmp_path, deformable(deformation(PLAN, still()), registered=SPECT))
    with pytest.raises(InputError, match=r"P014: .*leads the other way.*not inverted") as error:
        mapped(objects)
    assert error.value.faults[0].code == "registration-direction"


def test_ways_that_agree_are_one_and_ways_that_differ_are_refused(tmp_path):
    turn, shift = (spatial(entry(SPECT, matrix(values))) for values in (TURN, SHIFT))
    assert at(mapped(read(tmp_path, turn, turn)), 8, 21, 33) == [1, 2, 3]
    with pytest.raises(InputError, match="several ways that differ") as error:
        mapped(read(tmp_path, turn, shift))
    assert error.value.faults[0].code == "registration-ambiguous"
    with pytest.raises(InputError, match="several ways that differ"):
        mapped(read(tmp_path, turn, deformable(deformation(SPECT, still()))))


def test_registrations_that_lead_elsewhere_are_refused_or_told(tmp_path):
    other = spatial(entry(BETWEEN, matrix(TURN)), registered="1.2.3.7")
    with pytest.raises(InputError, match="one that does not") as error:
        mapped(read(tmp_path, other))
    assert error.value.faults[0].code == "registration-path"
    found = mapped(read(tmp_path, other, spatial(entry(SPECT, matrix(TURN)))))
    assert found.warnings == ("1 of 2 registration objects lead elsewhere",)


def test_one_frame_needs_nothing_and_two_need_something(tmp_path):
    same = mapped([], destination=PLAN)
    assert (at(same, 1, 2, 3), same.kind, same.rotation_deg, same.warnings) == ([1, 2, 3], "frame", 0, ())
    assert "not used" in mapped(read(tmp_path, spatial(entry(SPECT, matrix(TURN)))), destination=PLAN).warnings[0]
    with pytest.raises(InputError, match="no registration") as error:
        mapped([])
    assert error.value.faults[0].code == "spect-frame"
    assert PLAN not in str(error.value) and SPECT not in str(error.value)


def test_the_mean_shift_is_that_of_the_volume(tmp_path):
    # The matrix moves the SPECT by 5 along x, so the plan's points are moved by -5; a turn moves each its own way:
    # back from (10, 20, 30) comes (0, 0, 0), from (10, 21, 30) comes (1, 0, 0).
    x, y, z = np.array([10.0, 10.0]), np.array([20.0, 21.0]), np.array([30.0, 30.0])
    shift = mapped(read(tmp_path, spatial(entry(SPECT, matrix(SHIFT)))))
    assert shift.mean_shift_mm(x, y, z, volume_cc=np.ones(2)) == (-5, 0, 0)
    turn = mapped(read(tmp_path, spatial(entry(SPECT, matrix(TURN)))))
    assert turn.mean_shift_mm(x, y, z, volume_cc=np.array([1.0, 3.0])) == pytest.approx((-9.25, -20.75, -30))


def test_every_voxel_of_a_spect_is_found_where_the_plan_sees_it(tmp_path):
    """No two voxels alike, 2 x 3 x 4 of them: whatever is turned, mirrored or moved the wrong way shows."""
    values = np.arange(1, 25, dtype="<u2").reshape(4, 2, 3)
    dataset = make.spect(values, FrameOfReferenceUID=SPECT)  # x from -100 (6 mm), y from -50 (4 mm), z from 200 (5 mm)
    image = read_function_image(make.save(dataset, tmp_path / "spect"))
    z, y, x = (axis.ravel() for axis in np.meshgrid(np.arange(4), np.arange(2), np.arange(3), indexing="ij"))
    x, y, z = -100.0 + 6 * x, -50.0 + 4 * y, 200.0 + 5 * z
    # By the matrix TURN: x' = 10 - y, y' = 20 + x, z' = 30 + z.
    seen = (10 - y, 20 + x, 30 + z)
    found = mapped(read(tmp_path, spatial(entry(SPECT, matrix(TURN)))))
    sampled = sample_function(image, *seen, volume_cc=np.ones(24), to_image=found, who="P014")
    np.testing.assert_allclose(sampled, values.ravel())


def test_vectors_that_are_missing_within_the_lungs_are_refused_with_their_share(tmp_path):
    image = read_function_image(make.save(make.spect(np.ones((4, 2, 3), "<u2")), tmp_path / "spect"))
    vectors = still()
    vectors[0, 0, 0] = np.nan
    found = mapped(read(tmp_path, deformable(deformation(SPECT, vectors))))
    x, y, z = np.array([-95.0, 0.0]), np.array([-95.0, 0.0]), np.array([-95.0, 0.0])
    with pytest.raises(InputError, match=r"found 20 % of their volume without a vector") as error:
        sample_function(image, x, y, z, volume_cc=np.array([1.0, 4.0]), to_image=found, who="P014")
    assert error.value.faults[0].code == "registration-undefined"
