"""The rules by which `lungtox index` chooses, on small files: what is chosen, by which rule, and what is asked."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from lungtox.errors import Fault, InputError
from lungtox.intake import index_folder
from lungtox.intake.dvh_texts import find_dvh_texts
from lungtox.intake.scan import SetApart
from tests.unit import dicom_files as make
from tests.unit import registration_files as objects

PT = "1.2.840.10008.5.1.4.1.1.128"


def refer(uid):
    item = Dataset()
    item.ReferencedSOPInstanceUID = uid
    return [item]


class Export:
    """Files of one patient; each call writes one with a UID and adds its name to the folder."""

    def __init__(self, folder):
        self.folder = folder / "export"
        self.folder.mkdir()
        self.out = folder / "mine"

    def write(self, name, dataset, *, patient="ID-1", person="Doe^Jane", birth="19610203", **changes):
        dataset.PatientID, dataset.PatientName, dataset.PatientBirthDate = patient, person, birth
        dataset.SOPInstanceUID = f"1.2.9.{int.from_bytes(f'{patient}{name}'.encode(), 'big')}"[:60]
        dataset.SeriesInstanceUID = changes.pop("SeriesInstanceUID", f"{dataset.SOPInstanceUID}.1")
        make.save(make.changed(dataset, **changes), self.folder / f"{patient}-{name}")
        return dataset.SOPInstanceUID

    def plan(self, name, *, structures=None, **changes):
        if structures:
            changes["ReferencedStructureSetSequence"] = refer(structures)
        return self.write(name, make.plan([make.beam(1)]), **changes)

    def structures(self, name, *, frame=make.FRAME, **changes):
        dataset = make.structures({1: ("Lung_L", [make.contour(make.square(3))])}, frames=(frame,))
        return self.write(name, dataset, **changes)

    def dose(self, name, *plans, **changes):
        items = [item for plan in plans for item in refer(plan)]
        return self.write(name, make.dose(np.ones((3, 4, 5), "<u2")), ReferencedRTPlanSequence=items, **changes)

    def slices(self, series, count, *, frame=make.FRAME):
        for z in range(count):
            dataset = make.spect(np.ones((1, 2, 2), "<u2"))
            dataset.Modality, dataset.SOPClassUID = "CT", "1.2.840.10008.5.1.4.1.1.2"
            dataset.ImageType, dataset.FrameOfReferenceUID = ["ORIGINAL", "PRIMARY", "AXIAL"], frame
            dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, -z], [1, 0, 0, 0, 1, 0]
            self.write(f"{series}{z}", dataset, SeriesInstanceUID=series)

    def index(self, **options):
        self.result = index_folder(self.folder, self.out, **options)
        self.key = json.loads(self.out.with_name("mine.key.json").read_text())
        return self.result

    def rows(self, name):
        with (self.out / name).open(newline="") as stream:
            return list(csv.DictReader(stream))

    def linked(self, column):
        """Names of the files behind a cell of the only row."""
        (row,) = self.rows("patients.csv")
        paths = [self.out / part for part in row[column].split(";") if part]
        files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.iterdir()))]
        return [file.resolve().name.removeprefix("ID-1-") for file in files]

    def rule(self, item):
        return next((row["rule"] for row in self.rows("choices.csv") if row["item"] == item), None)

    def codes(self):
        return {fault.code for fault in self.result.faults}

    def answer(self, item, *names):
        """Write the numbers of files into choices.csv, as a person would."""
        rows = self.rows("choices.csv")
        paths = {path.rsplit("/", 1)[1]: number for number, path in self.key["files"].items()}
        for row in rows:
            if row["item"] == item:
                row["chosen"] = ";".join(paths.get(f"ID-1-{name}", name) for name in names)
        with (self.out / "choices.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)


@pytest.fixture
def export(tmp_path):
    return Export(tmp_path)


def test_without_a_plan_the_latest_structure_set_in_the_frame_of_the_dose_is_taken(export):
    export.structures("first", StructureSetDate="20140801")
    export.structures("second", StructureSetDate="20140815")
    export.structures("elsewhere", StructureSetDate="20150101", frame="1.2.77")
    export.dose("dose")
    result = export.index()
    assert export.linked("structures") == ["second"]
    assert export.rule("structures") == "in the frame of reference of the dose; the latest"
    assert {note.code for note in result.notes} == {"plan-missing"}


def test_the_structure_set_of_the_plan_goes_before_a_later_one(export):
    planned = export.structures("planned", StructureSetDate="20140801")
    export.structures("later", StructureSetDate="20140815")
    export.dose("dose", export.plan("plan", structures=planned))
    export.index()
    assert export.linked("structures") == ["planned"]


def test_the_dose_of_the_plan_goes_before_those_of_its_beams(export):
    plan = export.plan("plan", structures=export.structures("set"))
    export.dose("beam", plan, DoseSummationType="BEAM")
    export.dose("whole", plan)
    export.index()
    assert (export.linked("dose"), export.rule("dose")) == (["whole"], "dose of a whole plan")
    assert [row["code"] for row in export.rows("unusable.csv")] == ["dose-part"]


def test_the_summed_dose_goes_before_the_doses_of_its_plans(export):
    planned = export.structures("set")
    first = export.plan("first", structures=planned, RTPlanDate="20140801")
    second = export.plan("second", structures=planned, RTPlanDate="20140901")
    export.dose("one", first)
    export.dose("two", second)
    export.dose("sum", first, second, DoseSummationType="MULTI_PLAN")
    export.index()
    assert (export.linked("plan"), export.linked("dose")) == (["first"], ["sum"])
    assert export.rule("plan") == "one dose is the sum of all these plans: the first course"
    assert export.rule("dose") == "it refers to the chosen plan; the summed dose"


def test_two_courses_are_asked_for_and_taken_together_where_a_person_says_so(export):
    planned = export.structures("set")
    export.dose("one", export.plan("first", structures=planned))
    export.dose("two", export.plan("boost", structures=planned))
    export.index()
    assert "choose-plan" in export.codes() and export.rows("patients.csv") == []
    export.answer("plan", "boost", "first")
    export.index()
    assert (export.linked("plan"), export.linked("dose")) == (["boost", "first"], ["two", "one"])
    assert export.rule("dose") == "the dose of each chosen plan"


def test_a_rejected_plan_is_taken_only_where_a_person_says_so(export):
    export.dose("dose", export.plan("plan", structures=export.structures("set"), ApprovalStatus="REJECTED"))
    export.index()
    assert export.codes() == {"choose-plan"}
    export.answer("plan", "plan")
    export.index()
    assert export.linked("plan") == ["plan"]


def test_files_that_have_gone_are_said(export):
    export.structures("set")
    export.dose("dose")
    export.index()
    for path in export.folder.iterdir():
        path.unlink()
    result = export.index()
    assert ({note.code for note in result.notes}, result.kept) == ({"source-gone"}, 1)


def test_an_answer_that_is_no_candidate_is_refused_by_name(export):
    planned = export.structures("set")
    export.dose("one", export.plan("first", structures=planned))
    export.dose("two", export.plan("second", structures=planned))
    export.index()
    export.answer("plan", "the second")
    export.index()
    fault = next(fault for fault in export.result.faults if fault.found == "something else")
    assert "column chosen of choices.csv (plan)" in fault.expected


@pytest.mark.parametrize("item", ["dose", "structures"])
def test_a_patient_cannot_do_without_dose_or_structures(export, item):
    for name in ("one", "two"):
        export.structures(f"set {name}")
        export.dose(f"dose {name}")
    export.index()
    assert export.codes() == {"choose-dose", "choose-structures"}
    other = {"dose": "structures", "structures": "dose"}[item]
    export.answer(other, {"dose": "dose one", "structures": "set one"}[other])
    export.answer(item, "None")
    export.index()
    assert export.codes() == {f"{item}-missing"} and export.rows("patients.csv") == []


def test_the_planning_ct_is_the_series_that_the_contours_were_drawn_on(export):
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = "1.2.61"
    study.RTReferencedSeriesSequence, frame.RTReferencedStudySequence = [series], [study]
    frame.FrameOfReferenceUID = make.FRAME
    export.structures("set", ReferencedFrameOfReferenceSequence=[frame])
    export.dose("dose")
    export.slices("1.2.60", 4)
    export.slices("1.2.61", 3)
    export.index()
    assert export.linked("planning_ct") == ["1.2.612", "1.2.611", "1.2.610"]  # from the feet upwards
    assert export.rule("planning_ct") == "the structure set was drawn on it"


def test_a_spect_in_another_frame_comes_with_its_registration_and_its_ct(export):
    export.structures("set")
    export.dose("dose")
    export.write("spect", make.spect(np.ones((3, 4, 5), "<u2")), FrameOfReferenceUID="1.2.77")
    export.slices("1.2.60", 3, frame="1.2.77")
    assert {note.code for note in export.index().notes} == {"plan-missing", "spect-frame"}
    (export.out / "patients.csv").unlink()
    items = [Dataset(), Dataset()]
    items[0].FrameOfReferenceUID, items[1].FrameOfReferenceUID = make.FRAME, "1.2.77"
    registration = Dataset()
    registration.SOPClassUID, registration.Modality = "1.2.840.10008.5.1.4.1.1.66.1", "REG"
    registration.FrameOfReferenceUID, registration.RegistrationSequence = make.FRAME, items
    export.write("registration", registration)
    assert {note.code for note in export.index().notes} == {"plan-missing"}
    assert (export.linked("spect"), export.linked("registration")) == (["spect"], ["registration"])
    assert export.linked("spect_ct") == ["1.2.602", "1.2.601", "1.2.600"]


def test_a_spect_that_can_be_registered_by_its_ct_needs_no_registration_object(export):
    elsewhere(export)
    export.slices("1.2.60", 3, frame="1.2.77")
    export.slices("1.2.61", 4)
    assert "spect-frame" not in {note.code for note in export.index().notes}
    assert export.linked("spect_ct") == ["1.2.602", "1.2.601", "1.2.600"]
    assert len(export.linked("planning_ct")) == 4


def registered(*sources, to, sop_class=objects.SPATIAL):
    """A registration object of this many sources, to the frame ``to``."""
    if sop_class == objects.DEFORMABLE:
        return objects.deformable(*(objects.deformation(frame) for frame in sources), registered=to)
    return objects.spatial(*(objects.entry(frame, objects.matrix(objects.TURN)) for frame in sources), registered=to)


def elsewhere(export):
    """A SPECT in another frame of reference than the dose."""
    export.structures("set")
    export.dose("dose")
    export.write("spect", make.spect(np.ones((3, 4, 5), "<u2")), FrameOfReferenceUID="1.2.77")


def test_two_registrations_that_lead_from_the_dose_to_the_spect_together_are_taken_in_their_order(export):
    elsewhere(export)
    export.write("second", registered("1.2.77", to="1.2.78"))
    export.write("first", registered("1.2.78", to=make.FRAME))
    export.write("another", registered("1.2.79", to=make.FRAME))
    export.index()
    assert export.linked("registration") == ["first", "second"]
    assert export.rule("registration") == "one chain leads from the dose to the SPECT"


def test_registrations_that_fit_alike_are_left_to_a_person_and_stop_nothing(export):
    elsewhere(export)
    export.write("one", registered("1.2.77", to=make.FRAME))
    export.write("two", registered("1.2.77", to=make.FRAME))
    result = export.index()
    assert (result.faults, export.linked("spect"), export.linked("registration")) == ((), ["spect"], [])
    assert "2 registrations that fit alike" in next(note.found for note in result.notes if note.code == "spect-frame")
    (export.out / "patients.csv").unlink()
    export.answer("registration", "two")
    export.index()
    assert export.linked("registration") == ["two"]


def test_a_deformable_registration_counts_in_its_own_direction_only(export):
    elsewhere(export)
    export.write("back", registered(make.FRAME, to="1.2.77", sop_class=objects.DEFORMABLE))
    assert "spect-frame" in {note.code for note in export.index().notes}
    (export.out / "patients.csv").unlink()
    export.write("forth", registered("1.2.77", to=make.FRAME, sop_class=objects.DEFORMABLE))
    export.index()
    assert export.linked("registration") == ["forth"]


def test_a_transmission_map_is_no_candidate(export):
    export.structures("set")
    export.dose("dose")
    export.write("spect", make.spect(np.ones((3, 4, 5), "<u2")))
    transmission = make.spect(np.full((3, 4, 5), 2, "<u2"))
    export.write("mu", transmission, ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "TRANSMISSION"])
    export.index()
    assert export.linked("spect") == ["spect"]
    assert [row["code"] for row in export.rows("unusable.csv")] == ["transmission"]


@pytest.mark.parametrize(("time", "taken"), [("101500", ["nac"]), ("094500", [])])
def test_the_same_acquisition_without_attenuation_correction_is_taken_for_the_sweep(export, time, taken):
    export.structures("set")
    export.dose("dose")
    acquired = {"AcquisitionDate": "20140811", "AcquisitionTime": "101500"}
    export.write("spect", make.spect(np.ones((3, 4, 5), "<u2")), CorrectedImage=["ATTN", "SCAT"], **acquired)
    # Another time: a ventilation image of the same session.
    acquired["AcquisitionTime"] = time
    export.write("nac", make.spect(np.full((3, 4, 5), 2, "<u2")), CorrectedImage=["SCAT"], **acquired)
    export.index()
    assert (export.linked("spect"), export.linked("spect_nac")) == (["spect"], taken)


def single_slices(export, modality, sop_class, **changes):
    for number in range(3):
        dataset = make.spect(np.ones((1, 2, 2), "<u2"))
        dataset.Modality, dataset.SOPClassUID = modality, sop_class
        dataset.DetectorInformationSequence[0].ImagePositionPatient = [0, 0, -number]
        export.write(f"slice{number}", dataset, SeriesInstanceUID="1.2.90", **changes)


def test_a_spect_of_single_slices_becomes_a_folder(export):
    export.structures("set")
    export.dose("dose")
    single_slices(export, "NM", make.NM)
    export.index()
    (row,) = export.rows("patients.csv")
    assert row["spect"] == f"inputs/{row['patient']}/spect"
    assert sorted(path.name for path in export.out.glob("inputs/*/spect/*")) == ["0001.dcm", "0002.dcm", "0003.dcm"]


def test_a_pet_of_gallium_stands_for_a_spect_where_there_is_none_and_another_does_not(export):
    export.structures("set")
    export.dose("dose")
    nuclide, tracer = Dataset(), Dataset()
    nuclide.CodeValue, tracer.RadionuclideCodeSequence = "C-131A3", [nuclide]
    single_slices(export, "PT", PT, RadiopharmaceuticalInformationSequence=[tracer])
    notes = export.index().notes
    assert [note.code for note in notes if note.code.startswith("spect")] == ["spect-pet"]
    assert export.rows("patients.csv")[0]["spect"].endswith("/spect")
    (export.out / "patients.csv").unlink()
    nuclide.CodeValue = "C-111A1"  # fluorine-18, as in PET of glucose
    single_slices(export, "PT", PT, RadiopharmaceuticalInformationSequence=[tracer])
    export.index()
    assert export.rows("patients.csv")[0]["spect"] == ""


def test_of_two_spects_the_corrected_one_in_the_frame_of_the_dose_is_taken_and_equal_ones_are_asked_for(export):
    export.structures("set")
    export.dose("dose")
    export.write("plain", make.spect(np.ones((3, 4, 5), "<u2")), CorrectedImage=["UNIF"])
    export.write("corrected", make.spect(np.ones((3, 4, 5), "<u2")))
    export.write("elsewhere", make.spect(np.ones((3, 4, 5), "<u2")), FrameOfReferenceUID="1.2.77")
    export.index()
    assert export.linked("spect") == ["corrected"]
    (export.out / "patients.csv").unlink()
    export.write("again", make.spect(np.full((3, 4, 5), 2, "<u2")))
    export.index()
    assert export.codes() == {"choose-spect"}
    export.answer("spect", "none")
    export.index()
    assert export.linked("spect") == []


def test_a_roi_with_the_patients_name_is_left_out_but_lung_is_a_name_too(export):
    rois = {n: (name, None) for n, name in enumerate(("Lt Lung", "GTV Wongsiri", "Heart"), start=1)}
    export.write("set", make.structures(rois), person="Wongsiri^Lung")
    export.dose("dose", person="Wongsiri^Lung")
    notes = [note.found for note in export.index().notes if note.code == "roi-name"]
    assert notes == ["the patient's name or ID in the name of ROI 2, which is left out"]
    assert [row["roi_name"] for row in export.rows("structures.csv")] == ["Lt Lung", "Heart"]


def test_one_person_under_two_patient_ids_is_named(export):
    for patient in ("ID-1", "ID-2"):
        export.structures("set", patient=patient)
        export.dose("dose", patient=patient)
    assert [note.code for note in export.index().notes].count("same-person") == 1


def test_pets_are_linked_though_no_column_takes_them(export):
    export.structures("set")
    export.dose("dose")
    for z in (0, 4):
        dataset = make.spect(np.ones((1, 2, 2), "<u2"))
        dataset.Modality, dataset.SOPClassUID = "PT", "1.2.840.10008.5.1.4.1.1.128"
        export.write(f"pet{z}", dataset, SeriesInstanceUID="1.2.70", InstanceNumber=z)
    export.index()
    assert sorted(path.name for path in export.out.glob("inputs/*/pet/*")) == ["0001.dcm", "0002.dcm"]


def read_names(path):
    """Stands in for a reader of DVH exports: the lines after the word DVH are structures."""
    _, _, tail = Path(path).read_text(encoding="utf-8").partition("DVH\n")
    if not tail:
        raise InputError(Fault("DVH file", "a DVH export", "something else", "", "dvh-format"))
    return dict(enumerate(tail.split(), start=1))


def test_dvh_exports_are_linked_by_their_patient_id(export):
    (export.folder / "a.txt").write_text("Patient Name : Doe, Jane\nPatient ID   : ID-7\nDVH\nLung_L\nHeart\n")
    (export.folder / "b.txt").write_text("Plan: one\nDVH\nLung_L\n")
    (export.folder / "c.txt").write_text("Patient ID: ID-1\nDVH\nLung_L\n")
    (export.folder / "d.txt").write_text("Dear colleague\n")
    export.structures("set")
    export.dose("dose")
    result = export.index(read_dvh_names=read_names)
    assert (result.files, result.added, result.left_out) == (6, 2, 0)
    (row,) = [row for row in export.rows("patients.csv") if row["dvh"]]
    assert (export.out / row["dvh"]).resolve().name == "a.txt"
    assert export.key["patients"][row["patient"]]["patient_id"] == "ID-7"
    names = [r["roi_name"] for r in export.rows("structures.csv") if r["patient"] == row["patient"]]
    assert names == ["Lung_L", "Heart"]
    assert {note.code for note in result.notes} == {"plan-missing", "dvh-beside-dicom"}
    assert sorted(r["code"] for r in export.rows("unusable.csv")) == ["no-patient-id", "not-dicom"]


@pytest.mark.parametrize(
    ("head", "patient_id"),
    [
        ("Patient Name : Doe, Jane\nPatient ID           : ID 7\n", "ID 7"),
        ("#PatientName:Doe^Jane\n#PatientId:ID-7\n", "ID-7"),
        ("Patient ID: Doe, Jane~ID-7 | Dose Units: Gy | Volume Units: %\n", "ID-7"),
        ("Patient ID: ID-7, Prostate\n", "ID-7"),
        ("PatientID,ROI,Volume (cc),V5Gy\n", ""),
        ("#RoiName:Lung\n", ""),
    ],
)
def test_whose_a_dvh_export_is(tmp_path, head, patient_id):
    (tmp_path / "a").write_text(f"{head}DVH\nLung_L\n")
    texts, apart = find_dvh_texts([SetApart(str(tmp_path / "a"), "not-dicom", "")], read_names)
    assert list(texts) == ([patient_id] if patient_id else [])
    assert [file.code for file in apart] == ([] if patient_id else ["no-patient-id"])


def test_tables_that_a_person_saved_another_way_are_refused_or_kept(export):
    export.structures("set")
    export.dose("dose")
    export.index()
    table = export.out / "structures.csv"
    saved = b"\xef\xbb\xbf" + table.read_bytes().replace(b"\n", b"\r\n").rstrip()  # by a spreadsheet
    table.write_bytes(saved)
    export.structures("set", patient="ID-2")
    export.dose("dose", patient="ID-2")
    export.index()
    assert table.read_bytes().startswith(saved + b"\r\n") and b"\r\r" not in table.read_bytes()
    assert table.read_bytes().count(b"Lung_L,Lung_L,exact") == 2
    table.write_bytes(table.read_bytes().replace(b",", b";"))  # by a spreadsheet with German settings
    export.structures("set", patient="ID-3")
    export.dose("dose", patient="ID-3")
    export.index()
    assert table.read_bytes().count(b";Lung_L;Lung_L;exact") == 3
    table.write_bytes(table.read_bytes().replace(b";", b"|"))
    with pytest.raises(InputError, match=r"structures.csv: expected columns"):
        export.index()


def test_a_disk_that_refuses_is_said_without_its_path(export, tmp_path):
    export.structures("set")
    export.dose("dose")
    (tmp_path / "a file").touch()
    with pytest.raises(InputError) as error:
        export.index(key=tmp_path / "a file" / "key.json")
    assert "a disk that refuses" in str(error.value) and "a file" not in str(error.value)
    assert not (export.out / "patients.csv").exists()


def test_a_key_file_that_others_can_read_is_closed_and_said(export):
    export.structures("set")
    export.dose("dose")
    export.index()
    path = export.out.with_name("mine.key.json")
    path.chmod(0o644)
    assert "key-permissions" in {note.code for note in export.index().notes}
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{}")
    with pytest.raises(InputError, match="a key file of lungtox"):
        export.index()
