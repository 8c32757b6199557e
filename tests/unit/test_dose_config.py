"""Settings of the dose and function sections."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from lungtox.dose import DoseSettings, FunctionSettings

CONFIG = Path(__file__).resolve().parents[2] / "config.yaml"


def test_the_demo_config_is_accepted():
    sections = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    dose = DoseSettings.model_validate(sections["dose"])
    assert dose.structures["Lungs-GTV"].minus == ["GTV"]
    assert FunctionSettings.model_validate(sections["function"]).structure == "Lungs-GTV"


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": {"Heart": ["V20"]}},
        {"eqd2": {"Heart": 0.0}},
        {"bin_width_gy": 0.0},
        {"end_cap": "round"},
        {"between_planes": "linear"},
        {"minimum_coverage_pct": 101},
        {"structures": {"Heart": {"union": []}}},
        {"unknown": 1},
    ],
)
def test_wrong_dose_settings_are_refused(changes):
    with pytest.raises(ValidationError):
        DoseSettings.model_validate({"structures": {"Heart": {"union": ["Heart"]}}, **changes})


@pytest.mark.parametrize("changes", [{"regions": ["40"]}, {"regions": ["140%max"]}, {"metrics": ["V20"]}])
def test_wrong_function_settings_are_refused(changes):
    with pytest.raises(ValidationError):
        FunctionSettings.model_validate(changes)
