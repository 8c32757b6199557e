"""Schemas of the NTCP tables (docs/file-contracts.md): strict, and checked before a table leaves the room."""

from __future__ import annotations

import pandera.pandas as pa

from lungtox.table_schemas import count_column, table_schema, text_column


def _number(low: float | None = None, high: float | None = None, *, nullable: bool = False) -> pa.Column:
    checks = [pa.Check.ge(low)] if low is not None else []
    checks += [pa.Check.le(high)] if high is not None else []
    return pa.Column("float64", checks=checks, nullable=nullable, coerce=True)


def _outcome(*, nullable: bool = False) -> pa.Column:
    return pa.Column("Int64", pa.Check.isin([0, 1]), nullable=nullable, coerce=True)


PREDICTIONS = table_schema(
    {"patient": text_column(), "rp": _outcome(nullable=True), "dose_gy": _number(0), "ntcp": _number(0, 1)}
)
CURVE = table_schema({"dose_gy": _number(0), "ntcp": _number(0, 1), "low": _number(0, 1), "high": _number(0, 1)})
BINS = table_schema(
    {
        "dose_gy": _number(0),
        "n": count_column(),
        "events": count_column(),
        "rate": _number(0, 1),
        "low": _number(0, 1),
        "high": _number(0, 1),
    }
)
INTERVALS = table_schema(
    {
        "quantity": text_column(),
        **{name: _number(nullable=True) for name in ("estimate", "low", "high")},
        "at_boundary": _number(0, 1, nullable=True),
        "resamples": count_column(),
    }
)
COURSE = table_schema(
    {
        "time_d": _number(0),
        **{name: _number(0, 1) for name in ("share", "share_low", "share_high", "predicted")},
        **{name: _number(0, 1, nullable=True) for name in ("observed", "observed_low", "observed_high")},
        "at_risk": count_column(),
    }
)
SURFACE = table_schema(
    {
        "volume_parameter": text_column(pa.Check.isin(["n", "s"])),
        "dose_parameter": text_column(pa.Check.isin(["td50_gy", "d50_gy"])),
        "volume_value": _number(0, 1),
        "dose_value": _number(0),
        "deviance": _number(0),
    }
)
PUBLISHED_PREDICTIONS = table_schema(
    {
        "model": text_column(),
        "patient": text_column(),
        "rp": _outcome(nullable=True),
        "dose_gy": _number(0),
        "ntcp": _number(0, 1),
    }
)
PUBLISHED_CURVES = table_schema(
    {
        "model": text_column(),
        "label": text_column(),
        "quantity": text_column(pa.Check.isin(["physical", "eqd2"])),
        "dose_gy": _number(0),
        "ntcp": _number(0, 1),
    }
)
VALIDATION = table_schema(
    {
        "model": text_column(),
        "label": text_column(),
        "status": text_column(pa.Check.isin(["applied", "converted", "allowed", "refused"])),
        "note": text_column(),
        "structure": text_column(),
        "quantity": text_column(pa.Check.isin(["physical", "eqd2"])),
        "n": count_column(),
        "events": count_column(),
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


UPDATES = table_schema(
    {
        "model": text_column(),
        "label": text_column(),
        "answer": text_column(pa.Check.isin(["keep", "intercept", "recalibration", "revision", "none"])),
        "reason": text_column(),
        "n": count_column(),
        "events": count_column(),
        "estimated": _whole(nullable=True),
        "p": _number(0, 1, nullable=True),
        "aic": _number(nullable=True),
        "equation": text_column(),
        "published_equation": text_column(),
        "expected_slope": _number(0, 1, nullable=True),
        "caveats": text_column(),
        "beyond_doses": text_column(),
        "bayes_equation": text_column(),
        "prior_share": _number(0, 1, nullable=True),
        "prior_patients": _number(0, nullable=True),
        "conflict_p": _number(0, 1, nullable=True),
        "bayes_note": text_column(),
    }
)
UPDATE_STEPS = table_schema(
    {
        "model": text_column(),
        "label": text_column(),
        "method": text_column(pa.Check.isin(_METHODS)),
        "estimated": count_column(),
        "loglik": _number(),
        "lr": _number(0, nullable=True),
        "df": _whole(nullable=True),
        "p": _number(0, 1, nullable=True),
        "tested": _yes(),
        "chosen": _yes(),
    }
)
UPDATE_PARAMETERS = table_schema(
    {
        "model": text_column(),
        "label": text_column(),
        "method": text_column(pa.Check.isin(_METHODS)),
        "chosen": _yes(),
        "parameter": text_column(),
        "unit": text_column(),
        "estimated": _yes(),
        **{
            name: _number(nullable=True)
            for name in ("published", "published_low", "published_high", "estimate", "low", "high")
        },
    }
)
UPDATE_CURVES = table_schema(
    {
        "model": text_column(),
        "label": text_column(),
        "method": text_column(pa.Check.isin(_METHODS)),
        "quantity": text_column(pa.Check.isin(["physical", "eqd2"])),
        "dose_gy": _number(0),
        "ntcp": _number(0, 1),
        "low": _number(0, 1, nullable=True),
        "high": _number(0, 1, nullable=True),
    }
)
PUBLISHED_CALIBRATION = table_schema(
    {"model": text_column(), "label": text_column(), "predicted": _number(0, 1), "observed": _number(0, 1)}
)
NET_BENEFIT = table_schema(
    {
        "model": text_column(),
        "label": text_column(),
        "threshold": _number(0, 1),
        "net_benefit": _number(None, 1),
        "all": _number(None, 1),
    }
)
ALPHA_BETA = table_schema(
    {
        "model": text_column(),
        "label": text_column(),
        "alpha_beta_gy": _number(0),
        "own": pa.Column(bool, coerce=True),
        "n": count_column(),
        "events": count_column(),
        "mean_dose_gy": _number(0, nullable=True),
        **{name: _number(0, 1, nullable=True) for name in ("observed", "mean_predicted", "auc", "auc_low", "auc_high")},
        **{name: _number(nullable=True) for name in ("citl", "citl_low", "citl_high")},
        **{name: _number(0, nullable=True) for name in ("td50_gy", "td50_low", "td50_high", "m")},
        "loglik": _number(nullable=True),
        "note": text_column(),
    }
)
COMPARISON = table_schema(
    {
        "model": text_column(),
        "dose": text_column(),
        "added": text_column(),
        **{name: count_column() for name in ("n", "events", "parameters")},
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
        "resamples": count_column(),
        "confidence": _number(0, 1),
        "finding": text_column(),
    }
)
CRITERIA = table_schema(
    {
        "ntcp": text_column(),
        **{name: count_column() for name in ("n", "events", "free_parameters")},
        "timed": pa.Column("bool", coerce=True),
        **{name: _number() for name in ("aic", "aicc", "bic")},
        "aicc_difference": _number(0),
        "aicc_weight": _number(0, 1),
    }
)
COMPARISON_PROFILE = table_schema(
    {
        "model": text_column(),
        **{name: _number(0) for name in ("n_volume", "a")},
        "loglik": _number(),
        "below_best": _number(),
        "interval_ends": _number(0),
        "confidence": _number(0, 1),
    }
)
