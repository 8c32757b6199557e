"""Schemas of the NTCP tables (docs/file-contracts.md): strict, and checked before a table leaves the room."""

from __future__ import annotations

import pandera.pandas as pa


def _text(*checks: pa.Check) -> pa.Column:
    return pa.Column("object", checks=list(checks), coerce=True)


def _number(low: float | None = None, high: float | None = None, *, nullable: bool = False) -> pa.Column:
    checks = [pa.Check.ge(low)] if low is not None else []
    checks += [pa.Check.le(high)] if high is not None else []
    return pa.Column("float64", checks=checks, nullable=nullable, coerce=True)


def _count() -> pa.Column:
    return pa.Column("int64", pa.Check.ge(0), coerce=True)


def _outcome(*, nullable: bool = False) -> pa.Column:
    return pa.Column("Int64", pa.Check.isin([0, 1]), nullable=nullable, coerce=True)


def _table(columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(columns, strict=True, ordered=True)


PREDICTIONS = _table({"patient": _text(), "rp": _outcome(nullable=True), "dose_gy": _number(0), "ntcp": _number(0, 1)})
CURVE = _table({"dose_gy": _number(0), "ntcp": _number(0, 1), "low": _number(0, 1), "high": _number(0, 1)})
BINS = _table(
    {
        "dose_gy": _number(0),
        "n": _count(),
        "events": _count(),
        "rate": _number(0, 1),
        "low": _number(0, 1),
        "high": _number(0, 1),
    }
)
INTERVALS = _table(
    {
        "quantity": _text(),
        **{name: _number(nullable=True) for name in ("estimate", "low", "high")},
        "at_boundary": _number(0, 1, nullable=True),
        "resamples": _count(),
    }
)
COURSE = _table(
    {
        "time_d": _number(0),
        **{name: _number(0, 1) for name in ("share", "share_low", "share_high", "predicted")},
        **{name: _number(0, 1, nullable=True) for name in ("observed", "observed_low", "observed_high")},
        "at_risk": _count(),
    }
)
SURFACE = _table(
    {
        "volume_parameter": _text(pa.Check.isin(["n", "s"])),
        "dose_parameter": _text(pa.Check.isin(["td50_gy", "d50_gy"])),
        "volume_value": _number(0, 1),
        "dose_value": _number(0),
        "deviance": _number(0),
    }
)
PUBLISHED_PREDICTIONS = _table(
    {
        "model": _text(),
        "patient": _text(),
        "rp": _outcome(nullable=True),
        "dose_gy": _number(0),
        "ntcp": _number(0, 1),
    }
)
PUBLISHED_CURVES = _table(
    {
        "model": _text(),
        "label": _text(),
        "quantity": _text(pa.Check.isin(["physical", "eqd2"])),
        "dose_gy": _number(0),
        "ntcp": _number(0, 1),
    }
)
VALIDATION = _table(
    {
        "model": _text(),
        "label": _text(),
        "status": _text(pa.Check.isin(["applied", "converted", "allowed", "refused"])),
        "note": _text(),
        "structure": _text(),
        "quantity": _text(pa.Check.isin(["physical", "eqd2"])),
        "n": _count(),
        "events": _count(),
        **{name: _number(0, 1, nullable=True) for name in ("observed", "mean_predicted", "auc", "auc_low", "auc_high")},
        **{
            name: _number(nullable=True)
            for name in ("citl", "citl_low", "citl_high", "slope", "slope_low", "slope_high")
        },
        "brier": _number(0, 1, nullable=True),
        "scaled_brier": _number(None, 1, nullable=True),
        **{name: _number(0, 1, nullable=True) for name in ("ici", "e90")},
    }
)
_METHODS = ["original", "intercept", "recalibration", "revision", "bayes"]


def _yes() -> pa.Column:
    return pa.Column("bool", coerce=True)


def _whole(*, nullable: bool = False) -> pa.Column:
    return pa.Column("Int64", pa.Check.ge(0), nullable=nullable, coerce=True)


UPDATES = _table(
    {
        "model": _text(),
        "label": _text(),
        "answer": _text(pa.Check.isin(["keep", "intercept", "recalibration", "revision", "none"])),
        "reason": _text(),
        "n": _count(),
        "events": _count(),
        "estimated": _whole(nullable=True),
        "p": _number(0, 1, nullable=True),
        "aic": _number(nullable=True),
        "equation": _text(),
        "published_equation": _text(),
        "expected_slope": _number(0, 1, nullable=True),
        "caveats": _text(),
        "beyond_doses": _text(),
        "bayes_equation": _text(),
        "prior_share": _number(0, 1, nullable=True),
        "prior_patients": _number(0, nullable=True),
        "conflict_p": _number(0, 1, nullable=True),
        "bayes_note": _text(),
    }
)
UPDATE_STEPS = _table(
    {
        "model": _text(),
        "label": _text(),
        "method": _text(pa.Check.isin(_METHODS)),
        "estimated": _count(),
        "loglik": _number(),
        "lr": _number(0, nullable=True),
        "df": _whole(nullable=True),
        "p": _number(0, 1, nullable=True),
        "tested": _yes(),
        "chosen": _yes(),
    }
)
UPDATE_PARAMETERS = _table(
    {
        "model": _text(),
        "label": _text(),
        "method": _text(pa.Check.isin(_METHODS)),
        "chosen": _yes(),
        "parameter": _text(),
        "unit": _text(),
        "estimated": _yes(),
        **{
            name: _number(nullable=True)
            for name in ("published", "published_low", "published_high", "estimate", "low", "high")
        },
    }
)
UPDATE_CURVES = _table(
    {
        "model": _text(),
        "label": _text(),
        "method": _text(pa.Check.isin(_METHODS)),
        "quantity": _text(pa.Check.isin(["physical", "eqd2"])),
        "dose_gy": _number(0),
        "ntcp": _number(0, 1),
        "low": _number(0, 1, nullable=True),
        "high": _number(0, 1, nullable=True),
    }
)
PUBLISHED_CALIBRATION = _table(
    {"model": _text(), "label": _text(), "predicted": _number(0, 1), "observed": _number(0, 1)}
)
NET_BENEFIT = _table(
    {
        "model": _text(),
        "label": _text(),
        "threshold": _number(0, 1),
        "net_benefit": _number(None, 1),
        "all": _number(None, 1),
    }
)
ALPHA_BETA = _table(
    {
        "model": _text(),
        "label": _text(),
        "alpha_beta_gy": _number(0),
        "own": pa.Column(bool, coerce=True),
        "n": _count(),
        "events": _count(),
        "mean_dose_gy": _number(0, nullable=True),
        **{name: _number(0, 1, nullable=True) for name in ("observed", "mean_predicted", "auc", "auc_low", "auc_high")},
        **{name: _number(nullable=True) for name in ("citl", "citl_low", "citl_high")},
        **{name: _number(0, nullable=True) for name in ("td50_gy", "td50_low", "td50_high", "m")},
        "loglik": _number(nullable=True),
        "note": _text(),
    }
)
COMPARISON = _table(
    {
        "model": _text(),
        "dose": _text(),
        "added": _text(),
        **{name: _count() for name in ("n", "events", "parameters")},
        **{name: _number(0, 1, nullable=True) for name in ("n_volume", "n_low", "n_high")},
        **{name: _number(nullable=True) for name in ("loglik", "aic", "aic_difference")},
        **{name: _number(0, 1, nullable=True) for name in ("aic_weight", "auc_apparent")},
        **{name: _number(nullable=True) for name in ("auc_corrected", "auc_low", "auc_high")},
        **{name: _number(nullable=True) for name in ("slope_corrected", "citl_corrected")},
        "threshold": _number(0, 1),
        **{f"net_benefit_{name}": _number(nullable=True) for name in ("apparent", "corrected", "all")},
        "reference": pa.Column("bool", coerce=True),
        **{
            f"{measure}_difference{limit}": _number(nullable=True)
            for measure in ("auc", "net_benefit")
            for limit in ("", "_low", "_high")
        },
        "resamples": _count(),
        "confidence": _number(0, 1),
        "finding": _text(),
    }
)
COMPARISON_PROFILE = _table(
    {
        "model": _text(),
        **{name: _number(0) for name in ("n_volume", "a")},
        "loglik": _number(),
        "below_best": _number(),
        "interval_ends": _number(0),
        "confidence": _number(0, 1),
    }
)
