"""Dose-volume metrics of a DVH."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from lungtox.dose.dvh import Dvh
from lungtox.dose.indices import conformity, homogeneity
from lungtox.dose.metric_names import Metric, parse_metric
from lungtox.errors import ParameterError


def compute_metrics(
    dvh: Dvh,
    names: Iterable[str],
    *,
    reference_cc: float | None = None,
    wholes_cc: Mapping[str, float] | None = None,
    body: Dvh | None = None,
    prescription_gy: float | None = None,
) -> dict[str, float]:
    """Compute TG-263 metrics of a DVH.

    Parameters
    ----------
    dvh : Dvh
    names : iterable of str
        See `parse_metric` for the grammar.
    reference_cc : float, optional
        Volume that counts as 100 % for V and CV in percent; default is the DVH's own. For functional regions the volume
        of the whole lung is the named alternative.
    wholes_cc : mapping of str to float, optional
        Volumes that a name may ask for: ``structure`` for ``V20Gy[%structure]``, ``total`` for ``V20Gy[%total]``.
        Without them ``%structure`` is the DVH's own, unless it is that of a functional region.
    body : Dvh, optional
        Of the body in the same dose quantity: a CI asks how much of it the isodose holds.
    prescription_gy : float, optional
        Prescribed dose, for an HI or CI whose dose is in % of it.

    Returns
    -------
    dict of str to float
        In the order and under the names given. Volumes are inclusive (dose >= x) and interpolated between bin edges;
        Mean, Max and Min are those of the samples.

    Raises
    ------
    ParameterError
        A name outside the grammar; the dose to a volume that the structure does not have; cc where the volume of the
        structure is not known; a denominator that is not known; a CI without the body, an isodose that nothing gets, a
        prescription that is not known.
    """
    beside = _Beside(reference_cc, wholes_cc or {}, body, prescription_gy)
    return {name: _value(dvh, parse_metric(name), beside) for name in names}


@dataclass(frozen=True)
class _Beside:
    """What some metrics need beside the DVH."""

    reference_cc: float | None = None
    wholes_cc: Mapping[str, float] = field(default_factory=dict)
    body: Dvh | None = None
    prescription_gy: float | None = None


def _value(dvh: Dvh, metric: Metric, beside: _Beside) -> float:
    if metric.kind == "homogeneity":
        return homogeneity(dvh, metric, prescription_gy=beside.prescription_gy)
    if metric.kind == "conformity":
        return conformity(dvh, metric, body=beside.body, prescription_gy=beside.prescription_gy)
    if metric.kind in ("mean", "max", "min"):
        return {"mean": dvh.mean_gy, "max": dvh.max_gy, "min": dvh.min_gy}[metric.kind]
    if metric.kind == "split":
        raise ParameterError(f"{dvh.structure}: the perfusion split is no figure of a DVH")
    if metric.kind == "geud" and metric.argument is not None:
        return geud_gy(dvh, metric.argument)
    if dvh.relative_volume and (metric.unit == "cc" or metric.kind == "dose_at_cc"):
        raise ParameterError(f"{dvh.structure}: its volume is not known, so there are no metrics in cc")
    argument = metric.argument or 0.0
    if metric.kind == "dose_at_pct":
        return dvh.cumulative.dose_at_gy(argument / 100.0 * dvh.cumulative.total_cc)
    if metric.kind == "dose_at_cc":
        return dvh.cumulative.dose_at_gy(argument)
    volume = dvh.cumulative.total_cc if metric.kind == "volume" else dvh.cumulative.volume_at_cc(argument)
    if metric.kind == "cold_volume_at_dose":
        volume = dvh.cumulative.total_cc - volume
    return 100.0 * volume / _whole_cc(dvh, metric, beside) if metric.unit == "%" else volume


def _whole_cc(dvh: Dvh, metric: Metric, beside: _Beside) -> float:
    """Give the volume that is 100 %."""
    own_cc = dvh.cumulative.total_cc
    if metric.whole == "":
        return beside.reference_cc or own_cc
    if metric.whole == "region":
        return own_cc
    if metric.whole in beside.wholes_cc:
        return beside.wholes_cc[metric.whole]
    if metric.whole == "structure" and dvh.weighting in ("anatomical", "perfusion"):
        return own_cc
    raise ParameterError(f"{dvh.structure}, {dvh.weighting}: the volume of the {metric.whole} is not known")


def geud_gy(dvh: Dvh, a: float) -> float:
    """Compute the generalised equivalent uniform dose (sum v D^a / sum v)^(1/a) (Niemierko 1999); a = 1/n.

    Raises
    ------
    ParameterError
        a = 0.
    """
    if a == 0:
        raise ParameterError("gEUD has no exponent 0")
    filled = dvh.volume_cc > 0
    dose, volume = dvh.mid_gy[filled], dvh.volume_cc[filled]
    # Scaled before the power: D^a leaves the range of a double at a = 170 already. For a < 0 the smallest dose rules.
    scale = float(dose.max() if a > 0 else dose.min())
    if scale == 0.0:
        return 0.0
    mean = float((dose / scale) ** a @ volume) / float(volume.sum())
    return float(scale * np.power(mean, 1.0 / a))
