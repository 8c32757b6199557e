"""Simulated sessions with known fields: the maps themselves, and the way through DICOM back to the declared changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import ttest_1samp, wilcoxon

from lungtox.check import check
from lungtox.config import load_config
from lungtox.delivered import deliver_batch, delivered_tables, read_batches, write_delivered
from lungtox.errors import InputError
from lungtox.extraction import extract_batch, read_patients, read_sessions
from lungtox.synthetic import load_simulation, read_kind, write_delivered_study
from lungtox.synthetic.study_deformation import SessionMap, press_for
from lungtox.synthetic.study_delivered_config import DeliveredSimulation
from lungtox.synthetic.study_delivered_patient import simulate_delivery
from lungtox.synthetic.study_solids import Solid
from lungtox.tables import write_csv

STUDY = Path(__file__).resolve().parents[2] / "studies" / "ma2017"
LUNG = Solid("Lung_R", (-74.0, 0.0, 0.0), (40.0, 56.0, 75.0))
GTV = Solid("GTV", (-66.0, -4.0, 36.0), (16.0, 16.0, 18.0))


def points_in(solid: Solid, step: float = 3.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    axes = [np.arange(c - h, c + h, step) for c, h in zip(solid.centre_mm, solid.half_mm, strict=True)]
    x, y, z = (each.ravel() for each in np.meshgrid(*axes, indexing="ij"))
    inside = solid.radius(x, y, z) <= 1.0
    return x[inside], y[inside], z[inside]


def test_the_jacobian_is_the_determinant_of_the_map() -> None:
    # Central differences of the map itself, in GTV, lung and between.
    found = SessionMap(GTV, 0.88, press_left=0.3, press_right=0.45, heart_up_mm=4.0, shift_mm=(3.0, -2.0, 1.0))
    rng = np.random.default_rng(1)
    at = [rng.uniform(low, high, 400) for low, high in ((-110, 60), (-50, 70), (-70, 70))]
    step = 1e-4
    columns = []
    for axis in range(3):
        ends = []
        for sign in (1, -1):
            moved = [one + sign * step * (number == axis) for number, one in enumerate(at)]
            ends.append(np.stack(found(*moved)))
        columns.append((ends[0] - ends[1]) / (2 * step))
    numerical = np.linalg.det(np.moveaxis(np.stack(columns, axis=1), 2, 0))
    assert found.jacobian(*at) == pytest.approx(numerical, abs=1e-6)
    assert (found.jacobian(*at) > 0.3).all()


def test_declared_volumes_are_those_of_the_map() -> None:
    # SCIENCE.md section 1, S4: GTV .8828, right lung .8032.
    press = press_for(LUNG, 0.8032, heart_up_mm=4.0)
    found = SessionMap(GTV, 0.8828, press_right=press, press_left=press, heart_up_mm=4.0)
    assert found.jacobian(*points_in(GTV)).mean() == pytest.approx(0.8828, abs=1e-9)
    assert found.jacobian(*points_in(LUNG)).mean() == pytest.approx(0.8032, abs=2e-3)
    heart = Solid("Heart", (0.0, -20.0, -26.0), (28.0, 44.0, 42.0))
    assert found.jacobian(*points_in(heart)) == pytest.approx(np.ones(len(points_in(heart)[0])), abs=1e-3)


def test_no_change_declared_is_no_displacement() -> None:
    x, y, z = points_in(LUNG)
    moved = SessionMap(GTV)(x, y, z)
    assert all((after == before).all() for after, before in zip(moved, (x, y, z), strict=True))


def _delivered(folder: Path, raw: dict[str, object]) -> dict[str, pd.DataFrame]:
    (folder / "simulation.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    assert read_kind(folder / "simulation.yaml") == "delivered"
    write_delivered_study(folder / "simulation.yaml", folder / "study")
    config = load_config(STUDY / "config.yaml")
    assert config.delivered is not None
    study = folder / "study"
    rows = read_patients(study / "patients.csv", structures=study / "structures.csv")
    found = deliver_batch(rows, read_sessions(study / "sessions.csv"), dose=config.dose, settings=config.delivered)
    assert [one.qa["faults"] for one in found] == [[]] * len(rows)
    endings = {"dvh": "dvh.parquet", "planned": "planned.parquet", "metrics": "csv", "volumes": "v.csv", "qa": "json"}
    files = {name: folder / f"batch.{ending}" for name, ending in endings.items()}
    write_delivered(found, **files)
    batches = read_batches(
        metrics=[files["metrics"]], volumes=[files["volumes"]], qa=[files["qa"]], planned=[files["planned"]],
        delivered=[files["dvh"]],
    )  # fmt: skip
    tables = delivered_tables(batches, config.delivered.compare, patients=[row.patient for row in rows])
    write_csv(tables.source, folder / "patients.csv")
    truth = pd.read_csv(study / "truth.csv")
    return {"truth": truth, **{name: getattr(tables, name) for name in ("metrics", "paired", "volumes", "quality")}}


def _with_truth(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    keys = ["patient", "structure", "metric"]
    both = found["metrics"].query("quantity == 'physical'").merge(
        found["truth"], on=keys, suffixes=("", "_true"), validate="one_to_one"
    )  # fmt: skip
    return both.assign(true_difference=both["planned_true"] - both["delivered_true"])


def test_declared_changes_come_back_from_dicom(tmp_path: Path) -> None:
    """One patient, coarse grids: differences of the mean doses and volumes as the formulas give them."""
    raw = yaml.safe_load((STUDY / "simulation.yaml").read_text(encoding="utf-8"))
    found = _delivered(tmp_path, {**raw, "patients": 1, "sessions": 2, "grid_mm": 5, "field_mm": 6})
    both = _with_truth(found).query("metric == 'Mean[Gy]' and structure != 'GTV'")
    # 0.1 Gy: dose points 5 mm apart, mean doses of 2 to 18 Gy.
    assert both["planned_minus_delivered"].to_numpy() == pytest.approx(both["true_difference"].to_numpy(), abs=0.1)
    last = found["volumes"].query("session == 's02' and source == 'jacobian'").set_index("structure")["ratio"]
    true = found["truth"].query("metric == 'volume_ratio'").set_index("structure")["delivered"]
    for name in ("GTV", "Lung_L", "Lung_R", "Heart", "SpinalCord"):
        assert last[name] == pytest.approx(true[name], abs=5e-3)
    assert (found["quality"]["folding_pct"] == 0).all() and (found["quality"]["coverage_pct"] == 100).all()
    # The delivered DVHs are a source of dose like any other.
    extracted = extract_batch(read_patients(tmp_path / "patients.csv"), dose=load_config(STUDY / "config.yaml").dose)
    means = {dvh.structure: dvh.mean_gy for dvh in extracted[0].dvhs if dvh.quantity == "physical"}
    delivered = found["metrics"].query("metric == 'Mean[Gy]'").set_index("structure")["delivered"]
    assert {name: means[name] for name in delivered.index} == pytest.approx(delivered.to_dict())


@pytest.mark.slow
def test_ma2017_has_the_signs_and_p_values_of_its_declared_fields(tmp_path: Path) -> None:
    # SCIENCE.md section 1, S4: GTV significantly less, lungs, heart (more), cord and V100 not significant.
    found = _delivered(tmp_path, yaml.safe_load((STUDY / "simulation.yaml").read_text(encoding="utf-8")))
    both = _with_truth(found)
    paired = found["paired"].set_index(["structure", "metric"])
    printed = {("GTV", "Mean[Gy]"): (1, True), ("Lung_L", "Mean[Gy]"): (1, False), ("Lung_R", "Mean[Gy]"): (1, False),
               ("Heart", "Mean[Gy]"): (-1, False), ("SpinalCord", "Max[Gy]"): (1, False),
               ("PTV", "V60Gy[%]"): (1, False)}  # fmt: skip
    for key, (sign, significant) in printed.items():
        true = both.set_index(["structure", "metric"]).loc[[key], "true_difference"].to_numpy()
        row = paired.loc[key]
        assert np.sign(row["difference"]) == np.sign(true.mean()) == sign, key
        for p, declared in ((row["p_t"], ttest_1samp(true, 0).pvalue), (row["p_wilcoxon"], wilcoxon(true).pvalue)):
            assert (p < 0.05) == (declared < 0.05) == significant, key
        if key[1] == "Mean[Gy]":
            assert row["difference"] == pytest.approx(true.mean(), abs=0.05)
    assert paired.loc[("GTV", "Mean[Gy]"), "p_wilcoxon"] == pytest.approx(2.0**-7)


def test_a_patient_does_not_depend_on_how_many_there_are() -> None:
    settings = load_simulation(STUDY / "simulation.yaml", DeliveredSimulation)
    few = DeliveredSimulation.model_validate({**settings.model_dump(), "patients": 1})
    assert simulate_delivery(settings, 0) == simulate_delivery(few, 0)


def test_the_simulation_is_closed_and_a_session_without_its_file_stops_before_the_run(tmp_path: Path) -> None:
    raw = yaml.safe_load((STUDY / "simulation.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "simulation.yaml"
    path.write_text(yaml.safe_dump({**raw, "sesions": 3, "sessions": 1}), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_simulation(path, DeliveredSimulation)
    assert len(caught.value.faults) == 2
    small = {**raw, "patients": 1, "sessions": 2, "grid_mm": 8, "field_mm": 15}
    path.write_text(yaml.safe_dump(small), encoding="utf-8")
    write_delivered_study(path, tmp_path / "study")
    (tmp_path / "study/inputs/MA001/s02_field.dcm").unlink()
    sessions = (tmp_path / "study/sessions.csv").read_text(encoding="utf-8")
    (tmp_path / "study/sessions.csv").write_text(sessions.replace(",15.0", ",14.0", 1), encoding="utf-8")
    config = yaml.safe_load((STUDY / "config.yaml").read_text(encoding="utf-8"))
    config["inputs"] = {name: str(tmp_path / f"study/{name}.csv") for name in ("patients", "structures")}
    config["delivered"]["sessions"] = str(tmp_path / "study/sessions.csv")
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    found = [str(fault) for fault in check(load_config(tmp_path / "my.yaml")).faults]
    assert len(found) == 2 and found[1].startswith("MA001, session s02: expected the file of the column field")
    assert found[0].startswith("MA001: expected sessions that stand for the 30 fractions of the plan; found 29 in 2")
