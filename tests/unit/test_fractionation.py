"""Fractionation on the DVH: printed schedules, the sign rule, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lungtox.dose import Dvh, dvh_from_samples
from lungtox.errors import InputError
from lungtox.fractionation import (
    DoseMoments,
    FractionationSettings,
    Repopulation,
    bed_gy,
    course_days,
    direct_effect_gy,
    dose_moments,
    effect_gy,
    fraction_risks,
    fractionation_tables,
    optimise_fractions,
    runs_of,
    tumour_goal,
    unknown_references,
    vary_alpha_beta,
)

TOY_GY = [0.0, 2.0, 4.0, 6.0, 10.0, 15.0, 20.0, 25.0, 40.0, 60.0]
"""Toy DVH of SCIENCE.md section 2, 2 cc each."""


def toy(structure: str = "Lungs", *, quantity: str = "physical") -> Dvh:
    alpha_beta = 3.0 if quantity == "eqd2" else None
    return dvh_from_samples(TOY_GY, [2.0] * 10, structure=structure, bin_width_gy=0.01, quantity=quantity,
                            alpha_beta_gy=alpha_beta)  # fmt: skip


def random_dvh(rng: np.random.Generator) -> Dvh:
    dose = 66.0 * rng.beta(*rng.uniform(0.3, 4.0, 2), size=50)
    return dvh_from_samples(dose, rng.uniform(0.1, 5.0, 50), structure="organ")


def make_settings(**organs: dict[str, float]) -> FractionationSettings:
    return FractionationSettings.model_validate(
        {"tumour": {"alpha_beta_gy": 10.0, "eqd2_gy": 70.0}, "organs": organs, "reference_gy": 60.0}
    )


@pytest.mark.parametrize(
    ("fractions", "exact", "printed"), [(10, 5.4403, 5.40), (20, 3.1854, 3.19), (22, 2.9487, 2.94), (35, 2.0, 2.00)]
)
def test_dose_per_fraction_of_the_published_schedules(fractions: int, exact: float, printed: float) -> None:
    # SCIENCE.md section 7 (Li Aiju 2019): alpha/beta 10, EQD2 70 = BED 84.
    goal = tumour_goal(10.0, bed=84.0)
    assert goal.fraction_gy(fractions) == pytest.approx(exact, abs=5e-5)
    assert goal.fraction_gy(fractions) == pytest.approx(printed, abs=0.05)


def test_goal_as_bed_eqd2_or_schedule_is_the_same() -> None:
    # 35 x 2 Gy, alpha/beta 10: BED 70 (1 + 2/10) = 84, EQD2 70.
    goals = [tumour_goal(10.0, bed=84.0), tumour_goal(10.0, eqd2=70.0), tumour_goal(10.0, schedule=(35, 2.0))]
    assert [goal.bed_gy for goal in goals] == pytest.approx([84.0] * 3)
    assert [goal.eqd2_gy for goal in goals] == pytest.approx([70.0] * 3)


@settings(deadline=None)
@given(
    n=st.integers(1, 100), bed=st.floats(1.0, 200.0), alpha_beta=st.floats(0.5, 50.0), k=st.floats(0.0, 1.5),
    kick_off=st.floats(0.0, 60.0),
)  # fmt: skip
def test_every_schedule_gives_the_tumour_what_was_asked(
    n: int, bed: float, alpha_beta: float, k: float, kick_off: float
) -> None:
    loss = Repopulation(k, kick_off)
    goal = tumour_goal(alpha_beta, bed=bed, repopulation=loss)
    d = goal.fraction_gy(n)
    assert bed_gy(n * d, d, alpha_beta) - loss.lost_gy(course_days(n)) == pytest.approx(bed, rel=1e-9)


@pytest.mark.parametrize(
    ("fractions", "per_week", "days"),
    [(1, 5, 0), (5, 5, 4), (6, 5, 7), (30, 5, 39), (35, 5, 46), (10, 3, 21), (8, 7, 7)],
)
def test_days_from_first_to_last_fraction(fractions: int, per_week: int, days: int) -> None:
    # Calendar by hand; 30 fractions in 39 days as in Fowler 2010.
    assert course_days(fractions, per_week) == days


def test_repopulation_asks_for_more_dose_in_long_courses_only() -> None:
    # K 0.9 Gy/day from day 28: 35 fractions (46 days) lose 16.2 Gy of BED, 20 fractions (25 days) nothing.
    goal = tumour_goal(10.0, bed=70.0, repopulation=Repopulation(0.9, 28.0))
    assert goal.given_bed_gy(35) == pytest.approx(86.2)
    assert goal.given_bed_gy(20) == pytest.approx(70.0)


def test_moments_of_the_toy_dvh() -> None:
    # SCIENCE.md section 7: S1 .30333, S2 .1835, ratio .6049.
    found = dose_moments(toy(), 60.0)
    assert found.s1 == pytest.approx(0.30333, abs=5e-6)
    assert found.s2 == pytest.approx(0.1835, abs=5e-6)


@pytest.mark.parametrize(("alpha_beta", "spared"), [(2.0, True), (3.0, True), (7.0, False)])
def test_toy_dvh_decreases_for_small_and_increases_for_large_alpha_beta(alpha_beta: float, spared: bool) -> None:
    # SCIENCE.md section 7, by the curve itself and by the rule.
    found = optimise_fractions(
        {"Lungs": dose_moments(toy(), 60.0)}, make_settings(Lungs={"alpha_beta_gy": alpha_beta, "within_pct": 5.0})
    )
    steps = np.diff(found.organs[0].effect_gy)
    assert (steps < 0).all() if spared else (steps > 0).all()
    assert found.organs[0].spared_by_more is spared


def test_sign_rule_on_200_random_dvhs() -> None:
    # SCIENCE.md section 7: more fractions spare the organ exactly when S2/S1 > r_O/r_T.
    rng = np.random.default_rng(2019)
    seen = set()
    for _ in range(200):
        moments = dose_moments(random_dvh(rng), 66.0)
        organ, tumour = rng.uniform(1.0, 12.0), rng.uniform(2.0, 20.0)
        goal = tumour_goal(tumour, bed=float(rng.uniform(40.0, 130.0)))
        curve = [effect_gy(moments, fractions=n, alpha_beta_gy=organ, goal=goal) for n in range(1, 61)]
        spared = moments.s2 / moments.s1 > organ / tumour
        steps = np.diff(curve)
        assert (steps < 0).all() if spared else (steps > 0).all()
        assert moments.spared_by_more(organ_alpha_beta_gy=organ, tumour_alpha_beta_gy=tumour) is spared
        seen.add(spared)
    assert seen == {True, False}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 100), organ=st.floats(0.5, 20.0), tumour=st.floats(1.0, 30.0),
       k=st.floats(0.0, 1.0))  # fmt: skip
def test_closed_form_is_the_direct_sum(seed: int, n: int, organ: float, tumour: float, k: float) -> None:
    dvh = random_dvh(np.random.default_rng(seed))
    goal = tumour_goal(tumour, bed=84.0, repopulation=Repopulation(k, 20.0))
    closed = effect_gy(dose_moments(dvh, 66.0), fractions=n, alpha_beta_gy=organ, goal=goal)
    direct = direct_effect_gy(dvh, 66.0, fractions=n, fraction_gy=goal.fraction_gy(n), alpha_beta_gy=organ)
    assert closed == pytest.approx(direct, rel=1e-10)


def test_effect_of_a_uniform_organ_is_the_bed_of_the_tumour_at_equal_alpha_beta() -> None:
    goal = tumour_goal(10.0, bed=84.0)
    for n in (1, 7, 35):
        effect = effect_gy(DoseMoments("target", 1.0, 1.0), fractions=n, alpha_beta_gy=10.0, goal=goal)
        assert effect == pytest.approx(84.0, rel=1e-12)


def test_a_tolerance_becomes_a_range_and_ranges_intersect() -> None:
    # By hand: uniform organ at half the dose, r_O 2, B 84, r_T 10. E0(n) = D/2 + D d/8; tolerance E0(22) and E0(30).
    goal = tumour_goal(10.0, bed=84.0)

    def by_hand(n: int) -> float:
        d = goal.fraction_gy(n)
        return n * d / 2 + n * d * d / 8

    organs = {"Cord": DoseMoments("Cord", 0.5, 0.25), "Gut": DoseMoments("Gut", 0.5, 0.25)}
    found = optimise_fractions(
        organs,
        make_settings(
            Cord={"alpha_beta_gy": 2.0, "tolerance_gy": by_hand(22)},
            Gut={"alpha_beta_gy": 20.0, "within_pct": 1.0},
        ),
    )
    cord, gut = found.organs
    assert runs_of(found.fractions[cord.admissible].tolist()) == "22-35"
    # r_O/r_T = 2 > S2/S1: fewer fractions are better, and 1 % is soon used up.
    assert found.fractions[gut.admissible][0] == 10
    assert found.admissible_fractions == tuple(n for n in range(22, 36) if gut.admissible[n - 10])


def test_sensitivity_holds_effect_and_tolerance_as_eqd2() -> None:
    # A 2 Gy schedule is the same dose for every alpha/beta: at n = 35, d = 2 whatever r_T; organ at the full dose has
    # then an EQD2 of 70 Gy whatever r_O, so a tolerance of EQD2 70 Gy always allows 35 and never 34.
    config = FractionationSettings.model_validate(
        {
            "tumour": {"alpha_beta_gy": 10.0, "bed_gy": 84.0},
            "reference_gy": 60.0,
            "tumour_alpha_beta_range_gy": [8.0, 12.0],
            "organs": {"Cord": {"alpha_beta_gy": 2.0, "tolerance_gy": 140.0, "alpha_beta_range_gy": [1.0, 3.0]}},
        }
    )
    rows = vary_alpha_beta({"Cord": DoseMoments("Cord", 1.0, 1.0)}, config)
    assert [(row.varied, row.alpha_beta_gy) for row in rows] == [
        ("", None), ("tumour", 8.0), ("tumour", 12.0), ("Cord", 1.0), ("Cord", 3.0),
    ]  # fmt: skip
    assert {row.common for row in rows} == {(35,)}


def test_risk_beside_the_effect_is_that_of_the_published_model() -> None:
    # SCIENCE.md section 4: Seppenwoolde 2003 on the toy DVH in EQD2 (N 30, r 3): NTCP .088519.
    config = FractionationSettings.model_validate(
        {
            "fractions": [29, 31],
            "tumour": {"alpha_beta_gy": 10.0, "schedule": {"fractions": 30, "fraction_gy": 2.0}},
            "organs": {"Lungs": {"alpha_beta_gy": 3.0, "within_pct": 5.0}},
        }
    )
    found = optimise_fractions({"Lungs": dose_moments(toy(), 60.0)}, config)
    risks = fraction_risks(toy(), 60.0, found, model="seppenwoolde_2003", alpha_beta_gy=3.0)
    assert risks[1].fractions == 30
    assert risks[1].ntcp == pytest.approx(0.088519, abs=2e-4)
    assert risks[0].ntcp > risks[1].ntcp > risks[2].ntcp
    assert {risk.status for risk in risks} == {"converted"}


def test_risks_of_large_fractions_are_marked() -> None:
    # Above 3 Gy per fraction no model of the list was made; d(21) is 3.06, d(22) 2.95 Gy (SCIENCE.md section 7).
    config = make_settings(Lungs={"alpha_beta_gy": 3.0, "within_pct": 5.0})
    found = optimise_fractions({"Lungs": dose_moments(toy(), 60.0)}, config)
    risks = {risk.fractions: risk for risk in fraction_risks(toy(), 60.0, found, model="seppenwoolde_2003",
                                                             alpha_beta_gy=3.0)}  # fmt: skip
    assert [number for number, risk in risks.items() if risk.status == "extrapolated"] == list(range(10, 22))
    assert "3.06 Gy per fraction" in risks[21].note and "per fraction, but" not in risks[22].note


def test_tables_hold_schedules_effects_ranges_and_the_intersection() -> None:
    tables = fractionation_tables(
        [("P1", toy("Lungs")), ("P1", toy("Heart"))],
        make_settings(
            Lungs={"alpha_beta_gy": 3.0, "within_pct": 1000.0}, Heart={"alpha_beta_gy": 7.0, "within_pct": 1000.0}
        ),
    )
    row = tables.schedules.set_index("fractions").loc[35]
    assert (row["fraction_gy"], row["total_gy"], row["bed_gy"], row["eqd2_gy"]) == pytest.approx(
        (2.0, 70.0, 84.0, 70.0)
    )
    ranges = tables.ranges.set_index("structure")["admissible"].to_dict()
    assert ranges == {"Lungs": "10-35", "Heart": "10-35", "all": "10-35"}
    # EQD2 of 35 x 2 Gy: D (D/35 + 3)/5 of each dose scaled by 70/60, by hand through the mean over the toy doses.
    dose = np.array(TOY_GY) * 70 / 60
    effect = tables.effects.query("structure == 'Lungs' and fractions == 35")["eqd2_gy"].item()
    assert effect == pytest.approx(float((dose * (dose / 35 + 3) / 5).mean()), abs=1e-3)


def test_patients_without_organ_or_prescription_are_all_named() -> None:
    config = make_settings(Heart={"alpha_beta_gy": 3.0, "within_pct": 5.0})
    with pytest.raises(InputError) as caught:
        fractionation_tables([("P1", toy("Lungs")), ("P2", toy("Lungs"))], config)
    assert [fault.code for fault in caught.value.faults] == ["fractionation-organ"] * 2
    assert "P2" in caught.value.faults[1].who
    lungs = make_settings(Lungs={"alpha_beta_gy": 3.0, "within_pct": 5.0}).model_copy(update={"reference_gy": None})
    with pytest.raises(InputError, match="prescription"):
        fractionation_tables([("P1", toy("Lungs"))], lungs, prescriptions_gy={"P1": None})


def test_what_is_refused_by_name() -> None:
    def code(call: object) -> str:
        with pytest.raises(InputError) as caught:
            call()  # type: ignore[operator]
        return caught.value.faults[0].code

    moments, goal = dose_moments(toy(), 60.0), tumour_goal(10.0, bed=84.0)
    assert code(lambda: bed_gy(70.0, 2.0, None)) == "bed-alpha-beta"
    assert code(lambda: tumour_goal(None, bed=84.0)) == "bed-alpha-beta"
    assert code(lambda: tumour_goal(10.0)) == "fractionation-goal"
    assert code(lambda: tumour_goal(10.0, bed=84.0, eqd2=70.0)) == "fractionation-goal"
    assert code(lambda: tumour_goal(10.0, eqd2=7000.0)) == "fractionation-goal"  # cGy
    assert code(lambda: goal.fraction_gy(0)) == "fractions-range"
    assert code(lambda: effect_gy(moments, fractions=101, alpha_beta_gy=3.0, goal=goal)) == "fractions-range"
    assert code(lambda: dose_moments(toy(quantity="eqd2"), 60.0)) == "dvh-quantity"
    assert code(lambda: dose_moments(toy(), 0.6)) == "reference-dose"
    assert code(lambda: dose_moments(toy(), 6000.0)) == "reference-dose"  # cGy
    found = optimise_fractions({"Lungs": moments}, make_settings(Lungs={"alpha_beta_gy": 3.0, "within_pct": 5.0}))
    assert code(lambda: fraction_risks(toy(), 60.0, found, model="quantec_logistic_2010", alpha_beta_gy=3.0)) == (
        "fractionation-ntcp"
    )
    assert code(lambda: fraction_risks(toy(), 60.0, found, model="seppenwoolde_2003", alpha_beta_gy=7.0)) == (
        "ntcp-published"
    )


def test_names_that_refer_to_nothing_are_found_before_a_run() -> None:
    organs = {"Heart": {"alpha_beta_gy": 3.0, "within_pct": 5.0}, "Lungs": {"alpha_beta_gy": 7.0, "within_pct": 5.0}}
    config = FractionationSettings.model_validate(
        {
            "tumour": {"alpha_beta_gy": 10.0, "eqd2_gy": 7000.0, "structure": "PTV"},
            "organs": organs,
            "ntcp": {"quantec_logistic_2010": "Lungs", "seppenwoolde_2003": "Lungs", "kwa_1989": "Heart",
                     "kwa_1998": "Cord"},
        }
    )  # fmt: skip
    faults = list(unknown_references(config, ["Lungs", "Heart"]))
    assert [fault.code for fault in faults] == [
        "config-value",  # an effect in cGy
        "config-reference",  # the PTV is no structure of the analysis
        "fractionation-ntcp",  # QUANTEC is on physical dose
        "ntcp-published",  # Seppenwoolde was made with alpha/beta 3
        "config-reference",  # no such model
        "config-reference",  # no such organ
    ]


def test_settings_without_alpha_beta_are_refused_in_words() -> None:
    with pytest.raises(ValidationError, match="without its alpha/beta"):
        FractionationSettings.model_validate(
            {"tumour": {"bed_gy": 84.0}, "organs": {"Heart": {"alpha_beta_gy": 3.0, "within_pct": 5.0}}}
        )


@pytest.mark.parametrize(
    ("numbers", "words"), [([], "none"), ([22], "22"), ([22, 23, 24, 30, 34, 35], "22-24, 30, 34-35")]
)
def test_ranges_in_words(numbers: list[int], words: str) -> None:
    assert runs_of(numbers) == words
