"""Sentences of the report: right numbers, never stronger than they are. Expected words follow from the inputs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lungtox.report.association_section import cytokine_findings, cytokine_summary, family_findings
from lungtox.report.cohort_section import endpoint_words, neither_sentence, outcome_sentence
from lungtox.report.comparison_section import comparison_section, comparison_sentences
from lungtox.report.findings import summary_section
from lungtox.report.limitations import limitations_section
from lungtox.report.methods import methods_section
from lungtox.report.model_section import model_sentence, performance_words
from lungtox.report.ntcp_section import ntcp_sentence, published_sentence
from lungtox.report.results import ModelResults, Results
from lungtox.report.roc_section import pair_sentences
from lungtox.report.strata_blocks import strata_blocks
from lungtox.report.wording import count_of, decimals_for, join_words, share, text_of


def results(**changes: Any) -> Results:
    analysis = pd.DataFrame(
        {
            "patient": ["A", "B", "C", "D", "E"],
            "rp": [1, 0, 0, 1, None],
            "rp_status": ["yes", "no", "no", "yes", "competing"],
        }
    )
    content: dict[str, Any] = {
        "folder": Path("nowhere"),
        "analysis": analysis,
        "exclusions": None,
        "table1": None,
        "flow": None,
        "missing": None,
        "units": {},
        "warnings": (),
        "qa": (),
        "univariable": None,
        "cytokines": None,
        "models": (),
        "auc": None,
        "pairs": None,
        "sensitivity": None,
        "ntcp": (),
        "published": None,
        "config": {"endpoint": {"scale": "CTCAE", "grade": 2, "window_months": 6, "start": "rt_end"}},
    }
    return Results(**{**content, **changes})


def univariable(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """Rows of (family, label, p, q), with one odds ratio."""
    return pd.DataFrame(
        [
            {
                "family": family,
                "factor": label,
                "label": label,
                "unit": "5 %",
                "effect": 1.5,
                "low": 1.1,
                "high": 2.1,
                "p": p,
                "q": q,
            }
            for family, label, p, q in rows
        ]
    )


def model(**changes: Any) -> ModelResults:
    fit = {
        "n": 85,
        "events": 17,
        "epv": 8.5,
        "warnings": [],
        "estimates": [
            {"term": "Intercept", "label": "Intercept", "estimate": -3.0, "low": -5.0, "high": -1.0, "p": 0.001},
            {
                "term": "mld_gy",
                "label": "Mean lung dose (per 1 Gy)",
                "estimate": 0.1,
                "low": 0.01,
                "high": 0.2,
                "p": 0.03,
            },
            {"term": "age_y", "label": "Age (per 1 year)", "estimate": 0.0, "low": -0.1, "high": 0.1, "p": 0.9},
        ],
    }
    validation = pd.DataFrame(
        [
            {
                "measure": "auc",
                "approach": "bootstrap",
                "apparent": 0.81,
                "optimism": 0.08,
                "corrected": 0.73,
                "low": 0.6,
                "high": 0.8,
                "resamples": 100,
                "method": "H",
            }
        ]
    )
    return ModelResults("dose_clinical", {**fit, **changes}, validation)


def test_words():
    assert join_words([]) == "" and join_words(["a"]) == "a" and join_words(["a", "b", "c"]) == "a, b and c"
    assert count_of(1, "patient") == "1 patient" and count_of(2, "study", "studies") == "2 studies"
    assert share(27, 110) == "27 of 110 (24.5 %)" and share(0, 0) == "0 of 0"
    assert text_of(float("nan")) == "" and text_of(None) == "" and text_of(3) == "3"
    assert [decimals_for(value) for value in (9.04, 32.8, 4144.0, None)] == [2, 1, 0, 2]


def test_outcome_counts_only_known_patients():
    found = results()
    assert "in 2 of 4 (50.0 %) patients" in outcome_sentence(found)
    assert "CTCAE grade 2 or higher within 6 months of the end" in outcome_sentence(found)
    assert neither_sentence(found).startswith("1 patient had neither RP nor a full window")
    assert "1 died before the window closed" in neither_sentence(found)
    assert "logistic models and NTCP fits leave them out; none is counted" in neither_sentence(found)
    timed = results(config={**found.config, "ntcp": {"fits": {"lkb": {}, "lkb_time": {"time": True}}}})
    assert (
        "NTCP fits without times leave them out; NTCP fits with times count them for as long as they were seen"
        in neither_sentence(timed)
    )
    complete = found.analysis.dropna(subset=["rp"])
    assert neither_sentence(results(analysis=complete)) == ""
    assert "start of radiotherapy" in endpoint_words({"grade": 3, "window_months": 12, "start": "rt_start"})


@pytest.mark.parametrize(
    ("rows", "pairs", "differ", "named"),
    [
        ([("dose", "V20", 0.01, 0.02), ("functional", "fV20", 0.2, 0.4)], True, True, True),
        ([("dose", "V20", 0.01, 0.02), ("functional", "fV20", 0.2, 0.4)], False, True, False),
        ([("dose", "V20", 0.01, 0.02), ("functional", "fV20", 0.01, 0.02)], True, False, False),
        ([("dose", "V20", 0.2, 0.4), ("functional", "fV20", 0.2, 0.4)], True, False, False),
        ([("dose", "V20", 0.01, 0.02), ("functional", "fV20", np.nan, np.nan)], True, False, False),
    ],
)
def test_families_are_told_not_to_differ_only_where_one_passes_and_another_does_not(rows, pairs, differ, named):
    auc = pd.DataFrame({"score": ["v20_pct", "fv20_pct"], "label": ["V20", "Functional V20"]})
    compared = {"score_a": ["v20_pct"], "score_b": ["fv20_pct"], "n": [70], "difference": [0.1], "low": [-0.1],
                "high": [0.2], "p": [0.3]}  # fmt: skip
    found = results(univariable=univariable(*rows), auc=auc, pairs=pd.DataFrame(compared) if pairs else None)
    text = sentences(summary_section(found))
    assert ("That one family passes the limit and another does not is no difference" in text) == differ
    assert ("the paired comparisons of the AUC below compare" in text) == named


def test_families_with_a_finding_come_first():
    table = univariable(("clinical", "Age: none of it", 0.3, 0.4), ("dose", "V20: none of it", 0.01, 0.02))
    text = sentences(summary_section(results(univariable=table)))
    assert text.index("Dose: 1 of 1 factors") < text.index("Clinical: none of 1 factors")


def test_a_family_without_a_finding_says_so_with_its_smallest_q():
    (sentence,) = family_findings(univariable(("dose", "V20", 0.2, 0.4), ("dose", "V5", 0.5, 0.5)))
    assert sentence == "Dose: none of 2 factors was associated with RP at q < 0.05 (smallest q = 0.40)."


def test_p_below_the_level_before_adjustment_only_is_no_finding():
    (sentence,) = family_findings(univariable(("dose", "V20", 0.03, 0.09), ("dose", "V5", 0.5, 0.5)))
    assert "none of 2 factors" in sentence
    assert "V20 had p < 0.05 before adjustment only: not counted as a finding." in sentence


def test_a_finding_carries_effect_interval_and_q():
    (sentence,) = family_findings(univariable(("dose", "V20", 0.01, 0.02)))
    assert "V20 (per 5 %), OR 1.50 (95 % CI 1.10 to 2.10; q = 0.020)" in sentence


def test_many_findings_are_named_briefly_in_the_summary():
    table = univariable(*(("dose", f"V{x}", 0.001, x / 1000) for x in (5, 10, 20, 30)))
    (sentence,) = family_findings(table)
    assert sentence.endswith("V5, V10, V20 and V30 (q from 0.005 to 0.030).")
    assert "OR" not in sentence


def test_a_factor_of_several_levels_counts_once_and_has_no_single_effect():
    table = univariable(("clinical", "Stage", 0.01, 0.02), ("clinical", "Stage", 0.01, 0.02))
    (sentence,) = family_findings(table)
    assert "1 of 1 factors" in sentence and "Stage (q = 0.020)" in sentence and "OR" not in sentence


def test_a_family_that_could_not_be_tested_is_not_called_free_of_findings():
    table = univariable(("dose", "V20", np.nan, np.nan), ("dose", "MLD", np.nan, np.nan))
    assert list(family_findings(table)) == ["Dose: none of 2 factors could be tested."]


def test_cytokines_without_a_finding():
    table = pd.DataFrame({"q": [0.2, np.nan], "p": [0.1, np.nan], "cytokine": "il6", "comparison": "groups_pre"})
    assert list(cytokine_findings(table, units={})) == [
        "None of 1 cytokine comparisons was significant at q < 0.05 (smallest q = 0.20)."
    ]


def test_cytokine_findings_give_size_and_interval_or_are_counted():
    row = {
        "cytokine": "il6",
        "label": "IL-6",
        "comparison": "groups_during",
        "effect_name": "difference RP - no RP",
        "effect": 1.8,
        "low": 1.2,
        "high": 2.6,
        "p": 0.001,
        "q": 0.004,
    }
    head, sentence = cytokine_findings(pd.DataFrame([row]), units={})
    assert head.startswith("1 of 1")
    assert (
        sentence
        == "IL-6, RP v no RP, during: difference RP \N{MINUS SIGN} no RP 1.80 (95 % CI 1.20 to 2.60), q = 0.004."
    )
    two = [row, {**row, "comparison": "groups_ratio"}, {**row, "label": "ACE", "q": 0.03}]
    assert cytokine_summary(pd.DataFrame(two)) == (
        "3 of 3 cytokine comparisons were significant at q < 0.05: IL-6 (RP v no RP, during; RP v no RP, ratio "
        "during/pre) and ACE (RP v no RP, during) (q from 0.004 to 0.030)."
    )
    (_, bare) = cytokine_findings(pd.DataFrame([{**row, "effect": np.nan}]), units={})
    assert bare == "IL-6, RP v no RP, during: q = 0.004."
    change = {**row, "effect_name": "difference RP - no RP", "effect": 1965.0, "low": 540.0, "high": 3290.0}
    _, unit = cytokine_findings(pd.DataFrame([change]), units={"il6_during": "pg/mL"})
    assert "difference RP \N{MINUS SIGN} no RP 1965 pg/mL (95 % CI 540 to 3290)" in unit


def test_apparent_auc_never_stands_alone():
    words = performance_words(model())
    assert words == "AUC 0.73 corrected for optimism (instability range 0.60 to 0.80; apparent 0.81)"
    unvalidated = ModelResults("x", model().fit, None)
    assert "not quoted" in performance_words(unvalidated) and "0.81" not in performance_words(unvalidated)


def test_model_sentence_names_only_terms_below_the_level():
    sentence = model_sentence(model())
    assert "associated with RP, the other terms held equal (p < 0.05" in sentence
    assert "independent" not in sentence
    assert "Mean lung dose (per 1 Gy)" in sentence and "Age" not in sentence and "8.5 events per variable" in sentence
    nothing = model(estimates=[{"term": "a", "label": "A", "estimate": 0.1, "low": None, "high": None, "p": None}])
    assert "no predictor reached p < 0.05" in model_sentence(nothing)
    failed = ModelResults("x_y", {"finding": "one outcome class."}, None)
    assert model_sentence(failed) == "The model 'x y' could not be fitted: one outcome class."


@pytest.mark.parametrize(
    ("difference", "p", "words"),
    [
        (0.08, 0.2, "no evidence of a difference in AUC, difference 0.08"),
        (0.08, 0.01, "larger AUC for V20"),
        (-0.08, 0.01, "larger AUC for Functional V20"),
        (np.nan, np.nan, "could not be compared"),
    ],
)
def test_a_pair_is_called_different_only_when_it_is(difference, p, words):
    auc = pd.DataFrame({"score": ["v20_pct", "fv20_pct"], "label": ["V20", "Functional V20"]})
    pairs = pd.DataFrame(
        {
            "score_a": ["v20_pct"],
            "score_b": ["fv20_pct"],
            "n": [70],
            "difference": [difference],
            "low": [-0.1],
            "high": [0.2],
            "p": [p],
        }
    )
    (sentence,) = pair_sentences(results(auc=auc, pairs=pairs))
    assert words in sentence
    assert list(pair_sentences(results())) == []


def ntcp(**changes: Any) -> dict[str, Any]:
    fit = {
        "ntcp": "lkb_mean",
        "structure": "Lungs-GTV",
        "weighting": "anatomical",
        "quantity": "physical",
        "n": 80,
        "events": 20,
        "converged": True,
        "warnings": [],
        "parameters": [
            {"parameter": "td50_gy", "estimate": 31.25, "low": 27.0, "high": None, "fixed": False, "at_boundary": False}
        ],
    }
    return {**fit, **changes}


def test_td50_has_its_interval_and_its_reservations():
    assert "TD50 31.2 Gy (95 % interval 27.0 to \N{EN DASH})." in ntcp_sentence(ntcp())
    assert "extrapolated beyond the doses" in ntcp_sentence(ntcp(beyond_doses="estimate"))
    interval = ntcp_sentence(ntcp(beyond_doses="interval"))
    assert "the interval reaches beyond the doses" in interval and "extrapolated" not in interval
    latency = (
        "latency_median_d 400 d lies beyond the longest follow-up (200 d): it is an extrapolation, and so is NTCP."
    )
    assert "beyond the doses" not in ntcp_sentence(ntcp(warnings=[latency], beyond_doses=None))
    assert "did not converge" in ntcp_sentence(ntcp(converged=False))
    assert "EQD2 (alpha/beta 3 Gy)" in ntcp_sentence(ntcp(quantity="eqd2", alpha_beta_gy=3.0))
    assert "could not be made: no events." in ntcp_sentence(ntcp(finding="no events."))
    undefined = ntcp(parameters=[{"parameter": "td50_gy", "estimate": None, "low": None, "high": None, "fixed": False}])
    assert "TD50 not defined" in ntcp_sentence(undefined)
    assert "(fixed)" in ntcp_sentence(ntcp(parameters=[{**ntcp()["parameters"][0], "fixed": True}]))


PUBLISHED = {
    "label": "X",
    "status": "applied",
    "note": "",
    "n": 80,
    "observed": 0.25,
    "mean_predicted": 0.15,
    "citl": 0.6,
    "citl_low": 0.1,
    "citl_high": 1.1,
    "auc": 0.7,
    "auc_low": 0.6,
    "auc_high": 0.8,
}


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.1, 1.1, "too little risk"),
        (-0.9, -0.1, "too much risk"),
        (-0.2, 0.4, "are compatible"),
        (None, None, "could not be judged"),
    ],
)
def test_a_published_model_is_called_wrong_only_when_its_interval_says_so(low, high, words):
    assert words in published_sentence({**PUBLISHED, "citl_low": low, "citl_high": high})


def test_status_of_a_published_model_is_said():
    assert published_sentence({**PUBLISHED, "status": "refused", "note": "no EQD2."}) == "X was not applied: no EQD2."
    assert "allowed by name" in published_sentence({**PUBLISHED, "status": "allowed"})
    assert "dose converted" in published_sentence({**PUBLISHED, "status": "converted"})
    assert "no patient with a known outcome" in published_sentence({**PUBLISHED, "observed": np.nan})


def sentences(section) -> str:
    return " ".join(item for block in section.blocks for item in getattr(block, "items", (getattr(block, "text", ""),)))


def test_limitations_come_from_the_data():
    pairs = {
        "column": ["v5_pct", "v5_pct", "v5_pct", "v20_pct", "age_y"],
        "other": ["v20_pct", "mld_gy", "v30_pct", "v30_pct", "mld_gy"],
        "correlation": [0.93, -0.81, 0.4, np.nan, 1.0],
    }
    found = results(
        analysis=pd.concat([results().analysis] * 3),
        exclusions=pd.DataFrame({"patient": ["E1"], "stage": ["dose"], "reason": ["no dose"]}),
        correlations=pd.DataFrame(pairs),
        updates=pd.DataFrame({"label": ["Z"], "beyond_doses": ["TD50 27 Gy lies beyond the highest dose here"]}),
        config={
            "function": {"structure": "Lungs-GTV"},
            "association": {"families": {"dose": ["v5_pct", "v20_pct", "v30_pct", "mld_gy"]}},
        },
        models=(
            model(epv=3.0, separation={"found": True, "terms": ["stage[IV]"]}, sample_size={"required": 400}),
            model(selection="forward", chosen=["mld_gy"], candidates=9),
            ModelResults("y", {"finding": "no"}, None),
        ),
        missing=pd.DataFrame({"column": ["a"], "label": ["FEV1"], "n": [15], "missing": [3], "missing_pct": [20.0]}),
        ntcp=(ntcp(beyond_doses="estimate", converged=False, parameters=[{"parameter": "n", "at_boundary": True}]),),
        published=pd.DataFrame({"label": ["X", "Y"], "status": ["allowed", "refused"]}),
    )
    text = sentences(limitations_section(found))
    for words in (
        "2 of 3 pairs have a Spearman correlation of 0.8 or more (largest 0.93)",
        "1 of 16 (6.2 %) listed patients were excluded",
        "No model was tried across centres or periods",
        "Riley's criteria ask for 400",
        "were selected by these data from 9 candidate parameters",
        "Z: TD50 27 Gy lies beyond the highest dose here",
        "3.0 events per variable",
        "separated by stage[IV]",
        "'y' could not be fitted",
        "FEV1 (20.0 %)",
        "extrapolation beyond the doses in the data in lkb mean",
        "n of lkb mean",
        "without an inner maximum: lkb mean",
        "not made for: X",
        "not applied: Y",
        "15 of 15 (100.0 %) analysed patients have no usable perfusion image",
    ):
        assert words in text, words


def test_limitations_do_not_invent_any():
    analysis = pd.DataFrame({"patient": [f"P{k}" for k in range(300)], "rp": [1, 0] * 150, "rp_status": "no"})
    missing = pd.DataFrame({"column": ["a"], "label": ["A"], "n": [300], "missing": [0], "missing_pct": [0.0]})
    clean = results(
        analysis=analysis,
        missing=missing,
        models=(replace(model(epv=20.0), tables={"internal_external": pd.DataFrame({"level": ["A", "B"]})}),),
        ntcp=(ntcp(),),
        published=pd.DataFrame({"label": ["X"], "status": ["applied"]}),
    )
    (bullets,) = limitations_section(clean).blocks
    assert len(bullets.items) == 1  # only that internal validation is internal


def test_methods_hold_the_settings_of_the_run():
    config = {
        "seed": 7,
        "inputs": {"cytokines": "c.csv"},
        "dose": {
            "structures": {
                "Lungs-GTV": {"union": ["Lung_L", "Lung_R"], "minus": ["GTV"]},
                "Heart": {"union": ["Heart"]},
            },
            "end_cap": "none",
            "bin_width_gy": 0.01,
            "eqd2": {"Lungs-GTV": 3.0},
            "minimum_coverage_pct": 99.0,
            "allow_partial_coverage": ["Heart"],
        },
        "function": {"structure": "Lungs-GTV", "regions": ["40%max"]},
        "endpoint": {"scale": "RTOG", "grade": 3, "window_months": 12, "start": "rt_start"},
        "association": {
            "families": {"dose": ["a", "b"]},
            "continuous_test": "welch",
            "categorical_test": "chi-square",
            "cytokines": ["il6"],
        },
        "models": {"m": {"predictors": ["mld_gy", "age_y"]}},
        "validation": {"resamples": 250},
        "roc": {"scores": ["a"]},
        "ntcp": {"fits": {"x": {}}, "published": ["quantec_logistic_2010"]},
    }
    text = sentences(methods_section(results(config=config, labels={"mld_gy": "MLD"})))
    for words in (
        "Lungs-GTV (Lung_L and Lung_R without GTV)",
        "0.01 Gy",
        "end at the outermost contours",
        "alpha/beta (Gy): Lungs-GTV 3",
        "99 % of a structure; allowed to leave it: Heart",
        "40%max",
        "RTOG grade 3 or higher within 12 months of the start",
        "Welch's t test",
        "chi-square test",
        "dose (2)",
        "m (MLD, age_y)",
        "250 resamples",
        "DeLong",
        "QUANTEC 2010, logistic",
        "Wilcoxon",
        "seed 7",
    ):
        assert words in text, words
    bare = sentences(methods_section(results()))
    assert "NTCP" not in bare and "Cytokines" not in bare


def test_a_remark_of_the_config_stands_before_the_findings_and_among_the_limitations():
    found = results(config=results().config | {"report": {"remark": "All patients are invented."}})
    for section in (summary_section(found), limitations_section(found)):
        assert "All patients are invented." in sentences(section)
    assert sentences(summary_section(found)).startswith("Patients All patients are invented.")


def test_summary_of_an_analysis_without_warnings_says_so():
    text = sentences(summary_section(results()))
    assert text.startswith("Patients Of 5 listed patients, 5 were analysed and 0 excluded.")
    assert text.endswith("The analysis raised no warning.")


def test_factors_in_strata_of_a_column_that_nobody_knows_do_not_stop_the_report():
    """DVHs of a table come without plan and technique."""
    common = {"factor": "v20_pct", "label": "V20", "by": "technique", "by_label": "Technique", "unit": "10 %"}
    common |= dict.fromkeys(("stratum", "level", "effect", "low", "high", "p", "df"), np.nan) | {"n": 0, "events": 0}
    rows = [
        {**common, "row": "adjusted", "test": "not fitted: one outcome class"},
        {**common, "row": "adjusted", "unit": np.nan, "factor": "lung_disease", "label": "Lung disease", "test": ""},
    ]
    table, words = strata_blocks(results(strata=pd.DataFrame(rows)))
    assert [[cell.text for cell in row][1:] for row in table.rows] == [["\N{EN DASH}"] * 3] * 2
    assert words.text.startswith("No odds ratio was shown to differ")


def compared(model: str, aic: float, weight: float, low: float, high: float, **changes: Any) -> dict[str, Any]:
    return {
        "model": model, "dose": model.partition(" + ")[0], "n": 100, "events": 30, "aic": aic, "aic_weight": weight,
        "reference": False,
        "auc_difference": (low + high) / 2, "auc_difference_low": low, "auc_difference_high": high,
        "net_benefit_difference": 0.0, "net_benefit_difference_low": -0.01, "net_benefit_difference_high": 0.01,
        **changes,
    }  # fmt: skip


def test_a_comparison_names_the_best_by_aic_and_what_comes_close():
    rows = [
        compared("MLD", 110.0, 0.01, 0.0, 0.0, reference=True),
        compared("fMLD", 100.0, 0.6, 0.01, 0.09),
        compared("MPWLD", 101.5, 0.3, -0.02, 0.08),
        compared("V20", 107.0, 0.02, -0.08, -0.02),
    ]
    best, better, worse, benefit, count = comparison_sentences(rows)
    assert best == (
        "By AIC fMLD describes these patients best (weight 0.60); MPWLD with an AIC up to 2 above is hardly worse."
    )
    over = "than that of MLD over the middle 95 % of the resamples for"
    assert better == f"The corrected AUC is higher {over} fMLD (difference 0.050, range 0.010 to 0.090)."
    assert worse.startswith(f"The corrected AUC is lower {over} V20 (difference \N{MINUS SIGN}0.050")
    assert count == ("No such range is a test: 3 models were compared with MLD by either measure, without adjustment.")
    assert benefit == "No difference from MLD in the corrected net benefit was shown."


def test_each_step_names_its_best_description_and_many_differences_are_counted():
    steps = {"": 20.0, " + clinical": 0.0}
    rows = [
        compared(f"{dose}{step}", 100.0 + more + worse, 0.1, low, 0.1, reference=(dose, step) == ("MLD", ""))
        for step, more in steps.items()
        for dose, worse, low in (("MLD", 5.0, 0.02), ("fMLD", 0.0, 0.06), ("MPWLD", 3.0, 0.04))
    ]
    rows[0] |= dict.fromkeys(("auc_difference", "auc_difference_low", "auc_difference_high"), 0.0)
    _, steps_sentence, better, *_ = comparison_sentences(rows)
    lowest = "Among models with the same further predictors AIC is lowest for fMLD (with clinical) and fMLD (alone); "
    assert steps_sentence == f"{lowest}the next one is more than 2 above in each case."
    assert "for 5 of 5 models, most for fMLD (difference 0.080, range 0.060 to 0.100)" in better
    rows[-1]["aic"] = 101.5
    assert comparison_sentences(rows)[1] == f"{lowest}only for fMLD (alone) is the next one more than 2 above."
    rows[2]["aic"] = 121.0
    assert comparison_sentences(rows)[1].endswith("in each case another one with an AIC up to 2 above is hardly worse.")


def test_few_events_compare_nothing():
    rows = [
        compared("MLD", 110.0, 0.01, 0.0, 0.0, reference=True, events=7),
        compared("fMLD", 100.0, 0.6, 0.01, 0.09),
    ]
    assert comparison_sentences(rows)[1:] == ["With 7 of 100 patients with RP the differences are not judged."]


def test_an_analysis_without_a_comparison_says_so():
    (text,) = comparison_section(results()).blocks
    assert text.text == "No comparison of dose descriptions is part of this analysis."
