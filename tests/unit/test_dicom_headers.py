"""What a DICOM file says of itself, read without pydicom's reader: compared with what pydicom wrote."""

import os
import zlib

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from lungtox.dicom import Header, Refusal, read_header
from tests.unit import dicom_files as make

UNREADABLE = "a file that may not be read, or a link in a circle"


def whose(dataset, *, patient_id="ID-7", name="Doe^Jane"):
    dataset.PatientID, dataset.PatientName, dataset.PatientBirthDate = patient_id, name, "19610203"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3.50", "1.2.3.51"
    return dataset


def plan():
    dataset = whose(make.plan([make.beam(1), make.beam(2)], fractions=28))
    dataset.ApprovalStatus, dataset.PlanIntent = "APPROVED", "CURATIVE"
    dataset.RTPlanDate, dataset.RTPlanTime = "20140815", "101500"
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = "1.2.3.11"
    dataset.ReferencedStructureSetSequence = [reference]
    return dataset


def structures(*, undefined=False):
    dataset = whose(make.structures({1: ("Lung", [make.contour(make.square(z)) for z in range(9)])}))
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = "1.2.3.60"
    study.RTReferencedSeriesSequence, study.ReferencedSOPInstanceUID = [series], "1.2.3.61"
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = make.FRAME, [study]
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    if undefined:
        for element in dataset.iterall():
            if isinstance(element.value, Sequence):
                element.is_undefined_length = True
                for item in element.value:
                    item.is_undefined_length_sequence_item = True
    return dataset


def dose():
    dataset = whose(make.dose(np.ones((3, 4, 5), "<u2")))
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = "1.2.3.12"
    dataset.ReferencedRTPlanSequence = [reference]
    return dataset


@pytest.mark.parametrize("options", [{}, {"implicit": True}, {"meta": False}], ids=["explicit", "implicit", "no meta"])
def test_what_a_plan_says(tmp_path, options):
    found = read_header(make.save(plan(), tmp_path / "a", **options))
    assert isinstance(found, Header)
    assert (found.shared.patient_id, found.shared.name, found.shared.birth_date) == ("ID-7", "doe jane", "19610203")
    assert (found.shared.modality, found.shared.study, found.shared.series) == ("RTPLAN", "1.2.3.50", "1.2.3.51")
    assert (found.uid, found.facts.structure_sets, found.facts.made) == ("1.2.3.12", ("1.2.3.11",), "20140815 101500")
    assert (found.facts.approval, found.facts.intent) == ("APPROVED", "CURATIVE")
    assert (found.facts.fractions, found.facts.prescription_gy) == (28, 60.0)


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("options", [{}, {"implicit": True}], ids=["explicit", "implicit"])
def test_what_a_structure_set_says_whichever_way_its_sequences_are_written(tmp_path, options, undefined):
    found = read_header(make.save(structures(undefined=undefined), tmp_path / "a", **options))
    assert (found.facts.frames, found.facts.series) == ((make.FRAME,), ("1.2.3.60",))


def test_what_a_dose_says_and_its_pixels(tmp_path):
    path = make.save(dose(), tmp_path / "a")
    found = read_header(path)
    assert (found.facts.plans, found.facts.summation_type, found.facts.units) == (("1.2.3.12",), "PLAN", "GY")
    assert (found.shared.frame_of_reference, found.fault) == (make.FRAME, "")
    assert read_header(make.save(make.changed(dose(), Rows=40), tmp_path / "b")).fault.startswith("fewer pixels")
    assert read_header(make.save(make.changed(dose(), PixelData=None), tmp_path / "c")).fault == "no pixels"


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_other_transfer_syntaxes(tmp_path, syntax):
    make.save(plan(), tmp_path / "a")
    dataset = plan()
    dataset.file_meta = pydicom.dcmread(tmp_path / "a").file_meta
    dataset.file_meta.TransferSyntaxUID = syntax
    little = syntax != ExplicitVRBigEndian
    pydicom.dcmwrite(tmp_path / "b", dataset, implicit_vr=False, little_endian=little, enforce_file_format=True)
    assert read_header(tmp_path / "b") == read_header(tmp_path / "a")


def test_names_beyond_ascii_and_ids_with_blanks(tmp_path):
    dataset = whose(make.plan([make.beam(1)]), patient_id=" ID 7 ", name="Müller^Jürgen=")
    dataset.SpecificCharacterSet = "ISO_IR 100"
    found = read_header(make.save(dataset, tmp_path / "a"))
    assert (found.shared.patient_id, found.shared.name) == ("ID 7", "müller jürgen")
    assert "ller" not in repr(found) and "ID 7" not in repr(found)


def test_slices_are_ordered_along_their_normal(tmp_path):
    places = []
    for z in (10.0, -5.0):
        dataset = whose(make.spect(np.ones((1, 2, 2), "<u2")))
        dataset.Modality, dataset.SOPClassUID = "CT", "1.2.840.10008.5.1.4.1.1.2"
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [1, 2, z], [1, 0, 0, 0, 1, 0]
        places.append(read_header(make.save(dataset, tmp_path / f"{z}")).place)
    assert places == [10.0, -5.0]


@pytest.mark.parametrize("keep", range(5, 100, 5))
def test_a_file_cut_off_anywhere_is_refused(tmp_path, keep):
    content = make.save(structures(undefined=True), tmp_path / "a").read_bytes()
    (tmp_path / "b").write_bytes(content[: len(content) * keep // 100])
    found = read_header(tmp_path / "b")
    assert isinstance(found, Refusal) and found.code in ("truncated", "not-dicom")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"Dose in Gy", "not-dicom"),
        (b"\x08\0\x05\0" + bytes(400), "not-dicom"),
        (bytes(128) + b"DICM" + bytes(10_000), "not-dicom"),
        (b"PK\x03\x04" + bytes(500), "not-dicom"),
        (
            bytes(128) + b"DICM" + b"\x08\0\x05\0SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\xff\xff\xff\xff" * 500,
            "damaged",
        ),
    ],
)
def test_what_is_no_dicom_is_refused(tmp_path, content, code):
    (tmp_path / "a").write_bytes(content)
    found = read_header(tmp_path / "a")
    assert isinstance(found, Refusal) and found.code == code


def test_a_small_file_that_inflates_to_a_huge_one_is_refused(tmp_path):
    path = make.save(plan(), tmp_path / "a")
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    content = path.read_bytes()
    start = content.index(b"1.2.840.10008.1.2.1.99") + 22
    engine = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = b"".join(engine.compress(bytes(1 << 24)) for _ in range(9)) + engine.flush()
    meta_end = 132 + 12 + int.from_bytes(content[140:144], "little")
    assert start <= meta_end
    path.write_bytes(content[:meta_end] + bomb)
    assert read_header(path).code == "damaged"


def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = make.save(plan(), tmp_path / "a")
    path.chmod(0)
    assert isinstance(read_header(tmp_path / "none"), Refusal)  # imported before the fork
    child = os.fork()
    if child == 0:  # the superuser may read everything, so another user tries
        if os.geteuid() == 0:
            os.setuid(65534)
        os._exit(0 if read_header(path) == Refusal("unreadable", UNREADABLE) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
