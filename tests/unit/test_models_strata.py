"""Factors within strata: against R 4.2.2 (mantelhaen.test, glm, Breslow-Day written out)."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from lungtox.errors import InputError
from lungtox.models import compare_strata
from lungtox.models import test_associations as associations
from lungtox.models.config import AssociationSettings
from lungtox.models.newton import maximise
from lungtox.models.newton_batch import fit_many

# Applicants to Berkeley 1973 (R: UCBAdmissions): admitted and rejected men, admitted and rejected women.
UCB = {
    "A": (512, 313, 89, 19), "B": (353, 207, 17, 8), "C": (120, 205, 202, 391),
    "D": (138, 279, 131, 244), "E": (53, 138, 94, 299), "F": (22, 351, 24, 317),
}  # fmt: skip


def berkeley() -> pd.DataFrame:
    parts = []
    for department, counts in UCB.items():
        for (sex, admitted), count in zip([("M", 1), ("M", 0), ("F", 1), ("F", 0)], counts, strict=True):
            parts.append(pd.DataFrame({"rp": [admitted] * count, "sex": sex, "department": department}))
    return pd.concat(parts, ignore_index=True)


def settings(factor: str, by: str) -> AssociationSettings:
    return AssociationSettings(families={"f": [factor]}, strata={by: [factor]})


def test_berkeley_as_in_r():
    table = compare_strata(berkeley(), settings=settings("sex", "department")).set_index(["row", "stratum"])
    one = table.loc[("stratum", "A")]
    assert one["effect"] == pytest.approx(0.349212047242, rel=1e-6) and one["unit"] == "M v F"
    assert table.loc[("stratum", "B"), "effect"] == pytest.approx(0.802500710437, rel=1e-6)
    common = table.loc[("common", "")]
    # mantelhaen.test(UCBAdmissions, correct = FALSE): 0.904696828259 (0.771907361759 to 1.060329764437), p 0.216923697.
    assert [common["effect"], common["low"], common["high"], common["p"]] == pytest.approx(
        [0.904696828259, 0.771907361759, 1.060329764437, 0.216923697], rel=1e-8
    )
    # glm(y ~ male + Dept) and anova against male * Dept: 20.20427533 on 5, p 0.0011441.
    assert table.loc[("adjusted", ""), "effect"] == pytest.approx(0.904954974766, rel=1e-6)
    assert table.loc[("interaction", ""), ["p", "df"]].tolist() == pytest.approx([0.0011441, 5], rel=1e-4)
    # Breslow-Day with Tarone's correction, written out in R: 18.82550125 on 5.
    assert table.loc[("homogeneity", ""), "p"] == pytest.approx(0.00207140139788, rel=1e-8)


def test_a_number_within_three_strata_as_in_r():
    n = np.arange(200)
    g = (n * n) % 11 // 4
    x = ((n * n * 13 + n * 7) % 101) / 50
    y = (((n * n * 31 + n * 17) % 97) / 97 < expit(-1 + x * (g == 1) + 0.3 * x)) * 1
    table = compare_strata(pd.DataFrame({"rp": y, "x": x, "g": g}), settings=settings("x", "g"))
    found = table.set_index(["row", "stratum"])
    # glm(y ~ x, subset = g == k): odds ratios, patients, events.
    for stratum, effect, n_here, events in (
        ("0", 2.96692818085, 92, 31),
        ("1", 19.7477394244, 72, 46),
        ("2", 0.747317729379, 36, 12),
    ):
        row = found.loc[("stratum", stratum)]
        assert row["effect"] == pytest.approx(effect, rel=1e-8) and [row["n"], row["events"]] == [n_here, events]
    assert found.loc[("adjusted", ""), "effect"] == pytest.approx(4.08867174495, rel=1e-7)
    # anova of x * factor(g): deviance 15.60978397 on 2, p 0.00040774.
    assert found.loc[("interaction", ""), ["p", "df"]].tolist() == pytest.approx([0.00040774, 2], rel=1e-4)
    assert "common" not in set(table["row"])


def small_cohort(patients: int = 60) -> pd.DataFrame:
    n = np.arange(patients)
    g = (n * n) % 11 // 4
    x = ((n * n * 13 + n * 7) % 101) / 50
    y = (((n * n * 31 + n * 17) % 97) / 97 < expit(-1.5 + x * (g == 1) + 0.3 * x)) * 1
    return pd.DataFrame({"rp": y, "x": x, "g": g})


def interaction(table: pd.DataFrame, seed: int | None) -> pd.Series:
    rng = None if seed is None else np.random.default_rng(seed)
    found = compare_strata(table, settings=settings("x", "g"), rng=rng)
    return found.set_index("row").loc["interaction"]


def test_interaction_with_few_events_is_simulated_as_in_r():
    # 60 patients, 21 events. R 4.2.2, anova of the two glm: 5.39880485841 on 2, p 0.0672456847931; 6,000 outcomes drawn
    # by rbinom from the glm without products, both refitted by glm.fit: p 0.138976837194.
    plain = interaction(small_cohort(), None)
    assert plain["p"] == pytest.approx(0.0672456847931, rel=1e-7) and plain["test"] == "likelihood ratio"
    found = interaction(small_cohort(), 1)
    assert found["test"] == "likelihood ratio, parametric bootstrap of 999" and found["df"] == 2
    # Four Monte Carlo errors of 999 draws and of R's 6,000.
    assert found["p"] == pytest.approx(0.138976837194, abs=4 * np.sqrt(0.139 * 0.861 * (1 / 999 + 1 / 6000)))
    assert interaction(small_cohort(), 1)["p"] == found["p"]


def test_interaction_with_many_events_keeps_its_chi_square():
    # 1,200 patients: more than ten events for each of five parameters.
    table = small_cohort(1200)
    pd.testing.assert_series_equal(interaction(table, 1), interaction(table, None))


def test_a_separated_stratum_is_tested_by_simulation_only():
    table = small_cohort()
    table.loc[table["g"] == 2, "rp"] = (table["x"] > 1) * 1
    assert "separated in a stratum" in interaction(table, None)["test"]
    found = interaction(table, 1)
    assert 0.0 < found["p"] <= 1.0 and "bootstrap" in found["test"]


def test_many_fits_with_outcomes_of_their_own():
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(40), rng.normal(size=(40, 2))])
    outcomes = (rng.random((7, 40)) < 0.4) * 1.0
    together = fit_many(np.broadcast_to(x, (7, 40, 3)), outcomes)
    for index, y in enumerate(outcomes):
        assert together.beta[index] == pytest.approx(maximise(x, y).beta, abs=1e-8)


def test_findings_instead_of_numbers():
    table = pd.DataFrame(
        {"rp": [0, 0, 1, 1, 0, 0, 0, 0, 1, 0], "sex": list("FMFMFMFMFF"), "by": ["a"] * 4 + ["b"] * 4 + ["c"] * 2}
    )
    found = compare_strata(table, settings=settings("sex", "by")).set_index(["row", "stratum"])["test"]
    assert found[("stratum", "b")] == "not fitted: one outcome class"
    assert found[("stratum", "c")] == "not fitted: constant predictor"
    assert found[("interaction", "")].startswith("not tested")
    with pytest.raises(InputError, match="nowhere"):
        compare_strata(table, settings=settings("sex", "nowhere"))
    assert compare_strata(table, settings=AssociationSettings(families={"f": ["sex"]})).empty


def test_difference_that_belongs_to_the_test():
    # The groups of test_models_association: wilcox.test(a, b, conf.int = TRUE) of R 4.2.2: 0.305 (-0.15 to 0.76).
    a = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    b = [1.15, 0.88, 0.90, 0.74, 1.21]
    table = pd.DataFrame({"rp": [1] * 10 + [0] * 5, "x": a + b})
    row = associations(table, settings=AssociationSettings(families={"f": ["x"]})).iloc[0]
    assert [row["difference"], row["difference_low"], row["difference_high"]] == pytest.approx([0.305, -0.15, 0.76])
    welch = AssociationSettings(families={"f": ["x"]}, continuous_test="welch")
    row = associations(table, settings=welch).iloc[0]
    # t.test(a, b): 1.313 - 0.976, limits by t.test of R 4.2.2.
    assert row["difference"] == pytest.approx(0.337)
    assert [row["difference_low"], row["difference_high"]] == pytest.approx(
        [-0.0197249963351, 0.6937249963351], rel=1e-8
    )
