"""Answers of R over the public sets of the reference data; how they were made: docs/validation/r-cross-check.md."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from lungtox.models import compare_auc, fit_logistic, measure_collinearity, measure_influence, roc, validate
from lungtox.models import test_associations as associations
from lungtox.models.config import AssociationSettings, SelectionSettings, TransformSettings
from lungtox.models.design import build_design
from lungtox.models.newton import maximise
from lungtox.models.performance import MEASURES, measure_performance, net_benefit, smooth_calibration
from lungtox.models.rank_tests import mann_whitney
from lungtox.models.transforms import make_transform

FOLDER = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
STATISTICS = FOLDER / "statistics"
pytestmark = pytest.mark.skipif(
    not STATISTICS.is_dir(), reason="reference data absent (LUNGTOX_REFERENCE_DATA, statistics)"
)

COLUMNS = ["estimate", "se", "low", "high", "p"]


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(STATISTICS / name)


def birthwt() -> pd.DataFrame:
    table = read("MASS_birthwt.csv")
    return table.assign(race="r" + table["race"].astype(str))


def test_chdage() -> None:
    # SCIENCE.md: -5.309 / 0.1109, logLik -53.677, AUC .7999; further digits and exact profile roots R 4.2.2.
    table = read("aplore3_chdage.csv").assign(chd=lambda frame: (frame["chd"] == "Yes").astype(int))
    fit = fit_logistic(table, outcome="chd", predictors=["age"])
    assert fit.loglik == pytest.approx(-53.67654635, rel=1e-9)
    assert fit.estimates[COLUMNS].to_numpy() == pytest.approx(
        np.array(
            [
                [-5.30945337, 1.13365464, -7.72560841, -3.24592061, 2.24219675e-08],
                [0.110921142, 0.0240598359, 0.0669274991, 0.162001353, 6.16800830e-08],
            ]
        ),
        rel=1e-6,
    )
    result = roc(table["chd"], table["age"])
    # pROC 1.18.0: AUC and DeLong variance; the interval is its variance on the logit scale.
    assert result.auc == pytest.approx(0.799877600979, rel=1e-10)
    assert (result.low, result.high) == pytest.approx((0.696880746458, 0.874195078649), rel=1e-9)


def test_birthwt() -> None:
    # SCIENCE.md: logLik -111.286; rows: R 4.2.2 glm and exact profile roots.
    fit = fit_logistic(birthwt(), outcome="low", predictors=["age", "lwt", "race", "ftv"])
    assert fit.loglik == pytest.approx(-111.2864532, rel=1e-9)
    expected = [
        [1.295365749, 1.071443233, -0.760343123, 3.459325807, 0.219970394],
        [-0.0238229738, 0.0337296226, -0.0916487561, 0.0412669973, 0.4769160819],
        [-0.01424461122, 0.00654071946, -0.02781928920, -0.00204959285, 0.02106094617],
        [1.0038978235, 0.4978589850, 0.0229921694, 1.9909251184, 0.0449375572],
        [0.433108428, 0.362240260, -0.278716354, 1.146191489, 0.232193538],
        [-0.0493083177, 0.1672390973, -0.3898512381, 0.2707362334, 0.7670817207],
    ]
    assert list(fit.estimates["term"])[3:5] == ["race[r2]", "race[r3]"]
    assert fit.estimates[COLUMNS].to_numpy() == pytest.approx(np.array(expected), rel=1e-6)


def test_endometrial_switches_to_firth() -> None:
    # brglm2 0.9 (AS_mean) for estimates and standard errors; penalised profile by optim and uniroot in R 4.2.2.
    table = read("brglm2_endometrial.csv")
    fit = fit_logistic(table, outcome="HG", predictors=["NV", "PI", "EH"])
    assert fit.penalty == "firth"
    assert fit.separation.terms == ("NV",)
    assert fit.loglik == pytest.approx(-24.0372678, rel=1e-8)
    expected = [
        [3.77455971365, 1.48869166344, 1.08253710845, 7.20928049839, 0.00419362789],
        [2.92927335320, 1.55076372945, 0.60972443638, 7.85463171383, 0.00912366755],
        [-0.03475175987, 0.03957814735, -0.1244587209, 0.0404554732, 0.3874822036],
        [-2.60416392529, 0.77601764250, -4.36518325, -1.23272106, 2.50686721e-05],
    ]
    assert fit.estimates[COLUMNS].to_numpy() == pytest.approx(np.array(expected), rel=1e-5)
    # Intercept of a plain glm with the Firth slopes as offset.
    assert fit.prediction_intercept == pytest.approx(3.786083494, rel=1e-7)


def test_auc_and_paired_test_of_proc() -> None:
    # pROC 1.18.0: AUC, DeLong variance; roc.test(method = "delong", paired = TRUE).
    binary, births = read("dcurves_df_binary.csv"), read("MASS_birthwt.csv")
    age, marker = roc(binary["cancer"], binary["age"]), roc(binary["cancer"], binary["marker"])
    assert (age.auc, age.low, age.high) == pytest.approx((0.7656699889258, 0.7141192890567, 0.8103930703907))
    assert (marker.auc, marker.low, marker.high) == pytest.approx((0.708748615725, 0.646203499782, 0.764270299273))
    pair = compare_auc(binary["cancer"], binary["age"], binary["marker"])
    assert (pair.z, pair.p) == pytest.approx((1.33253266371, 0.18268521543))
    assert (pair.low, pair.high) == pytest.approx((-0.02680178381, 0.14064453021))
    # Mother's age and weight have many ties; a low weight means risk.
    pair = compare_auc(births["low"], births["age"], -births["lwt"])
    assert (pair.auc_a, pair.auc_b) == pytest.approx((0.447457627119, 0.613102998696))
    assert (pair.z, pair.p) == pytest.approx((-2.46484864595, 0.01370711384))
    assert (pair.low, pair.high) == pytest.approx((-0.29736094893, -0.03392979422))


def test_univariable_p_values_of_birthwt() -> None:
    # R 4.2.2: wilcox.test(exact = FALSE), fisher.test, t.test, chisq.test(correct = FALSE).
    table = birthwt().rename(columns={"low": "rp"}).assign(smoke=lambda frame: frame["smoke"].map({0: "no", 1: "yes"}))
    families = {"all": ["lwt", "race", "smoke"]}
    first = associations(table, settings=AssociationSettings(families=families)).groupby("factor")["p"].first()
    assert first[["lwt", "race", "smoke"]].tolist() == pytest.approx([0.01278224222, 0.07888813115, 0.03617649869])
    other = AssociationSettings(families=families, continuous_test="welch", categorical_test="chi-square")
    second = associations(table, settings=other).groupby("factor")["p"].first()
    assert second[["lwt", "race"]].tolist() == pytest.approx([0.01308033418, 0.08188769812])


def test_mann_whitney_with_ties_agrees_with_r() -> None:
    # wilcox.test(EH ~ HG, exact = FALSE, conf.int = TRUE). R searches roots, our limits are order statistics.
    table = read("brglm2_endometrial.csv")
    result = mann_whitney(
        table.loc[table["HG"] == 0, "EH"].to_numpy(dtype=float), table.loc[table["HG"] == 1, "EH"].to_numpy(dtype=float)
    )
    assert result.p == pytest.approx(4.510519886e-09, rel=1e-8)
    assert result.shift == pytest.approx(0.8099264875, abs=1e-4)
    assert (result.low, result.high) == pytest.approx((0.5800351592, 1.010015799), abs=2e-4)


def test_optimism_bootstrap_agrees_with_rms() -> None:
    # rms 6.5.0 validate(lrm(low ~ age + lwt + race + smoke + ht), B = 4000): Dxy = 2 AUC - 1. Tolerances are three
    # Monte Carlo standard errors of our 1,000 resamples and rms' 4,000. Its Intercept is the joint one, not citl.
    births = birthwt()
    predictors = ["age", "lwt", "race", "smoke", "ht"]
    result = validate(
        births, outcome="low", predictors=predictors, resamples=1000, repeats=0, rng=np.random.default_rng(1)
    )
    measures = result.measures.set_index("measure")
    assert 2 * measures.loc["auc", "apparent"] - 1 == pytest.approx(0.4346805737, rel=1e-8)
    assert measures.loc["brier", "apparent"] == pytest.approx(0.1864733160, rel=1e-7)
    assert 2 * measures.loc["auc", "optimism"] == pytest.approx(0.07118791987, abs=0.009)
    assert measures.loc["slope", "optimism"] == pytest.approx(0.19326424594, abs=0.02)
    assert measures.loc["brier", "optimism"] == pytest.approx(-0.01506932693, abs=0.0015)
    # rms 6.5.0 calibrate(f, B = 2000, predy = 0.1, ..., 0.6): apparent curve, exact up to its rounding of predictions;
    # corrected curve within the Monte Carlo error of both.
    curve = result.calibration
    at = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    apparent = [0.10071432, 0.20515679, 0.31601394, 0.37317284, 0.45391281, 0.59667099]
    corrected = [0.12336617, 0.23034324, 0.33037744, 0.36410337, 0.42611363, 0.55039676]
    assert np.interp(at, curve["predicted"], curve["apparent"]) == pytest.approx(apparent, abs=0.006)
    assert np.interp(at, curve["predicted"], curve["corrected"]) == pytest.approx(corrected, abs=0.012)


def test_calibration_measures_of_rms() -> None:
    # rms 6.5.0 val.prob of a risk made by hand: Slope, Brier, E90, Eavg (our ici); glm with offset for citl. Its C bins
    # the risks by 1/500 and is not compared.
    births = birthwt()
    eta = -0.5 + 0.02 * (births["age"] - 23) - 0.03 * (births["lwt"] - 130) + 0.9 * births["smoke"]
    y = births["low"].to_numpy(dtype=float)
    found = dict(zip(MEASURES, measure_performance(eta.to_numpy(), y), strict=True))
    assert found["slope"] == pytest.approx(0.50269014399510, rel=1e-8)
    assert found["citl"] == pytest.approx(-0.83350551548872, rel=1e-8)
    assert found["brier"] == pytest.approx(0.24419239714, rel=1e-10)
    assert found["ici"] == pytest.approx(0.17295769061769, rel=1e-8)
    assert found["e90"] == pytest.approx(0.28388573226854, rel=1e-8)
    curve = smooth_calibration(expit(eta.to_numpy()), y).at(np.array([0.2, 0.4, 0.6]))
    assert curve == pytest.approx([0.198216946140, 0.263288278667, 0.374072289107], rel=1e-8)  # R: lowess, approx


def test_splines_and_interactions_of_rms() -> None:
    # R 4.2.2 glm(low ~ age + rcs(lwt, 4) + smoke * ht), rms 6.5.0; knots of rcspline.eval (Hmisc 4.8.0).
    births = birthwt()
    fit = fit_logistic(
        births, outcome="low", predictors=["age", "lwt", "smoke", "ht"], interactions=[("smoke", "ht")],
        transforms={"lwt": TransformSettings(kind="spline", knots=4)},
    )  # fmt: skip
    assert fit.loglik == pytest.approx(-107.187956815, rel=1e-9)
    estimates = [5.2483441463, -0.0374592973, -0.0505356981, 0.2282418335, -0.6165429395, 0.6340595618, 1.6799513996,
                 0.1666180964]  # fmt: skip
    assert fit.estimates["estimate"].to_numpy() == pytest.approx(estimates, rel=1e-6)
    assert fit.encoding.transforms["lwt"].knots == pytest.approx((94.4, 115.0, 130.2, 188.2))
    few = make_transform("lwt", births["lwt"].to_numpy(dtype=float)[:60], kind="spline", knots=4)
    assert few.knots == pytest.approx((95.0, 113.0, 124.35, 182.0))
    columns = [column[0] for column in few.columns("lwt", np.array([182.0]))]
    assert columns == pytest.approx([182.0, 48.7985919540, 13.1042340468], rel=1e-9)
    five = make_transform("lwt", births["lwt"].to_numpy(dtype=float), kind="spline", knots=5)
    columns = [column[0] for column in five.columns("lwt", np.array([155.0]))]
    assert columns == pytest.approx([155.0, 24.13224382856, 9.38866488870, 3.63507452638], rel=1e-9)


def test_selection_by_likelihood_ratio_of_r() -> None:
    # R 4.2.2: add1 and drop1 with test = "LRT", level 0.05, step by step.
    births = birthwt()
    candidates = ["age", "lwt", "race", "smoke", "ptl", "ht", "ui", "ftv"]
    for method, expected in (("forward", ("lwt", "ptl", "ht")), ("backward", ("lwt", "race", "smoke", "ht", "ui"))):
        fit = fit_logistic(
            births, outcome="low", predictors=candidates, selection=SelectionSettings(method=method)  # type: ignore[arg-type]
        )  # fmt: skip
        assert fit.chosen == expected
        assert fit.candidates == 9


def test_joint_test_of_a_factor_of_r() -> None:
    # R 4.2.2 drop1(glm(low ~ age + lwt + race + smoke + ptl + ht + ui + ftv), test = "LRT"): race, 2 df, p 0.023897.
    candidates = ["age", "lwt", "race", "smoke", "ptl", "ht", "ui", "ftv"]
    ((name, df, p),) = fit_logistic(birthwt(), outcome="low", predictors=candidates).joint
    assert (name, df) == ("race", 2)
    # Its statistic as drop1 prints it.
    assert p == pytest.approx(np.exp(-7.468005083 / 2.0), rel=1e-7)


def test_leaving_one_out_of_r() -> None:
    # R 4.2.2 glm(low ~ age + lwt + smoke): hatvalues, cooks.distance, and glm without rows 1, 2, 3.
    births = birthwt()
    design = build_design(births, outcome="low", predictors=["age", "lwt", "smoke"])
    beta = maximise(design.x, design.y).beta
    found = measure_influence(design.x, design.y, beta, terms=design.encoding.terms).head(3)
    assert found["leverage"].tolist() == pytest.approx([0.02738927813, 0.02143705471, 0.01926957665], rel=1e-6)
    assert found["cook"].tolist() == pytest.approx([0.0014881198413, 0.0009250540591, 0.0049317745407], rel=1e-6)
    risks = [0.175351280555, 0.144962421911, 0.505887613864]
    assert found["probability_left_out"].tolist() == pytest.approx(risks, rel=1e-9)


def test_rank_correlation_tree_of_r() -> None:
    # R 4.2.2 hclust(as.dist(1 - abs(cor(x, method = "spearman"))), method = "average")$height
    births = birthwt()
    design = build_design(births, outcome="low", predictors=["age", "lwt", "ptl", "ftv", "bwt"])
    found = measure_collinearity(births, design)
    heights = [0.751111764141, 0.765828152270, 0.842734231737, 0.909952185969]
    assert (1.0 - found.tree["correlation"]).tolist() == pytest.approx(heights, rel=1e-10)
    assert found.candidates.set_index("column").loc["lwt", ["closest", "correlation"]].tolist() == [
        "bwt",
        pytest.approx(0.24888823586, rel=1e-9),
    ]


def test_net_benefit_of_dcurves_in_r() -> None:
    # dcurves' R answers for its simulated cohort: dca(cancer ~ age, as_probability = "age"), that is a logistic model.
    answers = read("dcurves_r_simple_binary_dca_result_df.csv")
    table = read("dcurves_df_binary.csv")
    table["cancer"] = (table["cancer"].astype(str).str.upper() == "TRUE").astype(int)
    y = table["cancer"].to_numpy(dtype=float)
    risks = {"all": np.ones(len(y)), "age": fit_logistic(table, outcome="cancer", predictors=["age"]).predict(table)}
    for name, risk in risks.items():
        model = answers[(answers["variable"] == name) & (answers["threshold"] > 0)]
        thresholds = model["threshold"].to_numpy(dtype=float)
        assert len(thresholds) == 99
        found = net_benefit(np.asarray(risk, dtype=float), y, thresholds)
        assert found == pytest.approx(model["net_benefit"].to_numpy(dtype=float), abs=1e-9), name
