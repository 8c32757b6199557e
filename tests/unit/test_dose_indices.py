"""Homogeneity and conformity indices. Expected values: SCIENCE sheet section 2, and by hand where said."""

import math

import numpy as np
import pytest

from lungtox.dose import DoseSettings, compute_metrics, compute_metrics_table, dvh_from_samples, parse_metric
from lungtox.errors import InputError, ParameterError
from lungtox.extraction import compute_entries, export_entries, read_dvh_export
from lungtox.geometry import Dose, Grid, Image, Plane, Structure, StructureSet

# The sheet's example: TV 100, PIV 110, TV_PIV 95 cc at 57 Gy.
TARGET = dvh_from_samples([60.0, 50.0], [95.0, 5.0], structure="PTV")
BODY = dvh_from_samples([60.0, 20.0], [110.0, 890.0], structure="Body")
# Even doses from 50 to 60 Gy: D98 50.2, D95 50.5, D50 55, D5 59.5, D2 59.8, maximum 60, mean 55, SD 10/sqrt(12).
EVEN = dvh_from_samples(np.arange(50.05, 60, 0.1), np.ones(100), structure="PTV", spread_gy=np.full(100, 0.1))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CI(RTOG,57Gy)", 1.10),
        ("CI(Paddick,57Gy)", 0.82045),
        ("CI(vantRiet,57Gy)", 0.82045),
        ("CI(ICRU62,57Gy)", 1.10),
        ("CI(SALT,57Gy)", 0.95),  # 95/100
        ("CI(Lomax,57Gy)", 95 / 110),
        ("CI(Nakamura,57Gy)", 110 * 100 / 95**2),
    ],
)
def test_conformity_of_the_sheet(name, expected):
    assert compute_metrics(TARGET, [name], body=BODY)[name] == pytest.approx(expected, abs=1e-5)
    of_plan = name.replace("57Gy", "95%")
    assert compute_metrics(TARGET, [of_plan], body=BODY, prescription_gy=60.0)[of_plan] == pytest.approx(
        expected, abs=1e-5
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HI(ICRU83)", 9.6 / 55),
        ("HI(RTOG,50Gy)", 60 / 50),
        ("HI(Wu,60Gy)", 9.6 / 60),
        ("HI(D5/D95)", 59.5 / 50.5),
        ("HI(S)", 10 / math.sqrt(12) / 55),
    ],
)
def test_homogeneity_of_even_doses_by_hand(name, expected):
    assert compute_metrics(EVEN, [name])[name] == pytest.approx(expected, abs=2e-5)
    assert parse_metric(name).unit == ""


def test_what_an_index_needs_is_refused_by_name():
    with pytest.raises(ParameterError, match="needs the DVH of the structure Body"):
        compute_metrics(TARGET, ["CI(Paddick,57Gy)"])
    with pytest.raises(ParameterError, match="prescribed dose is not known"):
        compute_metrics(TARGET, ["HI(RTOG,100%)"])
    with pytest.raises(ParameterError, match="nothing of it gets 61 Gy"):
        compute_metrics(TARGET, ["CI(Paddick,61Gy)"], body=BODY)
    with pytest.raises(ParameterError, match="must lie in Body"):
        compute_metrics(TARGET, ["CI(RTOG,57Gy)"], body=dvh_from_samples([60.0], [50.0], structure="Body"))
    eqd2 = dvh_from_samples([60.0], [95.0], structure="PTV", quantity="eqd2", alpha_beta_gy=10.0)
    with pytest.raises(ParameterError, match="same dose quantity"):
        compute_metrics(eqd2, ["CI(RTOG,57Gy)"], body=BODY)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("HI", "HI(ICRU83)"),
        ("HI(icru83)", "HI(ICRU83)"),
        ("HI(RTOG)", "HI(RTOG,57Gy)"),
        ("CI(paddick, 95 %)", "CI(Paddick,95%)"),
        ("CI", "CI(Paddick,57Gy)"),
        ("CN(60Gy)", "CI(vantRiet,60Gy)"),
    ],
)
def test_wrong_names_get_the_nearest_right_one(wrong, right):
    with pytest.raises(ParameterError) as error:
        parse_metric(wrong)
    assert f"did you mean {right!r}?" in str(error.value)


def test_a_dose_of_nothing_is_refused():
    with pytest.raises(ParameterError, match="must be positive"):
        parse_metric("CI(Paddick,0Gy)")


def test_a_config_without_body_cannot_ask_for_a_ci():
    settings = {"structures": {"PTV": {"union": ["PTV"]}}, "metrics": {"PTV": ["CI(RTOG,57Gy)"]}}
    with pytest.raises(ValueError, match=r"a structure Body under dose\.structures"):
        DoseSettings.model_validate(settings)


def test_patients_without_body_are_named_together():
    settings = DoseSettings.model_validate(
        {
            "structures": {"PTV": {"union": ["PTV"]}, "Body": {"union": ["Body"]}},
            "metrics": {"PTV": ["CI(Paddick,95%)", "HI(ICRU83)"]},
        }
    )
    qa = [{"patient": name, "prescription_gy": 60.0} for name in ("P1", "P2", "P3")]
    with pytest.raises(InputError) as error:
        compute_metrics_table(
            [("P1", TARGET), ("P2", TARGET), ("P3", TARGET), ("P3", BODY)], dose=settings, function=None, qa=qa
        )
    assert [fault.who for fault in error.value.faults] == ["P1", "P2"]
    found = compute_metrics_table([("P3", TARGET), ("P3", BODY)], dose=settings, function=None, qa=qa).to_pylist()
    assert found[0]["value"] == pytest.approx(0.82045, abs=1e-5)
    assert found[0]["unit"] == ""


def box(name, x_mm, half_y_mm, planes, number):
    ring = np.array([[x_mm[0], -half_y_mm], [x_mm[1], -half_y_mm], [x_mm[1], half_y_mm], [x_mm[0], half_y_mm]])
    return Structure(name, tuple(Plane(3.0 * k, (ring,)) for k in range(planes)), number)


def test_the_body_of_the_same_file_gives_the_ci_of_a_target():
    """Dose 20 + 0.2 x: 24 Gy from x = 20 mm on, in 8.4 of the target's 12.6 cc and in 30 mm of the body."""
    x, y, z = np.arange(-60.0, 61, 4), np.arange(-40.0, 41, 4), np.arange(-6.0, 46, 3)
    dose = Dose(Image(Grid(x, y, z), np.broadcast_to(20 + 0.2 * x, (z.size, y.size, x.size))), "1.2")
    target, body = box("PTV 1", (10, 40), 10, 7, 1), box("External", (-50, 50), 30, 13, 2)
    ci = 8.4**2 / (12.6 * 70.2)  # body: 30 x 60 x 39 mm
    found = compute_entries(StructureSet({1: target, 2: body}, "1.2"), [dose], metrics=["CI(Paddick,24Gy)"])
    assert found[0].metrics["CI(Paddick,24Gy)"] == pytest.approx(ci, rel=1e-3)
    twice = compute_entries(StructureSet({1: target, 2: body}, "1.2"), [dose, dose], metrics=["CI(Paddick,48Gy)"])
    assert twice[0].metrics["CI(Paddick,48Gy)"] == pytest.approx(ci, rel=1e-3)
    (alone,) = compute_entries(StructureSet({1: target}, "1.2"), [dose], metrics=["CI(Paddick,24Gy)"])
    assert alone.metrics["CI(Paddick,24Gy)"] is None
    assert "needs the DVH of the structure Body" in alone.warnings[-1]


def test_the_body_of_a_dvh_text_gives_the_ci_of_a_target(tmp_path):
    """A table with steps at 50, 57 and 60 Gy: TV 100, TV_PIV 95, PIV 110 cc at 57 Gy, as in the sheet."""
    path = tmp_path / "export.csv"
    path.write_text(
        "Dose [Gy],PTV (100 cc),Body (1000 cc)\n0,100,100\n20,100,100\n50,100,11\n57,95,11\n60,0,0\n", encoding="utf-8"
    )
    found = {e.structure: e for e in export_entries(read_dvh_export(path), (), metrics=["CI(Paddick,57Gy)"])}
    (ptv,) = [entry for name, entry in found.items() if name.startswith("PTV")]
    assert ptv.metrics["CI(Paddick,57Gy)"] == pytest.approx(0.82045, abs=2e-4)
