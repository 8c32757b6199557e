"""Schemas of the tables of association, models and roc: strict, and checked before a table leaves this room."""

from __future__ import annotations

import pandera.pandas as pa

CODING_NAMES = ["weighted", "weighted, deaths without RP", "left out", "all without RP", "all with RP"]
COMPARISONS = ["paired_all", "paired_rp", "paired_no_rp", "groups_pre", "groups_during", "groups_ratio"]


def _text(*checks: pa.Check, nullable: bool = False) -> pa.Column:
    return pa.Column("object", checks=list(checks), nullable=nullable, coerce=True)


def _number(*checks: pa.Check) -> pa.Column:
    return pa.Column("float64", checks=list(checks), nullable=True, coerce=True)


def _count() -> pa.Column:
    return pa.Column("int64", pa.Check.ge(0), coerce=True)


def _share() -> pa.Column:
    """Between 0 and 1; missing where a test was not done."""
    return _number(pa.Check.in_range(0, 1))


def _table(columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(columns, strict=True, ordered=True)


UNIVARIABLE = _table(
    {
        "factor": _text(),
        "label": _text(),
        "level": _text(nullable=True),
        "family": _text(),
        "kind": _text(pa.Check.isin(["binary", "categorical", "continuous"])),
        "n": _count(),
        "n_rp": _count(),
        "n_no_rp": _count(),
        "rp_summary": _text(nullable=True),
        "no_rp_summary": _text(nullable=True),
        "effect_name": _text(),
        "unit": _text(nullable=True),
        "effect": _number(pa.Check.ge(0)),
        "low": _number(pa.Check.ge(0)),
        "high": _number(pa.Check.ge(0)),
        "p": _share(),
        "q": _share(),
        "test": _text(),
        "difference_name": _text(nullable=True),
        **{name: _number() for name in ("difference", "difference_low", "difference_high")},
    }
)
STRATA = _table(
    {
        **{name: _text() for name in ("factor", "label", "by", "by_label")},
        "row": _text(pa.Check.isin(["stratum", "adjusted", "common", "interaction", "homogeneity"])),
        "stratum": _text(),
        "level": _text(),
        "unit": _text(),
        "n": _count(),
        "events": _count(),
        **{name: _number(pa.Check.ge(0)) for name in ("effect", "low", "high")},
        "p": _share(),
        "df": _number(),
        "test": _text(),
    }
)
DOSE_LEVELS = _table(
    {
        "structure": _text(),
        "weighting": _text(),
        "dose_gy": _number(pa.Check.gt(0)),
        **{name: _count() for name in ("n", "n_rp", "n_no_rp", "partly")},
        **{name: _number(pa.Check.in_range(0, 100.000001)) for name in ("mean_rp_pct", "mean_no_rp_pct")},
        **{name: _number() for name in ("difference_pct", "low_pct", "high_pct")},
        "band_pct": _number(pa.Check.ge(0)),
        "step_pct": _number(pa.Check.gt(0)),
        **{name: _number(pa.Check.ge(0)) for name in ("odds_ratio", "odds_low", "odds_high")},
        **{name: _share() for name in ("p", "p_adjusted")},
        "permutations": _count(),
        "finding": _text(),
    }
)
METRIC_CORRELATIONS = _table(
    {
        **{name: _text() for name in ("column", "label", "other", "other_label")},
        "n": _count(),
        "correlation": _number(pa.Check.in_range(-1.000001, 1.000001)),
    }
)
METRIC_CLUSTERS = _table(
    {
        "column": _text(),
        "label": _text(),
        "n": _count(),
        **{name: pa.Column("Int64", pa.Check.ge(1), nullable=True, coerce=True) for name in ("position", "cluster")},
        "representative": pa.Column("bool", coerce=True),
        "finding": _text(),
    }
)
CYTOKINES = _table(
    {
        "cytokine": _text(),
        "label": _text(),
        "comparison": _text(pa.Check.isin(COMPARISONS)),
        "n": _count(),
        "n_a": _count(),
        "n_b": _count(),
        **{f"{figure}_{group}": _number() for group in "ab" for figure in ("median", "q1", "q3")},
        "effect_name": _text(),
        "effect": _number(),
        "low": _number(),
        "high": _number(),
        "p": _share(),
        "q": _share(),
        "test": _text(),
        "below_limit_pct": _number(pa.Check.in_range(0, 100)),
    }
)
CYTOKINE_MODELS = _table(
    {
        "cytokine": _text(),
        "label": _text(),
        "analysis": _text(),
        "n": _count(),
        "below_limit_pct": _number(pa.Check.in_range(0, 100)),
        "effect_name": _text(),
        **{name: _number() for name in ("effect", "low", "high")},
        "p": _share(),
        "p_plates": _share(),
        "method": _text(),
    }
)
PREDICTIONS = _table(
    {
        "patient": _text(),
        "rp": pa.Column("int64", pa.Check.isin([0, 1]), coerce=True),
        "weight": _number(pa.Check.gt(0)),
        "linear_predictor": _number(),
        "probability": _share(),
    }
)
MEASURES = ("auc", "slope", "citl", "brier", "scaled_brier", "ici", "e90")
VALIDATION = _table(
    {
        "measure": _text(pa.Check.isin([*MEASURES, "concordance"])),  # concordance: NTCP fits with times
        "approach": _text(pa.Check.isin(["bootstrap", "cross-validation"])),
        "apparent": _number(),
        "optimism": _number(),
        "corrected": _number(),
        "low": _number(),
        "high": _number(),
        "resamples": _count(),
        "method": _text(),
    }
)
CALIBRATION = _table({name: _share() for name in ("predicted", "apparent", "corrected", "low", "high")})
DECISION = _table(
    {"threshold": _share(), **{name: _number() for name in ("apparent", "corrected", "low", "high", "all")}}
)
STABILITY = _table(
    {
        "patient": _text(),
        "rp": pa.Column("int64", pa.Check.isin([0, 1]), coerce=True),
        **{name: _share() for name in ("probability", "low", "high", "mean_absolute_difference")},
    }
)
SELECTION = _table(
    {
        "kind": _text(pa.Check.isin(["predictor", "model"])),
        "name": _text(),
        "chosen": pa.Column("bool", coerce=True),
        "count": _count(),
        "share": _share(),
        "resamples": _count(),
    }
)
LEVELS = _table(
    {"column": _text(), "level": _text(), "n": _count(), "events": _count(), **{name: _number() for name in MEASURES}}
)
COLLINEARITY = _table(
    {
        "column": _text(),
        "label": _text(),
        "vif": _number(pa.Check.ge(0)),
        "cluster": pa.Column("Int64", pa.Check.ge(1), nullable=True, coerce=True),
        "representative": pa.Column("bool", coerce=True),
        "closest": _text(),
        "correlation": _share(),
    }
)
TREE = _table({"step": _count(), "left": _count(), "right": _count(), "correlation": _share(), "size": _count()})
INFLUENCE = _table(
    {
        "patient": _text(),
        "rp": pa.Column("int64", pa.Check.isin([0, 1]), coerce=True),
        "leverage": _share(),
        "cook": _number(pa.Check.ge(0)),
        "dfbetas": _number(),
        "term": _text(),
        "probability": _share(),
        "probability_left_out": _share(),
    }
)
LADDER = _table(
    {
        "step": _text(),
        "added": _text(),
        "label": _text(),
        **{name: _count() for name in ("n", "events", "parameters")},
        **{name: _number() for name in ("loglik", "lr")},
        "df": _count(),
        "p": _share(),
        **{name: _share() for name in ("auc_apparent", "auc_corrected")},
        **{name: _number() for name in ("auc_change", "auc_change_low", "auc_change_high")},
        **{name: _number() for name in ("brier_apparent", "brier_corrected", "scaled_brier_corrected")},
        "threshold": _share(),
        **{name: _number() for name in ("net_benefit_apparent", "net_benefit_corrected", "net_benefit_all")},
        "resamples": _count(),
        "finding": _text(),
    }
)
AUC = _table(
    {
        "score": _text(),
        "label": _text(),
        "direction": _text(pa.Check.isin(["larger", "smaller"])),
        "n": _count(),
        "events": _count(),
        "auc": _share(),
        "low": _share(),
        "high": _share(),
        "method": _text(),
    }
)
CURVES = _table({"score": _text(), "fpr": _share(), "tpr": _share(), "threshold": _number()})
PAIRS = _table(
    {
        "score_a": _text(),
        "score_b": _text(),
        "n": _count(),
        "events": _count(),
        "auc_a": _share(),
        "auc_b": _share(),
        "difference": _number(),
        "low": _number(),
        "high": _number(),
        "z": _number(),
        "p": _share(),
    }
)
BANDS = _table({"score": _text(), **{name: _share() for name in ("fpr", "tpr", "low", "high")}})
PARTIAL = _table(
    {
        "score": _text(),
        "label": _text(),
        "n": _count(),
        "events": _count(),
        "focus": _text(pa.Check.isin(["specificity", "sensitivity"])),
        "from": _share(),
        "to": _share(),
        "corrected": pa.Column("bool"),
        **{name: _number() for name in ("area", "low", "high")},
        "method": _text(),
    }
)
CUT_POINTS = _table(
    {
        "score": _text(),
        "label": _text(),
        "direction": _text(pa.Check.isin(["larger", "smaller"])),
        "n": _count(),
        "events": _count(),
        "criterion": _text(),
        "measure": _text(pa.Check.isin(["threshold", "sensitivity", "specificity", "youden"])),
        **{name: _number() for name in ("value", "low", "high", "optimism", "corrected")},
        "resamples": _count(),
    }
)
PATTERNS = _table(
    {
        "pattern": _count(),
        **{name: _count() for name in ("n", "n_rp", "n_no_rp")},
        "columns": _text(),
        "label": _text(),
        "missing": pa.Column("bool"),
    }
)
IMPUTED = _table(
    {
        "model": _text(),
        "analysis": _text(pa.Check.isin(["complete cases", "multiple imputation"])),
        "term": _text(),
        "label": _text(),
        **{name: _number(pa.Check.ge(0)) for name in ("odds_ratio", "low", "high")},
        "p": _share(),
        "missing_information": _share(),
        "n": _count(),
        "events": _count(),
        "imputations": _count(),
        "finding": _text(),
    }
)
INCIDENCE = _table(
    {
        "group": _text(),
        "level": _text(),
        "outcome": _text(pa.Check.isin(["rp", "death"])),
        "time_months": _number(pa.Check.ge(0)),
        "at_risk": _count(),
        "estimate": _share(),
        "low": _share(),
        "high": _share(),
    }
)
TIME_GROUPS = _table(
    {
        "group": _text(),
        "label": _text(),
        "level": _text(),
        **{name: _count() for name in ("n", "rp", "death", "lost")},
        **{name: _share() for name in ("estimate", "low", "high", "p")},
        "test": _text(),
        "p_hazard": _share(),
    }
)
COX = _table(
    {
        "model": _text(),
        "term": _text(),
        "label": _text(),
        **{name: _number(pa.Check.ge(0)) for name in ("hazard_ratio", "low", "high")},
        "p": _share(),
        "ph_p": _share(),
        "n": _count(),
        "events": _count(),
        "landmark": _text(),
        "finding": _text(),
    }
)
CODINGS = _table(
    {
        "model": _text(),
        "coding": _text(pa.Check.isin(CODING_NAMES)),
        "term": _text(),
        "label": _text(),
        **{name: _number(pa.Check.ge(0)) for name in ("value", "low", "high")},
        "p": _share(),
        "n": _count(),
        "events": _count(),
        "finding": _text(),
    }
)
FUNCTION_SWEEP = _table(
    {
        "change": _text(pa.Check.isin(["region", "shift", "attenuation"])),
        "region": _text(),
        "direction": _text(),
        "shift_mm": _number(pa.Check.ge(0)),
        "is_base": pa.Column("bool", coerce=True),
        **{
            f"{metric}_{figure}": _count() if figure == "n" else _number()
            for metric in ("fv20_pct", "fmld_gy", "mpwld_gy")
            for figure in ("n", "mean", "change", "low", "high")
        },
        "n": _count(),
        "events": _count(),
        **{name: _share() for name in ("auc_fv20", "auc_v20")},
        **{name: _number() for name in ("difference", "low", "high")},
        "p": _share(),
        "finding": _text(),
    }
)
PRINTED_FINDINGS = _table(
    {
        "finding": _text(),
        "source": _text(pa.Check.isin(["factor", "cytokine", "correlation", "stratum", "pair", "model"])),
        **{name: _text() for name in ("printed_direction", "printed_p")},
        **{name: _number() for name in ("printed_rp", "printed_no_rp", "rp", "no_rp")},
        "effect_name": _text(),
        **{name: _number() for name in ("effect", "low", "high")},
        **{name: _share() for name in ("p", "q")},
        "direction": _text(),
        "verdict": _text(pa.Check.isin(["as printed", "significance differs", "direction differs", "not tested"])),
    }
)
PRINTED_CHECKS = _table({name: _text() for name in ("item", "check", "printed", "computed", "verdict")})
