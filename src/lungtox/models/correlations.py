"""How closely the declared factors of a family go together."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from lungtox.models.config import AssociationSettings
from lungtox.models.design import is_categorical
from lungtox.models.labels import column_kind, column_label
from lungtox.models.schemas import CORRELATIONS

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 10  # patients; below, a rank correlation says nothing


def correlate_factors(
    table: pd.DataFrame, *, dictionary: pd.DataFrame | None = None, settings: AssociationSettings
) -> pd.DataFrame:
    """Give the rank correlation of each pair of numeric factors within a family; the outcome is not looked at.

    Parameters
    ----------
    table : DataFrame
        The analysis table.
    dictionary : DataFrame, optional
        Gives kind and label of each column.
    settings : AssociationSettings

    Returns
    -------
    DataFrame
        `family, factor_a, factor_b, label_a, label_b, n, spearman`: n patients have both; no correlation below ten.
    """
    import pandas as pd

    rows = []
    for family, factors in settings.families.items():
        numeric = [name for name in factors if _is_numeric(table, name, dictionary)]
        for first, second in combinations(numeric, 2):
            both = table[[first, second]].dropna()
            rho = both[first].corr(both[second], method="spearman") if len(both) >= FEWEST else float("nan")
            labels = {f"label_{end}": column_label(name, dictionary) for end, name in (("a", first), ("b", second))}
            rows.append(
                {"family": family, "factor_a": first, "factor_b": second, **labels, "n": len(both), "spearman": rho}
            )
    return CORRELATIONS.validate(pd.DataFrame(rows, columns=list(CORRELATIONS.columns)), lazy=True)


def _is_numeric(table: pd.DataFrame, name: str, dictionary: pd.DataFrame | None) -> bool:
    return column_kind(name, dictionary) not in ("binary", "categorical") and not is_categorical(table[name])
