"""Headers of planning systems' files as pydicom reads them, and as our own walk does."""

import os
import warnings
from pathlib import Path

import pydicom
import pytest

from lungtox.dicom import Header, read_header

DATA = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="reference data are absent (LUNGTOX_REFERENCE_DATA)")
FILES = sorted(path for path in DATA.rglob("*") if path.is_file() and path.suffix.lower() == ".dcm")


def uids(sequence, *path):
    """UIDs at the end of a path of keywords through sequences."""
    for keyword in path[:-1]:
        sequence = [inner for item in sequence for inner in item.get(keyword) or ()]
    return tuple(dict.fromkeys(str(item.get(path[-1])) for item in sequence if item.get(path[-1])))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_header_is_what_pydicom_reads(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        found = read_header(path)
        assert isinstance(found, Header)
        shared, top = found.shared, [expected]
        assert (found.uid, shared.modality) == (str(expected.get("SOPInstanceUID", "")), str(expected.Modality))
        assert shared.patient_id == str(expected.get("PatientID") or "").strip()
        assert shared.series == str(expected.get("SeriesInstanceUID", ""))
        assert shared.frame_of_reference == str(expected.get("FrameOfReferenceUID") or "")
        if found.facts is not None:
            assert found.facts.plans == uids(top, "ReferencedRTPlanSequence", "ReferencedSOPInstanceUID")
            assert found.facts.structure_sets == uids(top, "ReferencedStructureSetSequence", "ReferencedSOPInstanceUID")
            assert found.facts.summation_type == str(expected.get("DoseSummationType") or "")
            assert found.facts.approval == str(expected.get("ApprovalStatus") or "")
            series = uids(
                top,
                "ReferencedFrameOfReferenceSequence",
                "RTReferencedStudySequence",
                "RTReferencedSeriesSequence",
                "SeriesInstanceUID",
            )
            assert found.facts.series == series
