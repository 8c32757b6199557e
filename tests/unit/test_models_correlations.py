"""Correlations within a family of factors, and the quality of function images over patients."""

import math

import pandas as pd
import pytest

from lungtox.models import correlate_factors, describe_images
from lungtox.models.config import AssociationSettings


def settings(**families):
    return AssociationSettings(families=families)


def test_rank_correlations_of_pairs_by_the_patients_who_have_both():
    """By hand: reversed ranks give -1; one exchange of neighbours in 10 ranks gives 1 - 6 * 2 / (10 * 99) = 0.98788."""
    ranks = list(range(1, 11))
    table = pd.DataFrame(
        {
            "v20_pct": [*ranks, math.nan],
            "mld_gy": [*ranks[::-1], 99.0],
            "v30_pct": [2, 1, *ranks[2:], 50.0],
            "sex": [*"FMFMFMFMFM", "F"],
        }
    )
    found = correlate_factors(table, settings=settings(dose=["v20_pct", "mld_gy", "v30_pct", "sex"]))
    assert found[["factor_a", "factor_b", "n"]].to_numpy().tolist() == [
        ["v20_pct", "mld_gy", 10],
        ["v20_pct", "v30_pct", 10],
        ["mld_gy", "v30_pct", 11],
    ]
    assert found["spearman"].iloc[0] == pytest.approx(-1.0)
    assert found["spearman"].iloc[1] == pytest.approx(1 - 12 / 990)


def test_no_correlation_of_fewer_than_ten_patients_and_none_between_families():
    table = pd.DataFrame({"v20_pct": range(9), "v30_pct": range(9), "age_y": range(9)})
    found = correlate_factors(table, settings=settings(dose=["v20_pct", "v30_pct"], clinical=["age_y"]))
    assert found["n"].tolist() == [9] and found["spearman"].isna().all()


def test_images_are_those_of_analysed_patients():
    """By hand: medians of (40, 50) and of (30, 38); the largest ratio is 1.3; one image is flagged."""

    def entry(patient, **function):
        return {"patient": patient, "function": {"status": "ok", **function}}

    entries = [
        entry("P1", edge={"volume_pct": 40.0, "perfusion_pct": 30.0}, hot_spot=1.1),
        entry("P2", edge={"volume_pct": 50.0, "perfusion_pct": 38.0}, hot_spot=1.3, warnings=["a hot spot of 1.3"]),
        entry("P3", edge={"volume_pct": 90.0, "perfusion_pct": 90.0}, hot_spot=9.0),
        {"patient": "P4", "function": None},
    ]
    found = describe_images(entries, patients={"P1", "P2", "P4"}).set_index("measure")
    assert found.loc["edge_volume_pct", ["n", "median", "largest"]].tolist() == [2, 45.0, 50.0]
    assert found.loc["edge_perfusion_pct", "median"] == 34.0
    assert found.loc["hot_spot", ["n", "median", "largest", "flagged"]].tolist() == [2, pytest.approx(1.2), 1.3, 1]
    empty = describe_images([], patients=set()).set_index("measure")
    assert empty["n"].tolist() == [0, 0, 0] and empty["median"].isna().all()
