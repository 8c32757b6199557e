"""Endpoint: RP yes, no, competing, censored. Dates and answers are worked out by hand from SCIENCE.md section 5."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lungtox.cohort import EndpointSettings, derive_endpoint
from lungtox.cohort.endpoint import add_months
from lungtox.errors import InputError

END = "2014-02-28"  # six calendar months later: 2014-08-28


def course(grade: int, rp: str | None, seen: str | None, death: str | None = None, **others: str) -> pd.DataFrame:
    row = {
        "patient": "P001",
        "rt_start_date": "2014-01-13",
        "rt_end_date": END,
        "rp_grade": grade,
        "rp_date": rp,
        "last_follow_up_date": seen,
        "death_date": death,
    }
    return pd.DataFrame([row | others])


def derive(table: pd.DataFrame, **settings: object) -> tuple[object, str, float]:
    row = derive_endpoint(table, EndpointSettings.model_validate(settings)).iloc[0]
    return row["rp"], row["rp_status"], row["time_months"]


@pytest.mark.parametrize(
    ("table", "status", "rp"),
    [
        (course(2, "2014-05-01", "2015-01-01"), "yes", 1),
        (course(2, "2014-08-28", "2015-01-01"), "yes", 1),
        (course(2, "2014-08-29", "2015-01-01"), "no", 0),
        (course(1, "2014-05-01", "2015-01-01"), "no", 0),
        (course(0, None, "2014-08-28"), "no", 0),
        (course(0, None, "2014-08-27"), "censored", None),
        (course(0, None, "2014-06-01", "2014-06-15"), "competing", None),
        (course(0, None, "2014-10-01", "2014-10-15"), "no", 0),
        (course(0, None, None, "2014-10-15"), "no", 0),
        (course(1, "2014-05-01", "2014-06-01"), "censored", None),
        (course(5, "2014-05-01", "2014-05-01", "2014-05-10"), "yes", 1),
        (course(3, "2014-02-01", "2015-01-01"), "yes", 1),
    ],
)
def test_status(table: pd.DataFrame, status: str, rp: int | None) -> None:
    found_rp, found, _ = derive(table)
    assert found == status
    assert found_rp is pd.NA if rp is None else found_rp == rp


def test_time_ends_with_the_first_of_rp_death_follow_up_and_window() -> None:
    # Days from 2014-02-28 over 30.4375: 62, 93 and 0 days.
    assert derive(course(2, "2014-05-01", "2015-01-01"))[2] == pytest.approx(62 / 30.4375)
    assert derive(course(0, None, "2014-05-20", "2014-06-01"))[2] == pytest.approx(93 / 30.4375)
    assert derive(course(0, None, "2015-01-01"))[2] == 6.0
    assert derive(course(3, "2014-02-01", "2015-01-01"))[2] == 0.0


def test_grade_window_and_start_are_configuration() -> None:
    assert derive(course(2, "2014-05-01", "2015-01-01"), grade=3)[1] == "no"
    assert derive(course(1, "2014-05-01", "2015-01-01"), grade=1)[1] == "yes"
    assert derive(course(2, "2014-10-01", "2015-04-01"), window_months=12)[1] == "yes"
    # From the start of RT the window closes on 2014-07-13.
    assert derive(course(2, "2014-08-01", "2015-01-01"), start="rt_start")[1] == "no"


def test_rp_of_the_endpoint_without_a_date_is_named() -> None:
    with pytest.raises(InputError, match=r"P001 \(clinical table, column rp_date\): expected a date"):
        derive(course(2, None, "2015-01-01"))
    assert derive(course(2, None, "2015-01-01"), grade=3)[1] == "no"


@pytest.mark.parametrize("settings", [{"grade": 0}, {"grade": 6}, {"window_months": 0}, {"start": "rt"}, {"grades": 2}])
def test_settings_refuse_what_is_no_endpoint(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EndpointSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [("2014-08-31", 6, "2015-02-28"), ("2015-08-31", 6, "2016-02-29"), ("2014-12-15", 1, "2015-01-15")],
)
def test_calendar_months(day: str, months: int, expected: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


@given(
    grade=st.integers(0, 4),
    rp=st.dates(date(2014, 1, 13), date(2016, 1, 1)),
    seen=st.dates(date(2014, 3, 1), date(2016, 6, 1)),
    dies=st.booleans(),
)
def test_binary_outcome_exists_exactly_when_the_status_says_so(grade: int, rp: date, seen: date, dies: bool) -> None:
    last = max(rp, seen)
    table = course(grade, rp.isoformat() if grade else None, last.isoformat(), last.isoformat() if dies else None)
    outcome, status, months = derive(table)
    assert {"yes": 1, "no": 0}.get(status) == (None if outcome is pd.NA else outcome)
    assert 0 <= months <= 6
    if status in {"competing", "censored"}:
        assert last < date(2014, 8, 28)
        assert (status == "competing") == dies
