"""Homogeneity and conformity of the dose to a target, each by the definition that its name says."""

from __future__ import annotations

import math

from lungtox.dose.dvh import Dvh
from lungtox.dose.metric_names import Metric
from lungtox.errors import ParameterError

BODY = "Body"
"""Analysed structure whose DVH holds the isodose's whole volume."""


def homogeneity(dvh: Dvh, metric: Metric, *, prescription_gy: float | None = None) -> float:
    """Compute a homogeneity index; 0 (ICRU83, Wu, S) or 1 (RTOG, D5/D95) is a uniform dose.

    ``ICRU83``: (D2% - D98%)/D50% (ICRU report 83, 2010). ``RTOG``: maximum over prescribed dose (Shaw 1993). ``Wu``:
    (D2% - D98%) over prescribed dose (Wu 2003). ``D5/D95``: D5%/D95%. ``S``: standard deviation of the dose over its
    mean (the standard deviation is the S-index of Yoon 2007).

    Parameters
    ----------
    dvh : Dvh
        Of the target.
    metric : Metric
        Of kind ``homogeneity``.
    prescription_gy : float, optional

    Raises
    ------
    ParameterError
        A target without dose; a prescription that is not known.
    """
    if metric.definition == "S":
        return _relative_deviation(dvh)
    if metric.definition == "RTOG":
        return dvh.max_gy / metric.dose_gy(prescription_gy)
    if metric.definition == "Wu":
        return (_dose_to_gy(dvh, 2.0) - _dose_to_gy(dvh, 98.0)) / metric.dose_gy(prescription_gy)
    if metric.definition == "D5/D95":
        return _over(_dose_to_gy(dvh, 5.0), _dose_to_gy(dvh, 95.0), dvh)
    return _over(_dose_to_gy(dvh, 2.0) - _dose_to_gy(dvh, 98.0), _dose_to_gy(dvh, 50.0), dvh)


def conformity(target: Dvh, metric: Metric, *, body: Dvh | None, prescription_gy: float | None = None) -> float:
    """Compute a conformity index of the target's volume TV, the isodose's volume PIV and what they share, TV_PIV.

    ``RTOG`` (Shaw 1993) and ``ICRU62`` (treated volume over planning target volume): PIV/TV. ``SALT`` (coverage;
    Lefkopoulos 2000): TV_PIV/TV. ``Lomax`` (Lomax and Scheib 2003): TV_PIV/PIV. ``vantRiet`` (conformation number,
    1997) and ``Paddick`` (2000): TV_PIV^2/(TV PIV). ``Nakamura`` (2001): its inverse. What a grid of dose does not
    cover counts in neither volume.

    Parameters
    ----------
    target : Dvh
    metric : Metric
        Of kind ``conformity``.
    body : Dvh or None
        Of the whole body, of the same dose quantity.
    prescription_gy : float, optional

    Raises
    ------
    ParameterError
        No DVH of the body, one of another quantity, volumes in percent, an isodose that the target or the body does not
        get, or one that holds more of the target than of the body.
    """
    if body is None:
        raise ParameterError(f"{target.structure}: a CI needs the DVH of the structure {BODY} beside it; there is none")
    if (body.quantity, body.alpha_beta_gy) != (target.quantity, target.alpha_beta_gy):
        raise ParameterError(f"{target.structure}: a CI needs {BODY} in the same dose quantity and with its alpha/beta")
    if target.relative_volume or body.relative_volume:
        raise ParameterError(f"{target.structure}: a CI needs volumes in cc, also of {BODY}")
    dose_gy = metric.dose_gy(prescription_gy)
    tv, shared, piv = target.total_cc, target.cumulative.volume_at_cc(dose_gy), body.cumulative.volume_at_cc(dose_gy)
    if piv < shared * (1.0 - 1e-3):
        found = f"{piv:.4g} cc of {BODY} and {shared:.4g} cc of it get {dose_gy:g} Gy"
        raise ParameterError(f"{target.structure}: it must lie in {BODY}; {found}")
    needs_both = metric.definition in ("Lomax", "vantRiet", "Paddick", "Nakamura")
    if piv == 0.0 or (needs_both and shared == 0.0):
        raise ParameterError(f"{target.structure}: nothing of it gets {dose_gy:g} Gy, so it has no CI")
    if metric.definition in ("RTOG", "ICRU62"):
        return piv / tv
    if metric.definition == "SALT":
        return shared / tv
    if metric.definition == "Lomax":
        return shared / piv
    number = shared**2 / (tv * piv)
    return 1.0 / number if metric.definition == "Nakamura" else number


def _dose_to_gy(dvh: Dvh, pct: float) -> float:
    return dvh.cumulative.dose_at_gy(pct / 100.0 * dvh.cumulative.total_cc)


def _relative_deviation(dvh: Dvh) -> float:
    mean_gy = dvh.mean_gy
    variance = float((dvh.mid_gy - mean_gy) ** 2 @ dvh.volume_cc) / float(dvh.volume_cc.sum())
    return _over(math.sqrt(variance), mean_gy, dvh)


def _over(value: float, by: float, dvh: Dvh) -> float:
    if not by > 0:
        raise ParameterError(f"{dvh.structure}: without dose it has no homogeneity index")
    return value / by
