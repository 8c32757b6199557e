"""Schemas of the tables of the logistic models, their checks and their validation."""

from __future__ import annotations

import pandera.pandas as pa

from lungtox.table_schemas import count_column, number_column, share_column, table_schema, text_column

PREDICTIONS = table_schema(
    {
        "patient": text_column(),
        "rp": pa.Column("int64", pa.Check.isin([0, 1]), coerce=True),
        "weight": number_column(pa.Check.gt(0)),
        "linear_predictor": number_column(),
        "probability": share_column(),
    }
)
MEASURES = ("auc", "slope", "citl", "brier", "scaled_brier", "ici", "e90")
VALIDATION = table_schema(
    {
        "measure": text_column(pa.Check.isin([*MEASURES, "concordance"])),  # concordance: NTCP fits with times
        "approach": text_column(pa.Check.isin(["bootstrap", "cross-validation"])),
        "apparent": number_column(),
        "optimism": number_column(),
        "corrected": number_column(),
        "low": number_column(),
        "high": number_column(),
        "resamples": count_column(),
        "method": text_column(),
    }
)
CALIBRATION = table_schema({name: share_column() for name in ("predicted", "apparent", "corrected", "low", "high")})
DECISION = table_schema(
    {"threshold": share_column(), **{name: number_column() for name in ("apparent", "corrected", "low", "high", "all")}}
)
STABILITY = table_schema(
    {
        "patient": text_column(),
        "rp": pa.Column("int64", pa.Check.isin([0, 1]), coerce=True),
        **{name: share_column() for name in ("probability", "low", "high", "mean_absolute_difference")},
    }
)
SELECTION = table_schema(
    {
        "kind": text_column(pa.Check.isin(["predictor", "model"])),
        "name": text_column(),
        "chosen": pa.Column("bool", coerce=True),
        "count": count_column(),
        "share": share_column(),
        "resamples": count_column(),
    }
)
LEVELS = table_schema(
    {
        "column": text_column(),
        "level": text_column(),
        "n": count_column(),
        "events": count_column(),
        **{name: number_column() for name in MEASURES},
    }
)
COLLINEARITY = table_schema(
    {
        "column": text_column(),
        "label": text_column(),
        "vif": number_column(pa.Check.ge(0)),
        "cluster": pa.Column("Int64", pa.Check.ge(1), nullable=True, coerce=True),
        "representative": pa.Column("bool", coerce=True),
        "closest": text_column(),
        "correlation": share_column(),
    }
)
TREE = table_schema(
    {
        "step": count_column(),
        "left": count_column(),
        "right": count_column(),
        "correlation": share_column(),
        "size": count_column(),
    }
)
INFLUENCE = table_schema(
    {
        "patient": text_column(),
        "rp": pa.Column("int64", pa.Check.isin([0, 1]), coerce=True),
        "leverage": share_column(),
        "cook": number_column(pa.Check.ge(0)),
        "dfbetas": number_column(),
        "term": text_column(),
        "probability": share_column(),
        "probability_left_out": share_column(),
    }
)
LADDER = table_schema(
    {
        "step": text_column(),
        "added": text_column(),
        "label": text_column(),
        **{name: count_column() for name in ("n", "events", "parameters")},
        **{name: number_column() for name in ("loglik", "lr")},
        "df": count_column(),
        "p": share_column(),
        **{name: share_column() for name in ("auc_apparent", "auc_corrected")},
        **{name: number_column() for name in ("auc_change", "auc_change_low", "auc_change_high")},
        **{name: number_column() for name in ("brier_apparent", "brier_corrected", "scaled_brier_corrected")},
        "threshold": share_column(),
        **{name: number_column() for name in ("net_benefit_apparent", "net_benefit_corrected", "net_benefit_all")},
        "resamples": count_column(),
        "finding": text_column(),
    }
)
PATTERNS = table_schema(
    {
        "pattern": count_column(),
        **{name: count_column() for name in ("n", "n_rp", "n_no_rp")},
        "columns": text_column(),
        "label": text_column(),
        "missing": pa.Column("bool"),
    }
)
IMPUTED = table_schema(
    {
        "model": text_column(),
        "analysis": text_column(pa.Check.isin(["complete cases", "multiple imputation"])),
        "term": text_column(),
        "label": text_column(),
        **{name: number_column(pa.Check.ge(0)) for name in ("odds_ratio", "low", "high")},
        "p": share_column(),
        "missing_information": share_column(),
        "n": count_column(),
        "events": count_column(),
        "imputations": count_column(),
        "finding": text_column(),
    }
)
