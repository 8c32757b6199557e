"""Answers of R over the public sets of the reference data; how they were made: docs/validation/r-cross-check.md."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lungtox.models import compare_auc, fit_logistic, roc, validate
from lungtox.models import test_associations as associations
from lungtox.models.config import AssociationSettings
from lungtox.models.rank_tests import mann_whitney

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
    result = validate(births, outcome="low", predictors=predictors, resamples=1000, rng=np.random.default_rng(1))
    measures = result.measures.set_index("measure")
    assert 2 * measures.loc["auc", "apparent"] - 1 == pytest.approx(0.4346805737, rel=1e-8)
    assert measures.loc["brier", "apparent"] == pytest.approx(0.1864733160, rel=1e-7)
    assert 2 * measures.loc["auc", "optimism"] == pytest.approx(0.07118791987, abs=0.009)
    assert measures.loc["slope", "optimism"] == pytest.approx(0.19326424594, abs=0.02)
    assert measures.loc["brier", "optimism"] == pytest.approx(-0.01506932693, abs=0.0015)
