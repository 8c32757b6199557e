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


PREDICTIONS = _table({"patient": _text(), "rp": _outcome(), "dose_gy": _number(0), "ntcp": _number(0, 1)})
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
