"""The quality of function images over patients."""

import pytest

from lungtox.models import describe_images


def test_images_are_those_of_analysed_patients():
    """By hand: medians of (40, 50) and of (30, 38); the largest ratio is 1.3; one image is flagged."""

    def entry(patient, **function):
        return {"patient": patient, "function": {"status": "ok", **function}}

    entries = [
        entry(
            "P1",
            edge={"volume_pct": 40.0, "perfusion_pct": 30.0},
            hot_spot=1.1,
            hot_spot_warned=False,
            warnings=["near a hot spot"],
        ),
        entry("P2", edge={"volume_pct": 50.0, "perfusion_pct": 38.0}, hot_spot=1.3, hot_spot_warned=True),
        entry("P3", edge={"volume_pct": 90.0, "perfusion_pct": 90.0}, hot_spot=9.0),
        {"patient": "P4", "function": None},
    ]
    found = describe_images(entries, patients={"P1", "P2", "P4"}).set_index("measure")
    assert found.loc["edge_volume_pct", ["n", "median", "largest"]].tolist() == [2, 45.0, 50.0]
    assert found.loc["edge_perfusion_pct", "median"] == 34.0
    assert found.loc["hot_spot", ["n", "median", "largest", "flagged"]].tolist() == [2, pytest.approx(1.2), 1.3, 1]
    empty = describe_images([], patients=set()).set_index("measure")
    assert empty["n"].tolist() == [0, 0, 0] and empty["median"].isna().all()
