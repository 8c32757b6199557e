"""``lungtox check``: every fault of tables and files in one go."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from lungtox.check import check, read_usable_config
from lungtox.cli import main
from lungtox.cohort import CohortSettings, EndpointSettings, InputsSettings
from lungtox.figures import FiguresSettings
from lungtox.imaging.config import RegistrationSettings
from lungtox.naming.config import NamesSettings
from tests.unit import box_patient as boxes
from tests.unit import dicom_files as make

PROJECT = Path(__file__).parents[2]
CLINICAL = "patient,age_y,sex,smoking,rt_start_date,rt_end_date,rp_grade,rp_date,last_follow_up_date,death_date\n{rows}"
ROW = "{},63,F,never,2020-01-06,2020-02-14,0,,2021-01-01,\n"


def config(folder, *, clinical=CLINICAL, patients=("A", "B"), accepted=(), on_unusable="stop", cytokines=None):
    (folder / "clinical.csv").write_text(clinical.format(rows="".join(ROW.format(name) for name in patients)))
    if cytokines is not None:
        (folder / "cytokines.csv").write_text(cytokines)
    return SimpleNamespace(
        inputs=InputsSettings(
            patients=str(folder / "patients.csv"),
            structures=str(folder / "structures.csv"),
            clinical=str(folder / "clinical.csv"),
            cytokines=None if cytokines is None else str(folder / "cytokines.csv"),
        ),
        names=NamesSettings(),
        tables=None,
        time=None,
        missing=None,
        ladder=None,
        agreement=None,
        delivered=None,
        has_outcome=True,
        validation=SimpleNamespace(by=None),
        dose=boxes.SETTINGS,
        function=boxes.FUNCTION,
        registration=RegistrationSettings(),
        cohort=CohortSettings(accepted_exclusions=list(accepted), on_unusable=on_unusable, metrics={}),
        association=SimpleNamespace(
            families={"clinical": ["age_y", "technique", *(["tgfb1_pre"] if cytokines else [])]}, strata={}
        ),
        models={"m": SimpleNamespace(predictors=["smoking"])},
        roc=SimpleNamespace(scores=[], pairs=[]),
        ntcp=SimpleNamespace(compare=None, fits={}),
        endpoint=EndpointSettings(),
        figures=FiguresSettings(),
    )


def test_a_font_that_is_not_installed_is_found_before_the_run(tmp_path):
    boxes.write(tmp_path, {"A": {}, "B": {}})
    settings = config(tmp_path)
    settings.figures = FiguresSettings.model_validate({"style": {"font": "No Such Font"}})
    (fault,) = check(settings).faults
    assert (fault.who, fault.code) == ("figures.style.font", "font-missing")


def test_nothing_wrong(tmp_path):
    boxes.write(tmp_path, {"A": {}, "B": {"spect": None}})
    result = check(config(tmp_path))
    assert (result.faults, result.patients) == ((), 2)
    assert boxes.apart_from_size(result.warnings) == (
        "functional analyses use the 1 of 2 usable patients with a SPECT (none given for B)",
    )


def test_a_structures_table_that_cannot_be_read_is_one_fault(tmp_path):
    boxes.write(tmp_path, {"A": {}, "B": {}})
    table = tmp_path / "structures.csv"
    table.write_text(table.read_text().replace("roi_number", "ROI number", 1))
    assert {fault.code for fault in check(config(tmp_path)).faults} == {"missing-column", "unknown-column"}


def test_a_dose_in_cgy_is_found_before_the_run(tmp_path):
    boxes.write(tmp_path, {"A": {"dose": boxes.dose(DoseGridScaling=1)}, "B": {}})
    (fault,) = check(config(tmp_path)).faults
    assert (fault.who, fault.code) == ("A", "dose-scale") and "cGy" in fault.action


def test_all_faults_in_one_go(tmp_path):
    boxes.write(
        tmp_path,
        {
            "A": {"dose": boxes.dose(FrameOfReferenceUID="1.2.77")},
            "B": {"dose": boxes.dose(DoseUnits="RELATIVE")},
            "C": {"dose": boxes.dose(ImagePositionPatient=[-60, -40, 20])},
            "D": {"structures": boxes.structures(Lung_L=[])},
            "E": {},
        },
    )
    (tmp_path / "E" / "dose.dcm").unlink()
    table = tmp_path / "patients.csv"
    table.write_text(table.read_text() + table.read_text().splitlines()[1] + "\n")
    clinical = CLINICAL.replace("{rows}", "{rows}Z,abc,F,never,2020-01-06,2020-02-14,0,,2021-01-01,\n")
    result = check(config(tmp_path, clinical=clinical, patients="ABCD"))
    codes = {fault.code for fault in result.faults}
    assert codes >= {
        "patient-twice",
        "frame-of-reference",
        "dose-units",
        "dose-coverage",
        "structure-missing",
        "file-missing",
        "patient-without-clinical",
        "patient-not-listed",
    }
    text = "\n".join(map(str, result.faults))
    assert "abc" in text and "age_y" in text  # row and column of what is no number
    assert "1.2.77" not in text and str(tmp_path) not in text


def test_the_same_dose_under_two_study_ids(tmp_path):
    boxes.write(tmp_path, {"A": {}, "B": {"dose": boxes.dose(SOPInstanceUID="1.2.3.10.0")}})
    (fault,) = check(config(tmp_path)).faults
    assert (fault.who, fault.found, fault.code) == ("B", "the same dose as A", "patient-twice")


def test_a_config_column_that_no_table_has(tmp_path):
    boxes.write(tmp_path, {"A": {}, "B": {}})
    result = check(config(tmp_path, clinical=CLINICAL.replace(",smoking", ",smoked")))
    assert any("smoking" in fault.expected for fault in result.faults)


def test_a_column_is_named_with_every_place_that_uses_it(tmp_path):
    boxes.write(tmp_path, {"A": {}, "B": {}})
    settings = config(tmp_path)
    settings.association.families["functional"] = ["fv5_pct"]
    settings.roc = SimpleNamespace(scores=["fv5_pct"], pairs=[["fv5_pct", "fv5_pct"]])
    (fault,) = check(settings).faults
    assert "under cohort.metrics" in fault.action
    assert "correct the name in the config: association.families.functional, roc.scores, roc.pairs." in fault.action


def test_pneumonitis_without_a_date_stops_before_the_run(tmp_path):
    boxes.write(tmp_path, {"A": {}, "B": {}})
    clinical = CLINICAL.replace("{rows}", "A,63,F,never,2020-01-06,2020-02-14,2,,2021-01-01,\n" + ROW.format("B"))
    (fault,) = check(config(tmp_path, clinical=clinical)).faults
    assert (fault.code, fault.who) == ("endpoint-date", "A (clinical table, column rp_date)")
    assert "grade 2 or higher began" in fault.action


def test_accepted_exclusions_are_warnings(tmp_path):
    boxes.write(tmp_path, {"A": {"dose": boxes.dose(DoseUnits="RELATIVE")}, "B": {}})
    for changes in ({"accepted": ["A"]}, {"on_unusable": "exclude"}):
        result = check(config(tmp_path, **changes))
        assert result.faults == ()
        assert boxes.apart_from_size(result.warnings) == ("A will be left out: DoseUnits RELATIVE",)


def test_tables_that_are_missing_or_not_text(tmp_path):
    settings = config(tmp_path, cytokines="patient,value\n")
    (tmp_path / "clinical.csv").unlink()
    (tmp_path / "cytokines.csv").write_bytes(b"\xff\xfe\x00")
    result = check(settings)
    assert len(result.faults) >= 4
    assert result.patients == 0


def test_two_processes_find_the_same(tmp_path):
    boxes.write(tmp_path, {f"P{n}": {} if n % 5 else {"dose": boxes.dose(DoseUnits="RELATIVE")} for n in range(13)})
    settings = config(tmp_path, patients=[f"P{n}" for n in range(13)])
    assert check(settings) == check(settings, processes=1)


def test_the_command_groups_what_it_finds(tmp_path, capsys, monkeypatch):
    boxes.write(
        tmp_path, {"A": {"dose": boxes.dose(DoseUnits="RELATIVE")}, "B": {"dose": boxes.dose(DoseUnits="RELATIVE")}}
    )
    monkeypatch.setattr("lungtox.commands.check.read_usable_config", lambda path: (config(tmp_path), ()))
    with pytest.raises(SystemExit) as stopped:
        main(["check"])
    printed = capsys.readouterr()
    assert stopped.value.code == 1
    assert printed.out == ""
    assert "dose-units (2)\n  A: expected DoseUnits GY" in printed.err
    for name in "AB":
        make.save(boxes.dose(SOPInstanceUID=f"1.2.{ord(name)}"), tmp_path / name / "dose.dcm")
    (tmp_path / "B" / "spect.dcm").unlink()
    with pytest.raises(SystemExit) as stopped:
        main(["check", "any.yaml"])
    printed = capsys.readouterr()
    assert not stopped.value.code
    assert "2 patients checked: nothing would stop the run (8 warnings)" in printed.out
    assert "warning: B: SPECT not usable" in printed.err


def test_a_config_that_cannot_be_read(capsys, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        main(["check", str(tmp_path / "none.yaml")])
    assert stopped.value.code == 1
    assert "no such file" in capsys.readouterr().err


def test_a_table_that_cannot_be_read_is_one_fault_and_not_one_for_each_patient(tmp_path):
    boxes.write(tmp_path, {"A": {}, "B": {}})
    settings = config(tmp_path, clinical=CLINICAL.replace("patient", "who"))
    assert {fault.code for fault in check(settings).faults} == {"table-column"}
    settings = config(tmp_path)
    (tmp_path / "patients.csv").unlink()
    (fault,) = check(settings).faults
    assert (fault.who, fault.code) == ("patients.csv", "file-missing")


def test_an_id_written_in_another_way_is_pointed_out(tmp_path):
    boxes.write(tmp_path, {"P01": {}, "P02": {}})
    here, there = check(config(tmp_path, patients=("P01", "P2"))).faults
    assert (here.who, here.found) == ("P02 (patients.csv)", "P2, which may be the same")
    assert (there.who, there.found) == ("P2 (clinical table)", "P02, which may be the same")


def test_a_config_is_used_as_far_as_it_can_be(tmp_path):
    text = (PROJECT / "config.yaml").read_text()
    (tmp_path / "good.yaml").write_text(text)
    settings, faults = read_usable_config(tmp_path / "good.yaml")
    assert settings is not None and faults == ()
    (tmp_path / "misspelt.yaml").write_text(text.replace("  end_cap:", "  end_cpa:"))
    settings, faults = read_usable_config(tmp_path / "misspelt.yaml")
    assert settings is not None and settings.dose.end_cap == "half-slice"
    assert [fault.code for fault in faults] == ["config-unknown-key"]
    for name, wrong in (("value", text.replace("grade: 2 ", "grade: 9 ")), ("yaml", "a: [")):
        (tmp_path / f"{name}.yaml").write_text(wrong)
        settings, faults = read_usable_config(tmp_path / f"{name}.yaml")
        assert settings is None and len(faults) == 1


def test_a_patient_who_is_not_there_cannot_be_registered_by_name(tmp_path):
    boxes.write(tmp_path, {"A": {}, "B": {}})
    settings = config(tmp_path)
    settings.registration = RegistrationSettings(spect_to_ct=["A", "C"])
    (fault,) = check(settings).faults
    assert (fault.who, fault.found) == ("config: registration.spect_to_ct", "'C'")
