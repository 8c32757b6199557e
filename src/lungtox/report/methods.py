"""Methods text with the settings of this very run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lungtox import __version__
from lungtox.ntcp import published_models
from lungtox.report.agreement_section import agreement_methods
from lungtox.report.blocks import Section, Text
from lungtox.report.cohort_section import endpoint_words, fits_with_times
from lungtox.report.conduct import (
    alpha_beta_methods,
    label_of,
    ladder_methods,
    registration_methods,
    strata_methods,
)
from lungtox.report.delivered_section import delivered_methods
from lungtox.report.dose_level_blocks import dose_level_methods
from lungtox.report.dvh_curve_section import dvh_curve_methods
from lungtox.report.fractionation_section import fractionation_methods
from lungtox.report.results import Results
from lungtox.report.wording import join_words, plain_name, text_of

TESTS = {
    "mann-whitney": "the Mann-Whitney test",
    "welch": "Welch's t test",
    "fisher": "Fisher's exact test",
    "chi-square": "the chi-square test without correction",
}


def methods_section(results: Results) -> Section:
    """Give the section on methods."""
    config = results.config
    parts = [
        *_dose(config.get("dose") or {}),
        *_function(config.get("function")),
        *registration_methods(results),
        *(_outcome(results) if results.has_outcome else ()),
        *agreement_methods(results),
        *fractionation_methods(config.get("fractionation")),
        *dvh_curve_methods(config.get("dvh_curve")),
        *delivered_methods(config.get("delivered")),
        f"Analysed with lungtox {__version__}; the versions of all programs stand under Provenance. Random draws "
        f"follow from the seed {config.get('seed')}. Two-sided tests; 95 % intervals.",
    ]
    return Section("methods", "Methods", tuple(Text(part) for part in parts))


def _outcome(results: Results) -> Iterator[str]:
    config = results.config
    yield (
        f"Endpoint: {endpoint_words(config.get('endpoint') or {})}. Patients who died or left follow-up before the "
        "window "
        "closed without RP count neither as RP nor as free of it."
    )
    yield from _association(config)
    yield from dose_level_methods(config.get("association") or {})
    yield from strata_methods(results)
    yield from _models(results)
    yield from ladder_methods(results)
    yield from _time(config.get("time"))
    yield from _ntcp(config.get("ntcp") or {}, resamples=(config.get("validation") or {}).get("resamples"))
    yield from alpha_beta_methods(results)


def _dose(dose: Mapping[str, Any]) -> Iterator[str]:
    if not dose:
        return
    cap = {
        "half-slice": "end caps reach half a slice beyond the outermost contours",
        "none": "structures end at the outermost contours",
        "rounded": "beyond the outermost contours structures close as the trend of the last contours tells",
    }
    between = {
        "slab": "a contour stands for its slab",
        "interpolated": "cross-sections are interpolated between contours",
    }
    structures = join_words([_made_from(name, parts) for name, parts in sorted((dose.get("structures") or {}).items())])
    yield (
        "Dose-volume histograms: contours cover the dose plane by exact area, holes by exclusive or; "
        f"{between[str(dose.get('between_planes', 'slab'))]}; {cap[str(dose.get('end_cap', 'half-slice'))]}; "
        "dose is interpolated trilinearly; bins of "
        f"{dose.get('bin_width_gy')} Gy. "
        f"Structures: {structures}. Vx is the share of the structure with at least x Gy."
    )
    if dose.get("bounds"):
        yield (
            "Bounds of the metrics (low and high): their values where, between two contours, the upper, the lower, the "
            "smaller or the larger one holds, where the ends lie at the outermost contours or a slice further, with "
            "fewer samples, and with the dose that linear interpolation may have missed."
        )
    ratios = join_words([f"{name} {value:g}" for name, value in sorted((dose.get("eqd2") or {}).items())])
    if ratios:
        yield (
            "EQD2 (linear-quadratic model, Withers 1983) is made voxel by voxel with the number of fractions of the "
            f"plan and alpha/beta (Gy): {ratios}."
        )
    partial = dose.get("allow_partial_coverage") or []
    allowed = f"; allowed to leave it: {join_words([text_of(name) for name in partial])}" if partial else ""
    yield f"The dose grid has to cover {dose.get('minimum_coverage_pct', 100):g} % of a structure{allowed}."


def _made_from(name: str, parts: Mapping[str, Any]) -> str:
    minus = parts.get("minus") or []
    without = f" without {join_words(minus)}" if minus else ""
    union = parts.get("union") or []
    return name if union == [name] and not minus else f"{name} ({join_words(union)}{without})"


def _function(function: Mapping[str, Any] | None) -> Iterator[str]:
    if not function:
        return
    whole = {"region": "functional region itself", "structure": "whole structure", "total": "total lung"}
    clip = function.get("clip")
    hot = f"; values above the {clip:g}th percentile are set to it" if clip else ""
    regions = join_words([_region_words(text_of(region)) for region in function.get("regions") or ()])
    yield (
        f"Functional histograms: the perfusion image is interpolated to the dose samples of {function.get('structure')}"
        f" and thresholded there{hot}. Regions: {regions}{_bands(function.get('bands'))}. The denominator of "
        f"volumes in percent is the {whole[text_of(function.get('denominator') or 'region')]}, unless a metric names "
        "another; perfusion weighting uses the image value as weight."
    )
    if function.get("sweep"):
        yield (
            "Sensitivity of the functional metrics: one change at a time; thresholds of 10 to 70 % of the maximum, the "
            "99th percentile and the mean within the structure, shifts of the image by 5 and 10 mm in six directions, "
            "and the image with the other attenuation correction where there is one."
        )


def _bands(bands: Mapping[str, Any] | None) -> str:
    if not bands:
        return ""
    cuts = join_words([f"{cut:g} %" for cut in bands["cuts_pct"]])
    return f"; poorly to well perfused lung, cut at {cuts} of {bands['reference']}"


def _region_words(region: str) -> str:
    share, _, reference = region.partition("%")
    if reference:
        names = {"max": "the maximum", "mean": "the mean"}
        return f"{share} % of {names.get(reference) or f'the {reference[1:]}th percentile'} ({region})"
    if region[1:].replace(".", "", 1).isdigit():
        return f"at or above percentile {region[1:]} ({region})"
    return f"{region} as contoured"


def _association(config: Mapping[str, Any]) -> Iterator[str]:
    association = config.get("association") or {}
    if not association:
        return
    families = join_words(
        [f"{plain_name(name)} ({len(factors)})" for name, factors in sorted(association["families"].items())]
    )
    yield (
        f"Single factors: {TESTS.get(association['continuous_test'], association['continuous_test'])} for numbers and "
        f"{TESTS.get(association['categorical_test'], association['categorical_test'])} for categories, fixed "
        "beforehand; odds "
        "ratios by logistic regression with profile-likelihood intervals, by Firth's penalty (Firth 1993; Heinze and "
        "Schemper 2002) where the outcome is separated. q values: Benjamini and Hochberg 1995 within the families "
        f"{families}."
    )
    if (config.get("inputs") or {}).get("cytokines") and association.get("cytokines"):
        yield (
            "Cytokines: Wilcoxon signed-rank test of the logarithm of during / pre, Mann-Whitney test between groups, "
            "one family of q values; values below the detection limit count as half of it, their share is "
            "shown. Beside "
            "them, models of the logarithms: censored likelihood and multiple imputation beyond the limits, ANCOVA, "
            f"plates as {association.get('plates', 'fixed')} effects."
        )


def _models(results: Results) -> Iterator[str]:
    config = results.config
    models = config.get("models") or {}
    if models:
        named = join_words([_model_words(name, model, results) for name, model in sorted(models.items())])
        validation = config.get("validation") or {}
        crossed = (
            f", and {validation['folds']}-fold cross-validation repeated {validation['repeats']} times"
            if validation.get("repeats")
            else ""
        )
        yield (
            "Multivariable logistic regression; predictors, or the candidates of a selection, were declared "
            f"beforehand: {named}; where the outcome is separated, Firth's penalty with "
            "the intercept refitted for predictions (Puhr 2017). Internal validation: "
            f"optimism bootstrap (Harrell, Lee and Mark 1996) with {validation.get('resamples')} resamples{crossed}, "
            "the whole fit (selection, standardising and tuning included) repeated in each; smooth calibration by "
            "lowess; net benefit after Vickers and Elkin 2006; minimum sample size after Riley 2019; reported by "
            "TRIPOD+AI (Collins 2024)."
        )
        weighed = [plain_name(name) for name, model in sorted(models.items()) if model.get("weights", "ipcw") == "ipcw"]
        if weighed:
            which = "These models are" if len(weighed) == len(models) else f"Of these models {join_words(weighed)} are"
            timed = " without times" if fits_with_times(config) else ""
            yield (
                f"{which} weighted where outcomes are not known: patients with known outcome stand for those who died "
                "or were lost without RP by the inverse probability of being followed up (Robins and Rotnitzky 1992; "
                "Kaplan-Meier, deaths as losses), with robust (sandwich) intervals, and the validation takes the "
                "weights along; both extreme codings stand beside. Single factors, ROC curves, added value and NTCP "
                f"models{timed} leave these patients out."
            )
    missing = config.get("missing") or {}
    if models and missing.get("method") == "multiple-imputation":
        yield (
            f"Missing values: {missing['imputations']} tables imputed by chained equations with the outcome "
            "(predictive mean matching for numbers, logistic regression for two levels), models pooled by Rubin's "
            "rules with the degrees of freedom of Barnard and Rubin 1999."
        )
    roc = config.get("roc") or {}
    if roc.get("scores"):
        more = "bands, partial areas (McClish) and cut-points" if roc.get("partial") else "bands and cut-points"
        yield (
            "ROC: declared scores and directions; intervals after DeLong 1988 on the logit scale; declared pairs by "
            f"the paired DeLong test; {more} by bootstrap of patients with and without RP apart "
            f"({roc.get('resamples')} resamples)."
        )


def _time(time: Mapping[str, Any] | None) -> Iterator[str]:
    if time is None:
        return
    yield (
        "Pneumonitis in time: cumulative incidence with death without RP as competing event (Aalen and Johansen 1978), "
        "groups compared by Gray's test (Gray 1988) and the cause-specific log-rank test; Cox models of the "
        "cause-specific hazard with the predictors of the logistic models."
    )


def _model_words(name: str, model: Mapping[str, Any], results: Results) -> str:
    selection, penalty = model.get("selection"), text_of(model.get("penalty"))
    how = ""
    if selection:
        level = "" if selection["method"] == "lasso" else f", p < {selection['p']:g}"
        how = f"{selection['method']} selection{level} from"
    elif penalty in ("ridge", "lasso", "elastic_net"):
        how = f"{plain_name(penalty)} tuned by cross-validation on"
    predictors = ", ".join(label_of(results, column) for column in model["predictors"])
    return f"{plain_name(name)} ({f'{how}: ' if how else ''}{predictors})"


def _ntcp(ntcp: Mapping[str, Any], *, resamples: int | None) -> Iterator[str]:
    if ntcp.get("fits"):
        yield (
            "NTCP: LKB (Lyman 1985; Kutcher and Burman 1989) is Phi((gEUD - TD50)/(m TD50)), gEUD after Niemierko "
            "1999, the logistic model 1/(1 + exp(-b0 - b1 D)) of the mean dose; "
            "maximum likelihood "
            "on the individual DVHs, profile-likelihood intervals."
        )
    if timed := fits_with_times({"ntcp": ntcp}):
        yield (
            f"{join_words([plain_name(name) for name in timed])}: NTCP and a log-normal latency from the first day of "
            "radiotherapy, fitted together; a patient followed to t without RP counts with 1 - NTCP F(t), death "
            "without RP as the end of follow-up."
        )
    if ntcp.get("compare"):
        compared = ntcp["compare"]
        yield (
            f"Descriptions of the dose ({join_words([str(dose['name']) for dose in compared['doses']])}) were compared "
            "in logistic models on the patients who have all of them, by AIC and by optimism-corrected performance "
            f"(bootstrap with {resamples} resamples; the volume parameter of a gEUD estimated in each resample); "
            f"differences from {compared['reference']}, declared beforehand, were taken on the same resamples."
        )
    if ntcp.get("published"):
        known = published_models()
        labels = [known[name].label if name in known else plain_name(name) for name in ntcp["published"]]
        yield (
            "Published models are applied with their printed parameters to the structure and dose quantity that they "
            f"accept: {'; '.join(labels)}."
        )
    if ntcp.get("published") and (update := ntcp.get("update")):
        bayes = (
            " Bayesian updating: normal prior from the printed 95 % intervals, Laplace approximation."
            if update.get("bayes")
            else ""
        )
        yield (
            "Updates of published models are chosen by closed testing with likelihood-ratio tests at level "
            f"{update['alpha']:g} (Vergouwe 2017), up to {update['largest']}; intervals by profile likelihood.{bayes}"
        )
