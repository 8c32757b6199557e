"""Published models: the uniform-20 column of SCIENCE.md section 4, and what each model accepts."""

from __future__ import annotations

import math

import pytest
from pytest import approx

from lungtox.errors import InputError, ParameterError
from lungtox.ntcp import NtcpSettings, published_model, published_models, unknown_published
from lungtox.ntcp.records import parameter_faults
from tests.unit.ntcp_cases import TOY_DOSE_GY, dvh, eqd2_toy, point_dvh, toy

UNIFORM_20 = {
    "burman_1991": 0.15377,
    "martel_1994": 0.05622,
    "kwa_1998": 0.19408,
    "seppenwoolde_2003": 0.17164,
    "seppenwoolde_2003_mean": 0.17164,  # n plays no part in a uniform dose
    "semenenko_2008": 0.20967,
    "quantec_probit_2010": 0.20989,
    "quantec_logistic_2010": 0.2059,
    "appelt_2014": 0.1200,
}


@pytest.mark.parametrize(("name", "expected"), UNIFORM_20.items())
def test_uniform_20_gy(name, expected):
    digits = 5e-5 if name in ("quantec_logistic_2010", "appelt_2014") else 5e-6
    assert published_model(name).ntcp_uniform(20.0) == approx(expected, abs=digits)


def test_all_sets_of_the_sheet_are_there_with_what_they_need():
    models = published_models()
    assert set(UNIFORM_20) <= set(models)
    assert {"niezink_2023", "relative_seriality_kallman_1992", "relative_seriality_gagliardi_2000"} <= set(models)
    for model in models.values():
        assert model.citation and model.endpoint and model.structures and model.checked and model.fractionation
        assert model.default_ok is (model.status != "memory") or model.name in ("niezink_2023", "kwa_1998")
        assert bool(model.alpha_beta_gy) is (model.quantity == "eqd2")
        for name, (low, high) in model.intervals.items():
            assert low < model.parameters[name] < high


def test_toy_dvh_in_the_models_own_quantity():
    assert published_model("seppenwoolde_2003").ntcp(eqd2_toy()) == approx(0.088519, abs=2e-6)
    assert published_model("kwa_1998").ntcp(eqd2_toy()) == approx(0.1141, abs=5e-5)
    assert published_model("burman_1991").ntcp(toy(structure="Lungs")) == approx(0.126841, abs=5e-6)
    gagliardi = published_model("relative_seriality_gagliardi_2000")
    assert gagliardi.ntcp(toy(structure="Lungs")) == approx(0.142866, abs=5e-5)
    assert gagliardi.dose_gy(toy(structure="Lungs")) == approx(18.2)


def test_appelt_factors_by_hand():
    """logit = ln(prod OR) - 4 gamma50 (1 - MLD/D50); odds ratios of SCIENCE.md section 4."""
    model = published_model("appelt_2014")

    def expected(*odds_ratios):
        logit = math.log(math.prod(odds_ratios)) - 4 * 1.19 * (1 - 20 / 34.4)
        return 1 / (1 + math.exp(-logit))

    reference = {
        "lung_disease": "no",
        "tumour_site": "upper",
        "age_y": 63,
        "chemotherapy": "concurrent",
        "smoking": "never",
    }
    assert model.ntcp(20.0, reference) == approx(expected(1))
    one_by_one = [
        ({"lung_disease": "yes"}, 2.27), ({"tumour_site": "middle"}, 1.87), ({"tumour_site": "lower"}, 1.87),
        ({"age_y": 63.5}, 1.66), ({"chemotherapy": "sequential"}, 1.60), ({"smoking": "former"}, 0.69),
        ({"smoking": "current"}, 0.62),
    ]  # fmt: skip
    for factors, odds_ratio in one_by_one:
        assert model.ntcp(20.0, {**reference, **factors}) == approx(expected(odds_ratio))
    all_of_them = {
        "lung_disease": "yes",
        "tumour_site": "lower",
        "age_y": "70",
        "chemotherapy": "sequential",
        "smoking": "current",
    }
    assert model.ntcp(20.0, all_of_them) == approx(expected(2.27, 1.87, 1.66, 1.60, 0.62))


def test_niezink_by_hand():
    model = published_model("niezink_2023")
    logit = -7.880 + 0.250 * 15 + 0.049 * 70 - 0.902
    assert model.ntcp(15.0, {"age_y": 70, "smoking": "current"}) == approx(1 / (1 + math.exp(-logit)))
    with pytest.raises(InputError, match="age_y as a number"):
        model.ntcp(15.0, {"smoking": "current"})


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ({"smoking": "unknown"}, "never, former, current"),  # unknown is not never
        ({"age_y": "old"}, "as a number"),
        ({"age_y": float("nan")}, "as a number"),
        ({"lung_disease": None}, "no, yes"),
    ],
)
def test_factor_without_a_known_meaning_is_refused(factors, words):
    with pytest.raises(InputError, match=words):
        published_model("appelt_2014").ntcp(20.0, factors)


def test_missing_factors_are_listed():
    model = published_model("appelt_2014")
    known = {"lung_disease": "no", "tumour_site": "upper", "age_y": 60, "chemotherapy": "none", "smoking": "never"}
    assert model.missing_factors(known) == []
    assert model.missing_factors({**known, "smoking": "unknown", "age_y": True}) == ["age_y", "smoking"]


def test_structure_that_is_not_listed_is_refused_unless_allowed():
    model = published_model("semenenko_2008")
    with pytest.raises(InputError, match=r"a DVH of Lungs; found Lungs-GTV.*allow_structure.semenenko_2008"):
        model.ntcp(toy())
    assert model.ntcp(toy(), allow_structure=["Lungs-GTV"]) == approx(model.ntcp(18.2), abs=1e-9)
    acceptance = model.accept(toy(), allow_structure=["Lungs-GTV"])
    assert acceptance.status == "allowed"
    assert "made for Lungs, applied to Lungs-GTV" in acceptance.note


def test_quantity_is_never_fed_in_as_it_stands():
    with pytest.raises(InputError, match="dose as eqd2; found physical"):
        published_model("seppenwoolde_2003").ntcp(toy(structure="Lungs"))
    with pytest.raises(InputError, match="dose as physical; found eqd2"):
        published_model("quantec_logistic_2010").ntcp(eqd2_toy())
    wrong = point_dvh(TOY_DOSE_GY, [2.0] * 10, structure="Lungs", quantity="eqd2", alpha_beta_gy=10.0)
    with pytest.raises(InputError, match="alpha/beta 3 Gy; found 10 Gy"):
        published_model("seppenwoolde_2003").ntcp(wrong)


def test_eqd2_dvh_is_labelled_converted():
    acceptance = published_model("seppenwoolde_2003").accept(eqd2_toy())
    assert acceptance.status == "converted"
    assert "alpha/beta 3 Gy" in acceptance.note
    assert published_model("quantec_logistic_2010").accept(toy()).status == "applied"


def test_functional_dvh_is_refused():
    with pytest.raises(InputError, match="anatomical DVH"):
        published_model("quantec_logistic_2010").ntcp(toy(weighting="perfusion"))


def test_unchecked_model_is_refused_unless_allowed():
    model = published_model("martel_1994")
    with pytest.raises(InputError, match="allow_unchecked"):
        model.accept(toy(structure="Lungs"), allow_unchecked=False)
    assert "not fully checked" in model.accept(toy(structure="Lungs")).note


def test_mean_dose_is_refused_where_the_model_needs_the_dvh():
    for name in ("burman_1991", "relative_seriality_gagliardi_2000"):
        with pytest.raises(InputError, match="whole DVH"):
            published_model(name).ntcp(20.0)
    # n = 0.99 is the mean for all purposes.
    assert published_model("seppenwoolde_2003").ntcp(20.0) == approx(0.17164, abs=5e-6)


@pytest.mark.parametrize("dose", [-1.0, 201.0, math.nan])
def test_mean_dose_outside_gy_is_refused(dose):
    with pytest.raises(InputError, match="0 to 200 Gy"):
        published_model("quantec_logistic_2010").ntcp(dose)


def test_unknown_model_names_the_nearest():
    with pytest.raises(ParameterError, match="Did you mean 'quantec_logistic_2010'"):
        published_model("quantec_logistic")
    with pytest.raises(ParameterError, match="Known: quantec_logistic_2010"):
        published_model("xyz")


def test_unknown_names_in_the_settings_are_faults():
    settings = NtcpSettings(
        published=["appelt_2014", "apelt_2014"], allow_unchecked=["kwa"], allow_fractionation=["quantec"]
    )
    faults = unknown_published(settings)
    keys = ("published", "allow_unchecked", "allow_fractionation")
    assert [fault.who for fault in faults] == [f"config: ntcp.{key}" for key in keys]
    assert "appelt_2014" in faults[0].action


def test_a_whole_dvh_in_cgy_is_refused():
    with pytest.raises(InputError, match="cGy"):
        published_model("quantec_logistic_2010").ntcp(dvh([0.0, 1.0, 1.0], bin_width_gy=500.0))


def test_more_than_the_listed_dose_per_fraction_is_refused_unless_allowed():
    model = published_model("quantec_logistic_2010")
    with pytest.raises(InputError, match=r"at most 3 Gy per fraction; found 12 Gy.*ntcp\.allow_fractionation"):
        model.accept(toy(), fraction_gy=12.0)
    acceptance = model.accept(toy(), fraction_gy=12.0, allow_fractionation=True)
    assert acceptance.status == "allowed" and "12 Gy per fraction, but the model was made for" in acceptance.note
    for listed in (None, 2.0, 3.0, 66.0 / 22.0 + 1e-9):
        assert model.accept(toy(), fraction_gy=listed).status == "applied"


def test_parameters_of_all_records_lie_inside_their_bounds():
    for model in published_models().values():
        assert parameter_faults(model.name, model.model, model.parameters) == []
    faults = parameter_faults("x", "lkb", {"td50_gy": 3080.0, "m": 0.37})  # TD50 in cGy
    assert [fault.expected for fault in faults] == ["td50_gy from 0.1 to 1000"]
    assert "the parameters td50_gy, m, n" in str(parameter_faults("x", "lkb", {"td50_gy": 30.8})[0])
