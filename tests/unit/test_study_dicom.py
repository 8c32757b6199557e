"""The presets of dose studies: simulated DICOM, and the printed findings from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungtox.config import Config, load_config
from lungtox.dvhcurve import curve_tables, move_batch
from lungtox.errors import InputError
from lungtox.extraction import PatientRow, extract_batch, read_patients
from lungtox.fractionation import fractionation_tables
from lungtox.synthetic import DicomStudy, load_simulation, read_kind, write_dicom_study

STUDIES = Path(__file__).resolve().parents[2] / "studies"


def simulated(name: str, folder: Path) -> tuple[Config, list[PatientRow]]:
    write_dicom_study(STUDIES / name / "simulation.yaml", folder)
    config = load_config(STUDIES / name / "config.yaml")
    rows = read_patients(folder / "patients.csv", structures=folder / "structures.csv", accept_from_score=None)
    return config, list(rows)


def test_li_aiju_gives_the_printed_doses_and_ranges(tmp_path: Path) -> None:
    # SCIENCE.md section 7: d 5.40, 3.19, 2.94, 2.00 Gy within 0.05; ranges 22-35, 10-35, 20-35, together 22-35.
    config, rows = simulated("liaiju2019", tmp_path / "study")
    assert config.fractionation is not None
    found = extract_batch(rows, dose=config.dose)
    tables = fractionation_tables(
        [(one.patient, dvh) for one in found for dvh in one.dvhs],
        config.fractionation,
        prescriptions_gy={one.patient: one.qa["prescription_gy"] for one in found},
    )
    doses = tables.schedules.set_index("fractions")["fraction_gy"]
    assert doses[[10, 20, 22, 35]].tolist() == pytest.approx([5.40, 3.19, 2.94, 2.00], abs=0.05)
    ranges = tables.ranges.set_index("structure")["admissible"].to_dict()
    assert ranges == {"SpinalCord": "22-35", "Heart": "10-35", "Lungs-GTV": "20-35", "all": "22-35"}
    assert tables.ranges["spared_by_more"].dropna().all()


@pytest.mark.slow
def test_ni_gives_the_lead_of_the_fermi_model_beyond_the_margin(tmp_path: Path) -> None:
    # SCIENCE.md section 7: Fermi after margin loss, mean falling and variance rising, not symmetrically.
    config, rows = simulated("ni2013", tmp_path / "study")
    assert config.dvh_curve is not None and len(rows) == 8
    tables = curve_tables(move_batch(rows, dose=config.dose, settings=config.dvh_curve), config.dvh_curve)
    shifts = tables.comparison.query("kind == 'shift' and beyond_margin").set_index(["amount_mm", "model"])
    for amount in (-20.0, -15.0, 15.0, 20.0):
        fermi, gaussian = shifts.loc[(amount, "fermi")], shifts.loc[(amount, "gaussian")]
        assert fermi["best_rss"] > gaussian["best_rss"] and fermi["best_aic"] > gaussian["best_aic"]
        assert fermi["aic_mean"] < gaussian["aic_mean"]
    trend = tables.trend.query("kind == 'shift'").set_index(["direction", "quantity"])
    assert (trend.loc[(slice(None), "mean_gy"), "high"] < 0).all()
    assert (trend.loc[(slice(None), "variance_gy2"), "low"] > 0).all()
    assert tables.prediction["largest_difference"].max() < 1e-6  # shifts of whole dose planes


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="one that holds something"):
        write_dicom_study(STUDIES / "liaiju2019" / "simulation.yaml", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_keys_of_the_simulation_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "simulation.yaml"
    path.write_text("kind: dicom\nseed: 1\nprefix: XX\npatients: 1\nfractions: 30\nsites: 2\n", encoding="utf-8")
    assert read_kind(path) == "dicom"
    with pytest.raises(InputError) as caught:
        load_simulation(path, DicomStudy)
    assert "sites" in str(caught.value)
    path.write_text("kind: dicom\nseed: 1\nprefix: XX\npatients: 1\nfractions: 30\n", encoding="utf-8")
    with pytest.raises(InputError, match="fractions and prescription_gy together"):
        load_simulation(path, DicomStudy)
