"""Transformations, selection and shrinkage of logistic models, and what every resample repeats."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from lungtox.errors import FitError, ParameterError
from lungtox.models import fit_logistic, fit_model, validate
from lungtox.models.config import LogisticSettings, SelectionSettings, TransformSettings, ValidationSettings
from lungtox.models.design import build_design
from lungtox.models.encoding import TermGroup
from lungtox.models.newton import maximise
from lungtox.models.newton_batch import fit_many
from lungtox.models.penalised import fit_path, fit_penalised, strength_path, tuning_folds
from lungtox.models.selection import make_candidates, select_forward
from lungtox.models.transforms import make_transform


def cohort(n: int = 120, noise: int = 6, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({f"noise_{index}": rng.normal(size=n) for index in range(noise)})
    table["mld_gy"] = rng.normal(14.0, 4.0, n)
    table["smoking"] = rng.choice(["never", "former", "current"], n)
    table["rp"] = (rng.random(n) < expit(-1.2 + 0.35 * (table["mld_gy"] - 14.0))).astype(int)
    return table.assign(patient=[f"P{index:03}" for index in range(n)])


NAMES = ["mld_gy", *(f"noise_{index}" for index in range(6))]
FORWARD = SelectionSettings(method="forward")


def test_many_fits_at_once_are_those_one_by_one() -> None:
    rng = np.random.default_rng(2)
    y = (rng.random(60) < 0.4).astype(float)
    x = np.stack([np.column_stack([np.ones(60), rng.normal(size=(60, 3))]) for _ in range(5)])
    weights = rng.integers(1, 4, 60).astype(float)
    many = fit_many(x, y, weights=weights)
    for index, one in enumerate(x):
        repeated = np.repeat(np.arange(60), weights.astype(int))  # a weight of three is a patient counted three times
        alone = maximise(one[repeated], y[repeated])
        assert many.beta[index] == pytest.approx(alone.beta, abs=1e-8)
        assert many.loglik[index] == pytest.approx(alone.loglik, abs=1e-9)


def test_separated_fits_reach_their_bound_and_leave_the_others_alone() -> None:
    y = np.array([0.0, 0, 0, 1, 1, 1])
    values = np.array([[1.0, 2, 3, 4, 5, 6], [1, 5, 2, 4, 3, 6]])
    x = np.stack([np.column_stack([np.ones(6), (row - 3.5) / 2.0]) for row in values])
    fits = fit_many(x, y)
    assert fits.loglik[0] == pytest.approx(0.0, abs=1e-6)  # split completely: the likelihood tends to 1
    assert fits.beta[1] == pytest.approx(maximise(x[1], y).beta, abs=1e-8)


def test_transforms_by_hand() -> None:
    values = np.array([1.0, 4.0, 9.0, 16.0])
    hand = {
        "log": np.log(values), "sqrt": [1, 2, 3, 4], "square": [1, 16, 81, 256], "per": values / 5.0,
        "standardise": (values - 7.5) / np.sqrt(((values - 7.5) ** 2).sum() / 3),
    }  # fmt: skip
    for kind, expected in hand.items():
        (column,) = make_transform("x", values, kind=kind, step=5.0).columns("x", values)  # type: ignore[arg-type]
        assert column == pytest.approx(np.asarray(expected, dtype=float))
    with pytest.raises(ParameterError, match="logarithm needs positive values; found 0"):
        make_transform("x", values, kind="log").columns("x", np.array([0.0, 1.0]))
    with pytest.raises(FitError, match="too few different values for a spline"):
        make_transform("x", np.repeat([0.0, 1.0], 40), kind="spline", knots=5)


@given(st.integers(3, 7), st.integers(0, 50))
@settings(max_examples=30, deadline=None)
def test_a_restricted_cubic_spline_is_straight_beyond_its_outer_knots(knots: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(10.0, 3.0, 150)
    spline = make_transform("x", values, kind="spline", knots=knots)
    low, high = spline.knots[0], spline.knots[-1]
    for end in (np.linspace(low - 9.0, low, 4), np.linspace(high, high + 9.0, 4)):
        for column in spline.columns("x", end):
            assert np.diff(column, 2) == pytest.approx(np.zeros(2), abs=1e-9 * (1.0 + np.abs(column).max()))


def test_transformed_predictors_predict_new_patients() -> None:
    table = cohort()
    spline = {"mld_gy": TransformSettings(kind="spline", knots=3)}
    fit = fit_logistic(table, predictors=["mld_gy", "smoking"], transforms=spline, interactions=[("mld_gy", "smoking")])
    assert list(fit.estimates["term"])[1:] == [
        "mld_gy", "mld_gy'", "smoking[current]", "smoking[former]", "mld_gy * smoking[current]",
        "mld_gy * smoking[former]", "mld_gy' * smoking[current]", "mld_gy' * smoking[former]",
    ]  # fmt: skip
    # Knots are those of the fitted patients: a part of them gets the same risks as before.
    assert fit.predict(table.iloc[3:9]).to_numpy() == pytest.approx(fit.predict(table).to_numpy()[3:9])
    per = fit_logistic(table, predictors=["mld_gy"], transforms={"mld_gy": TransformSettings(kind="per", step=5.0)})
    plain = fit_logistic(table, predictors=["mld_gy"])
    assert per.estimates["estimate"].iloc[1] == pytest.approx(5.0 * plain.estimates["estimate"].iloc[1])
    with pytest.raises(ParameterError, match="only numbers can be transformed"):
        fit_logistic(table, predictors=["smoking"], transforms={"smoking": TransformSettings(kind="log")})


def test_selection_keeps_what_is_forced_and_finds_what_is_there() -> None:
    table = cohort()
    fit = fit_logistic(table, predictors=NAMES, selection=SelectionSettings(method="forward", forced=["noise_3"]))
    assert {"mld_gy", "noise_3"} <= set(fit.chosen)
    assert list(fit.estimates["term"]) == ["Intercept", *fit.chosen]
    assert any("p values and intervals ignore the selection" in text for text in fit.warnings)
    strict = fit_logistic(table, predictors=NAMES[1:], selection=SelectionSettings(method="backward", p=1e-9))
    assert strict.chosen == () and len(strict.estimates) == 1
    # The intercept alone: the logit of the share of events.
    share = table["rp"].mean()
    assert strict.estimates["estimate"].iloc[0] == pytest.approx(np.log(share / (1 - share)))
    assert strict.predict(table).to_numpy() == pytest.approx(np.full(len(table), share))


def test_an_interaction_waits_for_its_predictors() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.choice([-1.0, 1.0], (2, 200))
    y = (rng.random(200) < expit(2.5 * a * b)).astype(float)
    x = np.column_stack([np.ones(200), a, b, a * b])
    groups = (TermGroup("a", (1,)), TermGroup("b", (2,)), TermGroup("a * b", (3,), ("a", "b")))
    alone = make_candidates(x, y, groups, forced=(), weights=np.ones(200))
    with_parents = make_candidates(x, y, groups, forced=("a", "b"), weights=np.ones(200))
    assert select_forward(alone, p_enter=0.01, most=50) == frozenset()
    assert select_forward(with_parents, p_enter=0.01, most=50) == {"a", "b", "a * b"}


def test_selection_does_not_depend_on_units_or_order() -> None:
    table = cohort()
    first = fit_logistic(table, predictors=NAMES, selection=FORWARD)
    scaled = table.assign(mld_gy=table["mld_gy"] * 1e4, noise_2=table["noise_2"] / 1e4)
    second = fit_logistic(scaled, predictors=NAMES[::-1], selection=FORWARD)
    assert set(first.chosen) == set(second.chosen)
    assert first.loglik == pytest.approx(second.loglik)


@pytest.mark.parametrize("mix", [0.0, 0.5, 1.0])
def test_shrunken_estimates_are_those_of_scikit_learn(mix: float) -> None:
    from sklearn.linear_model import LogisticRegression

    design = build_design(cohort(), outcome="rp", predictors=NAMES)
    x, y, n = design.x, design.y, design.n
    bound = np.arange(x.shape[1]) > 0
    spread = x[:, 1:].std(axis=0)
    for strength in strength_path(x, y, np.ones(n), bound, mix)[4:16:5]:
        ours = fit_path(x, y, np.ones(n), bound, np.array([strength]), mix, tolerance=1e-10)[0]
        model = LogisticRegression(C=1.0 / (n * strength), l1_ratio=mix, solver="saga", tol=1e-12, max_iter=100_000)
        model.fit((x[:, 1:] - x[:, 1:].mean(axis=0)) / spread, y)
        assert ours[1:] * spread == pytest.approx(model.coef_[0], abs=2e-6)


def test_strongest_penalty_leaves_the_intercept_and_free_columns() -> None:
    design = build_design(cohort(), outcome="rp", predictors=NAMES)
    bound = np.arange(design.x.shape[1]) > 0
    top = strength_path(design.x, design.y, np.ones(design.n), bound, 1.0)[:1]
    beta = fit_path(design.x, design.y, np.ones(design.n), bound, 1.0001 * top, 1.0, tolerance=1e-9)[0]
    assert (beta[1:] == 0.0).all()
    free = np.zeros(design.x.shape[1], dtype=bool)
    free[1] = True
    rng = np.random.default_rng(1)
    assert fit_penalised(design.x, design.y, penalty="lasso", rng=rng, free=free).beta[1] != 0.0


def test_imputations_of_a_patient_share_a_fold() -> None:
    y = np.tile(np.repeat([0.0, 1.0], [20, 7]), 3)
    owner = np.tile(np.arange(27), 3)
    folds = tuning_folds(y, owner, np.random.default_rng(1))
    assert all(len(set(folds[owner == one])) == 1 for one in range(27))
    events = [int(y[folds == fold].sum()) for fold in range(5)]
    assert max(events) - min(events) <= 3  # seven events in five folds, three rows each


@pytest.mark.parametrize("penalty", ["ridge", "lasso", "elastic_net"])
def test_shrunken_models_have_no_intervals_and_shrink(penalty: str) -> None:
    table = cohort()
    rng = np.random.default_rng(1)
    fit = fit_logistic(table, predictors=NAMES, penalty=penalty, rng=rng)  # type: ignore[arg-type]
    full = fit_logistic(table, predictors=NAMES)
    assert fit.estimates[["low", "high", "p"]].isna().all(axis=None)
    assert abs(fit.linear_predictor(table)).std() < abs(full.linear_predictor(table)).std()
    with pytest.raises(ParameterError, match="needs a generator"):
        fit_logistic(table, predictors=NAMES, penalty=penalty)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="leave the selection out"):
        fit_logistic(table, predictors=NAMES, penalty=penalty, selection=FORWARD, rng=rng)  # type: ignore[arg-type]


def test_validation_repeats_the_selection() -> None:
    # Seven candidates without any effect: the apparent AUC of what was selected flatters, the corrected ones do not.
    apparent, boot, crossed = [], [], []
    for seed in range(10):
        table = (
            cohort(60, seed=seed)
            .drop(columns="mld_gy")
            .assign(mld_gy=np.random.default_rng(200 + seed).normal(size=60))
        )
        result = validate(
            table.assign(rp=np.random.default_rng(100 + seed).permutation(np.repeat([0, 1], [42, 18]))),
            predictors=NAMES, selection=SelectionSettings(method="forward", p=0.3), resamples=30, folds=6, repeats=2,
            rng=np.random.default_rng(1),
        )  # fmt: skip
        auc = result.measures[result.measures["measure"] == "auc"].set_index("approach")
        apparent.append(auc["apparent"].iloc[0])
        boot.append(auc.loc["bootstrap", "corrected"])
        crossed.append(auc.loc["cross-validation", "corrected"])
        assert result.leads == "cross-validation"
        shares = result.selection[result.selection["kind"] == "predictor"]
        assert shares["name"].tolist() == NAMES and shares["share"].between(0, 1).all()
        models = result.selection[result.selection["kind"] == "model"]
        assert models["chosen"].sum() == 1 and models["count"].sum() <= 30
    assert np.mean(apparent) > 0.65
    assert abs(np.mean(crossed) - 0.5) < 0.08
    assert np.mean(crossed) < np.mean(boot) + 0.02 < np.mean(apparent)


def test_imputation_is_done_anew_in_every_resample() -> None:
    table = cohort(60)
    table.loc[::4, "noise_1"] = np.nan
    seen: list[int] = []

    def imputer(rows: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
        seen.append(len(rows))
        observed = rows["noise_1"].dropna().to_numpy()
        return [
            rows.assign(noise_1=rows["noise_1"].where(rows["noise_1"].notna(), rng.choice(observed, len(rows))))
            for _ in range(3)
        ]

    result = validate(
        table, predictors=["mld_gy", "noise_1"], imputer=imputer, resamples=10, folds=5, repeats=1,
        rng=np.random.default_rng(1),
    )  # fmt: skip
    assert result.n == 60  # nobody is left out
    # All patients, ten resamples, five training parts that hold each patient four times.
    assert seen[:11] == [60] * 11 and len(seen) == 16 and sum(seen[11:]) == 240
    broken = lambda rows, _: [rows]  # noqa: E731
    with pytest.raises(ParameterError, match="left missing values"):
        validate(table, predictors=["noise_1"], imputer=broken, resamples=10, rng=np.random.default_rng(1))


def test_levels_are_left_out_in_turn() -> None:
    table = cohort(90).assign(centre=np.repeat(["a", "b", "c"], 30))
    table.loc[table["centre"] == "c", "rp"] = 0
    result = validate(table, predictors=["mld_gy"], by="centre", resamples=10, repeats=1, rng=np.random.default_rng(1))
    assert result.levels["level"].tolist() == ["a", "b", "c"]
    rest = table[table["centre"] != "a"]
    fit = fit_logistic(rest, predictors=["mld_gy"])
    inside = table[table["centre"] == "a"]
    brier = ((inside["rp"] - fit.predict(inside)) ** 2).mean()
    assert result.levels.set_index("level").loc["a", "brier"] == pytest.approx(brier, rel=1e-6)
    assert np.isnan(result.levels.set_index("level").loc["c", "auc"])  # no event there


MODELS = {
    "forward": {"selection": {"method": "forward"}},
    "lasso": {"selection": {"method": "lasso", "forced": ["mld_gy"]}},
    "ridge": {"penalty": "ridge"},
    "spline": {"transforms": {"mld_gy": {"kind": "spline", "knots": 3}}},
}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_kind_of_model_fills_its_tables(name: str) -> None:
    table = cohort(80)
    table.loc[0, "mld_gy"] = np.nan
    result = fit_model(
        table,
        dictionary=None,
        name=name,
        settings=LogisticSettings.model_validate({"predictors": NAMES[:4], **MODELS[name]}),
        validation=ValidationSettings(resamples=12, folds=4, repeats=1),
        rng=np.random.default_rng(1),
    )
    assert result.fit["converged"] and result.fit["leads"] == "cross-validation"
    assert result.fit["sample_size"]["parameters"] == result.fit["candidates"]
    for table_name in ("predictions", "stability"):
        assert len(result.tables[table_name]) == 79
    risks = result.predictions.set_index("patient")["probability"]
    stability = result.tables["stability"].set_index("patient")
    # The model that is validated is the one that is reported.
    assert stability["probability"].to_numpy() == pytest.approx(risks.to_numpy(), abs=1e-6)
    assert (stability["low"] <= stability["high"]).all()
    assert (len(result.tables["selection"]) > 0) == (name in ("forward", "lasso"))
    assert (len(result.tables["influence"]) > 0) == (name != "ridge")


def test_candidates_that_cannot_be_fitted_are_findings() -> None:
    table = cohort(40)
    cases: list[tuple[dict[str, object], pd.DataFrame, str]] = [
        ({"predictors": NAMES, "selection": {"method": "forward"}}, table.assign(rp=1), "one outcome class"),
        ({"predictors": NAMES, "penalty": "ridge"}, table.assign(noise_1=2.0), "constant predictor: noise_1"),
        (
            {"predictors": NAMES, "selection": {"method": "forward"}},
            table.assign(noise_2=-3 * table["noise_1"] + 1),
            "duplicated predictor: noise_2",
        ),
        (
            {"predictors": NAMES, "transforms": {"noise_1": {"kind": "log"}}, "selection": {"method": "backward"}},
            table,
            "noise_1: the logarithm needs positive values",
        ),
        ({"predictors": NAMES}, table.assign(rp=np.repeat([0, 1], [36, 4])), "more parameters than events"),
    ]
    for model, data, finding in cases:
        result = fit_model(
            data,
            dictionary=None,
            name="m",
            settings=LogisticSettings.model_validate(model),
            validation=ValidationSettings(resamples=10, repeats=1),
            rng=np.random.default_rng(1),
        )
        assert result.fit["converged"] is False
        assert result.fit["finding"].startswith(finding)
        assert all(len(one) == 0 for one in result.tables.values())


def test_settings_refuse_what_contradicts_itself() -> None:
    for model, message in (
        ({"transforms": {"mld": {"kind": "log"}}}, "mld is none"),
        ({"selection": {"method": "forward", "forced": ["v20"]}}, "v20 is none"),
        ({"interactions": [["mld_gy", "mld_gy"]]}, "stands twice"),
        ({"penalty": "lasso", "selection": {"method": "forward"}}, "needs none"),
    ):
        with pytest.raises(ValueError, match=message):
            LogisticSettings.model_validate({"predictors": ["mld_gy"], **model})
