"""From the table of one structure to its curve. Nothing is repaired: what does not hold is named with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.dvhtext.curve import TextDvh
from lungtox.dose.dvhtext.printed import contradictions
from lungtox.dose.dvhtext.rows import EXPORT_AGAIN, shortened
from lungtox.dose.dvhtext.section import EMPTY, Section
from lungtox.dose.dvhtext.source import DoseUnit, per_gy
from lungtox.errors import Fault, InputError

FloatArray = NDArray[np.float64]

HIGHEST_GY = 200.0  # as for DICOM: beyond it a dose in "Gy" is one in cGy
NOISE = 1e-9  # share of the structure: what binary fractions leave where there is no volume
WHOLE_PCT = 0.1  # a cumulative curve in percent begins at 100, up to its own rounding
ALL_PCT = 1.0  # bins in percent add up to 100: hundreds of them, each rounded
TAIL_SHARE = 0.01  # a table that ends with more than this has lost its end
ROUNDING_GY = 0.005  # half a bin of the engine: below it the printed mean, made of voxels, is the better one
SAME_DOSE_GY = 1e-9  # a repeated dose is a vertical step: the smaller volume comes this much later


def assemble(section: Section, *, who: str) -> TextDvh:
    """Judge the table of a structure and make its curve.

    Parameters
    ----------
    section : Section
    who : str
        Stands in front of every message: which file; never its path.

    Raises
    ------
    InputError
        Each row that contradicts the others, with its line: doses that run backwards, volumes that rise in a
        cumulative curve, negative values, more than 100 %; a table that has lost its end or does not begin at the
        whole volume; a relative dose without prescription; doses beyond 200 Gy.
    """
    section = _ascending(section)
    rows = _row_faults(section, who) if section.dose.size or not section.faults else ()
    if faults := [*shortened(section.faults), *rows]:
        raise InputError(faults)
    units = _per_gy(section, section.dose_unit, who)
    dose_gy, step_gy = section.dose / units, _step(section.dose) / units
    notes: tuple[str, ...] = ()
    if section.kind == "cumulative":
        knots, volume, notes = _cumulative(section, dose_gy, step_gy, who)
    else:
        knots, volume, notes = _differential(section, dose_gy, step_gy, who)
    total = float(volume[0])
    share = np.maximum(volume / total, 0.0)
    if knots[np.flatnonzero(share > NOISE)[-1]] > HIGHEST_GY:
        found = f"volume at {knots[-1]:g} Gy"
        action = "The values are probably in cGy: export the dose in Gy."
        raise InputError(_fault(section, who, f"doses of at most {HIGHEST_GY:g} Gy", found, action))
    knots, share = _refined(section, knots, share)
    # A printed volume of 0.0 cc beside a curve in percent is a small one, rounded away.
    structure_cc = total if section.volume_unit == "cc" else section.structure_cc or None
    if section.plan_sum:
        notes += ("a sum of several plans",)
    if section.coverage_pct < 100.0:
        notes += (f"by the file, only {section.coverage_pct:g} % of it has dose",)
    if structure_cc is None:
        notes += ("the volume of the structure is not in the file: metrics in cc are not known",)
    dvh = TextDvh(
        structure=section.structure,
        position=section.position,
        plan=section.plan,
        plan_sum=section.plan_sum,
        dose_gy=knots,
        share=share,
        structure_cc=structure_cc,
        step_gy=step_gy,
        min_gy=float(knots[np.flatnonzero(share >= 1.0)[-1]]),
        mean_gy=_mean_gy(section, float(np.trapezoid(share, knots))),
        max_gy=float(knots[-1]),
        coverage_pct=min(section.coverage_pct, 100.0),
        full_dose_gy=section.full_dose_gy,
        prescription_gy=section.prescription_gy,
        fractions=section.fractions,
        printed=section.printed,
        warnings=(*section.notes, *notes),
    )
    return replace(dvh, warnings=(*dvh.warnings, *contradictions(dvh)))


def _fault(
    section: Section, who: str, expected: str, found: str, action: str = EXPORT_AGAIN, *, code: str = "dvh-table"
) -> Fault:
    place = f"{who} {section.row_word} {section.line}, {section.structure}"
    return Fault(place, expected, found, action, code)


def _ascending(section: Section) -> Section:
    """Turn a table round that lists its doses from the highest to the lowest, where a format does so."""
    dose = section.dose
    if not section.any_order or dose.size < 2 or not (np.diff(dose) <= 0).all() or dose[0] == dose[-1]:
        return section
    return replace(section, dose=dose[::-1], volume=section.volume[::-1], rows=list(section.rows)[::-1])


def _row_faults(section: Section, who: str) -> Iterator[Fault]:
    dose, volume = section.dose, section.volume
    if dose.size == 0 and section.structure_cc == 0.0:
        yield _fault(section, who, "a structure with volume", "0 cc and no rows", "Leave it out.", code=EMPTY)
        return
    if dose.size < 2:
        yield _fault(section, who, "at least two rows", str(dose.size))
        return

    def at(places: Iterable[int], expected: str, found: str) -> Iterator[Fault]:
        rows = section.rows
        yield from shortened(
            Fault(
                f"{who} {section.row_word} {rows[n]}, {section.structure}",
                expected,
                found.format(dose=dose[n], volume=volume[n], before=dose[n - 1], above=volume[n - 1]),
                EXPORT_AGAIN,
                "dvh-row",
            )
            for n in places
        )

    steps = np.diff(dose)
    backwards = steps < 0 if section.any_order else steps <= 0
    yield from at(np.flatnonzero(backwards) + 1, "doses that rise from row to row", "{dose:g} after {before:g}")
    yield from at(np.flatnonzero(dose < 0), "a dose of 0 or more", "{dose:g}")
    slack = NOISE * float(np.abs(volume).max())
    yield from at(np.flatnonzero(volume < -slack), "a volume of 0 or more", "{volume:g}")
    if section.volume_unit == "%":
        yield from at(np.flatnonzero(volume > 100 + WHOLE_PCT), "at most 100 %", "{volume:g} %")
    if section.kind == "cumulative":
        rises = np.flatnonzero(np.diff(volume) > slack) + 1
        yield from at(rises, "a cumulative volume that never rises", "{volume:.8g} after {above:.8g}")
    if not 0 < section.coverage_pct <= 100 + WHOLE_PCT:
        yield _fault(section, who, "a share with dose above 0 and up to 100 %", f"{section.coverage_pct:g} %")
    if not volume.max() > slack:
        yield _fault(section, who, "a structure with volume", "none in any row", "Leave it out.", code=EMPTY)


def _per_gy(section: Section, unit: DoseUnit, who: str) -> float:
    units = per_gy(unit, section.full_dose_gy)
    if units is None:
        action = "Export absolute dose: what 100 % means is not guessed."
        raise InputError(
            _fault(section, who, "the prescribed dose of a table in percent of dose", "none in the file", action)
        )
    return units


def _step(dose: FloatArray) -> float:
    steps = np.diff(dose)
    return float(np.median(steps[steps > 0])) if (steps > 0).any() else float(dose[-1])


def _cumulative(
    section: Section, dose_gy: FloatArray, step_gy: float, who: str
) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    volume = np.maximum(section.volume, 0.0)
    total = float(volume[0])
    if section.volume_unit == "%" and abs(total - 100.0) > WHOLE_PCT:
        raise InputError(_fault(section, who, "a cumulative table that begins at 100 %", f"{total:g} %"))
    if dose_gy[0] > 0:
        if not _begins_whole(section, volume):
            found = f"{dose_gy[0]:g} Gy with a volume that may not be the whole"
            raise InputError(_fault(section, who, "a cumulative table that begins at dose 0", found))
        dose_gy, volume = np.append(0.0, dose_gy), np.append(total, volume)
    if section.any_order:
        same = np.append(False, np.diff(dose_gy) <= 0)
        dose_gy = np.maximum.accumulate(dose_gy + SAME_DOSE_GY * np.cumsum(same))
    last = int(np.flatnonzero(volume > NOISE * total)[-1])
    if last + 1 < volume.size:
        return dose_gy[: last + 2], np.append(volume[: last + 1], 0.0), ()
    end_gy, note = _end(section, float(dose_gy[-1]), float(volume[-1]) / total, step_gy, who)
    return np.append(dose_gy, end_gy), np.append(volume, 0.0), note


def _begins_whole(section: Section, volume: FloatArray) -> bool:
    """Say whether the first row of a table that begins above 0 holds the whole volume."""
    if section.whole_first or section.volume_unit == "%" or volume[0] == volume[1]:
        return True
    known = section.printed_value("volume")
    return known is not None and abs(known.value - float(volume[0])) <= known.rounding + 1e-3 * known.value


def _end(section: Section, dose_gy: float, share: float, step_gy: float, who: str) -> tuple[float, tuple[str, ...]]:
    """Say where the curve comes to nothing when its last row still has volume."""
    highest = section.printed_value("max")
    if highest is not None and highest.value > dose_gy + 2 * step_gy + highest.rounding:
        found = f"{100 * share:.3g} % of the volume at {dose_gy:g} Gy, a printed maximum of {highest.value:g} Gy"
        raise InputError(_fault(section, who, "a table up to the maximum dose", found))
    if highest is not None and highest.value > dose_gy:
        return highest.value, ()
    if share > TAIL_SHARE:
        found = f"{100 * share:.3g} % of the volume still there at {dose_gy:g} Gy, where it ends"
        raise InputError(_fault(section, who, "a table that goes on until no volume is left", found))
    return dose_gy + step_gy, ()


def _differential(
    section: Section, dose_gy: FloatArray, step_gy: float, who: str
) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    place: str = section.place
    notes: tuple[str, ...] = ()
    if place == "unknown":
        place = "centre"
        if abs(np.mod(dose_gy[0] / step_gy, 1.0) - 0.5) > 0.01:
            place, notes = _placed(section, dose_gy, step_gy, who)
    edges = _edges(dose_gy, place)
    volume = np.maximum(section.volume, 0.0)
    if section.kind == "per_dose":
        widths = np.append(np.diff(dose_gy), dose_gy[-1] - dose_gy[-2])
        volume = volume * widths * _per_gy(section, section.per_unit, who)
    total = float(volume.sum())
    if section.volume_unit == "%" and abs(total - 100.0) > ALL_PCT:
        raise InputError(_fault(section, who, "bins that add up to 100 %", f"{total:g} %"))
    at_least = np.append(np.cumsum(volume[::-1])[::-1], 0.0)
    last = int(np.flatnonzero(volume > NOISE * total)[-1])
    edges, at_least = edges[: last + 2], np.append(at_least[: last + 1], 0.0)
    if edges[0] > 0:
        edges, at_least = np.append(0.0, edges), np.append(total, at_least)
    return edges, at_least, notes


def _edges(dose_gy: FloatArray, place: str) -> FloatArray:
    if place == "upper":
        return np.append(max(0.0, 2 * dose_gy[0] - dose_gy[1]) if dose_gy[0] > 0 else 0.0, dose_gy)
    if place == "lower":
        return np.append(dose_gy, 2 * dose_gy[-1] - dose_gy[-2])
    middles = 0.5 * (dose_gy[1:] + dose_gy[:-1])
    low = max(0.0, float(dose_gy[0] - (middles[0] - dose_gy[0])))
    return np.concatenate([[low], middles, [2 * dose_gy[-1] - middles[-1]]])


def _placed(section: Section, dose_gy: FloatArray, step_gy: float, who: str) -> tuple[str, tuple[str, ...]]:
    """Find by the printed mean which dose of its bin a row names; without one, the middle is nearest to all three."""
    mean = section.printed_value("mean")
    volume = np.maximum(section.volume, 0.0)
    own = float(dose_gy @ volume) / float(volume.sum())
    if mean is None:
        return "centre", (
            "the file does not say which dose of its bin a row names: its middle is taken,"
            f" so doses may be off by {0.5 * step_gy:.3g} Gy",
        )
    means = {"lower": own + 0.5 * step_gy, "centre": own, "upper": own - 0.5 * step_gy}
    nearest = min(means, key=lambda name: abs(means[name] - mean.value))
    return nearest, ()


def _mean_gy(section: Section, of_curve_gy: float) -> float:
    printed = section.printed_value("mean")
    return printed.value if printed and abs(printed.value - of_curve_gy) <= ROUNDING_GY else of_curve_gy


def _refined(section: Section, dose_gy: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Let the curve end at the printed maximum and leave 100 % at the printed minimum, where it agrees with them."""
    highest, lowest = section.printed_value("max"), section.printed_value("min")
    if highest is not None and dose_gy[-2] < highest.value <= dose_gy[-1]:
        dose_gy = np.append(dose_gy[:-1], highest.value)
    whole = int(np.flatnonzero(share >= 1.0)[-1])
    if lowest is not None and dose_gy[whole] < lowest.value < dose_gy[whole + 1]:
        dose_gy = np.insert(dose_gy, whole + 1, lowest.value)
        share = np.insert(share, whole + 1, 1.0)
    return dose_gy, share
