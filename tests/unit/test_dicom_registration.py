"""Registration objects: directions of PS3.3 C.20.2.1.1 and C.20.3.1.1, with points that were worked out by hand."""

import numpy as np
import pytest

from lungtox.dicom import read_registration
from lungtox.errors import InputError
from tests.unit import dicom_files as make
from tests.unit.registration_files import (
    NOTHING,
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


def read(tmp_path, dataset, **options):
    return read_registration(make.save(dataset, tmp_path / "reg", **options), who="P014")


def moved(link, *point):
    return np.ravel(link.points(*(np.array([float(value)]) for value in point))).tolist()


def test_a_matrix_takes_the_source_to_the_registered_frame(tmp_path):
    (link,) = read(tmp_path, spatial(entry(SPECT, matrix(TURN)))).links
    assert (link.origin, link.destination) == (SPECT, PLAN)
    assert moved(link, 1, 2, 3) == [8, 21, 33]
    assert SPECT not in repr(link)


def test_several_matrices_of_one_item_are_applied_the_first_one_first(tmp_path):
    # (1, 2, 3) is turned to (8, 21, 33), then moved by 5 along x. The other way round it would be (8, 26, 33).
    found = read(tmp_path, spatial(entry(SPECT, matrix(TURN), matrix(SHIFT))))
    assert moved(found.links[0], 1, 2, 3) == [13, 21, 33]
    assert "first one is applied first" in found.warnings[0]
    assert read(tmp_path, spatial(entry(SPECT, matrix(SHIFT), matrix(SHIFT)))).warnings == ()


def test_the_registered_frame_itself_is_no_link_where_nothing_moves_it(tmp_path):
    both = spatial(entry(PLAN, matrix(NOTHING)), entry(SPECT, matrix(TURN)))
    assert [link.origin for link in read(tmp_path, both).links] == [SPECT]


def test_a_deformable_one_leads_from_the_registered_frame_to_the_source(tmp_path):
    # Nodes 50 mm apart from -100; the vector at a node is (x / 10, 0, 7): at x = 30 it is (3, 0, 7).
    x = np.arange(-100, 101, 50)
    vectors = np.zeros((3, 4, 5, 3))
    vectors[..., 0], vectors[..., 2] = x / 10, 7
    (link,) = read(tmp_path, deformable(deformation(SPECT, vectors))).links
    assert (link.origin, link.destination) == (PLAN, SPECT)
    assert moved(link, 30, -20, -60) == pytest.approx([33, -20, -53])


def test_the_matrix_before_is_applied_to_the_point_and_the_vector_is_taken_where_the_point_was(tmp_path):
    # C.20.3-1: after(before(p) + vector(p)). p = (30, 0, -60): vector (3, 0, 7); before turns p to (10, 50, -30),
    # the sum is (13, 50, -23), after adds 5 along x. Looked up at (10, 50, -30) the vector would be (1, 0, 7).
    vectors = np.zeros((3, 4, 5, 3))
    vectors[..., 0], vectors[..., 2] = np.arange(-100, 101, 50) / 10, 7
    dataset = deformable(deformation(SPECT, vectors, before=TURN, after=SHIFT))
    assert moved(read(tmp_path, dataset).links[0], 30, 0, -60) == pytest.approx([18, 50, -23])


def test_the_grid_may_lie_another_way_the_vectors_keep_their_axes(tmp_path):
    # Rows run along y, columns along z, frames along x: the cross product of y and z. Vector = 10 x the frame along x.
    vectors = np.zeros((3, 4, 5, 3))
    vectors[..., 0] = 10 * np.arange(3)[:, None, None]
    dataset = deformable(deformation(SPECT, vectors, orientation=(0, 1, 0, 0, 0, 1)))
    assert moved(read(tmp_path, dataset).links[0], -50, 10, 20) == pytest.approx([-40, 10, 20])


def test_vectors_run_along_x_first_then_y_then_z(tmp_path):
    # Different steps along each axis; the node (4, 2, 1) of 5 x 4 x 3 is the vector number 4 + 2 x 5 + 1 x 20 = 34.
    vectors = np.zeros((3, 4, 5, 3))
    vectors[..., 1].flat[34] = 9
    dataset = deformable(deformation(SPECT, vectors, resolution=(10, 20, 30)))
    assert moved(read(tmp_path, dataset).links[0], -60, -60, -70) == pytest.approx([-60, -51, -70])


def test_points_without_a_vector_have_no_image(tmp_path):
    vectors = np.zeros((3, 4, 5, 3))
    vectors[0, 0, 0, 1] = np.nan
    (link,) = read(tmp_path, deformable(deformation(SPECT, vectors))).links
    assert np.isnan(moved(link, -90, -90, -90)).all()
    assert np.isnan(moved(link, 101, 0, 0)).all()
    assert moved(link, -40, -40, -40) == pytest.approx([-40, -40, -40])


def test_a_deformable_object_without_a_field_is_its_two_matrices(tmp_path):
    (link,) = read(tmp_path, deformable(deformation(SPECT, before=TURN, after=SHIFT))).links
    assert (link.origin, moved(link, 1, 2, 3)) == (PLAN, [13, 21, 33])


def test_an_affine_matrix_that_is_a_rotation_is_taken_another_is_not(tmp_path):
    (link,) = read(tmp_path, spatial(entry(SPECT, matrix(TURN, "AFFINE")))).links
    assert moved(link, 1, 2, 3) == [8, 21, 33]
    wider = (1.02, *NOTHING[1:])
    with pytest.raises(InputError, match=r"P014: .*one of type RIGID_SCALE: .*stretches"):
        read(tmp_path, spatial(entry(SPECT, matrix(wider, "RIGID_SCALE"))))


@pytest.mark.parametrize(
    ("dataset", "code", "words"),
    [
        (spatial(entry(None, matrix(TURN))), "registration-frame", "frame of reference of each matrix"),
        (spatial(entry(SPECT, matrix(TURN)), registered=None), "registration-frame", "reference of the object"),
        (spatial(entry(PLAN, matrix(TURN))), "registration-frame", "against itself"),
        (spatial(entry(SPECT, matrix((-1, *NOTHING[1:])))), "registration-matrix", "mirrors"),
        (spatial(entry(SPECT, matrix((*NOTHING[:15], 2)))), "registration-matrix", "last row"),
        (spatial(entry(SPECT, matrix(NOTHING[:12]))), "attribute", "16 numbers"),
        (spatial(entry(SPECT)), "registration-matrix", "one matrix registration"),
        (spatial(), "registration-empty", "a registration in the object"),
        (spatial(SOPClassUID="1.2.840.10008.5.1.4.1.1.66.2"), "registration-kind", "another kind"),
        (spatial(Modality="OT"), "modality", "modality OT"),
        (deformable(deformation(None, np.zeros((2, 2, 2, 3)))), "registration-frame", "reference of the source"),
        (deformable(deformation(SPECT, np.zeros((1, 4, 5, 3)))), "registration-field", "5 x 4 x 1 nodes"),
        (deformable(deformation(SPECT, np.zeros((2, 2, 2, 3)), resolution=(1, 0, 1))), "registration-field", "Grid"),
    ],
)  # fmt: skip
def test_what_would_be_a_guess_is_refused_by_name(tmp_path, dataset, code, words):
    with pytest.raises(InputError, match=words) as error:
        read(tmp_path, dataset)
    assert [fault.code for fault in error.value.faults] == [code]
    assert PLAN not in str(error.value) and SPECT not in str(error.value)


def test_fewer_vectors_than_nodes_are_refused(tmp_path):
    dataset = deformable(deformation(SPECT, np.zeros((3, 4, 5, 3))))
    grid = dataset.DeformableRegistrationSequence[0].DeformableRegistrationGridSequence[0]
    grid.VectorGridData = grid.VectorGridData[:-12]
    with pytest.raises(InputError, match="59 vectors for 5 x 4 x 3 nodes"):
        read(tmp_path, dataset)


def test_all_faults_of_an_object_come_together(tmp_path):
    dataset = spatial(entry(None, matrix((*NOTHING[:15], 2))), registered=None)
    with pytest.raises(InputError) as error:
        read(tmp_path, dataset)
    assert len(error.value.faults) == 3
