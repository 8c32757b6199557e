"""DVH exports as planning systems write them, made from the layouts of docs/dvh-text-formats.md.

The lung has 200 cc, and its dose is spread evenly from 10 to 30 Gy, so that a curve of straight lines is exact:
mean 20 Gy, V(d) = (30 - d) / 20, V20Gy 50 %, 100 cc, D95% 11 Gy, D2cc 29.8 Gy,
gEUD(2) = sqrt((30^3 - 10^3) / (3 x 20)) = 20.8167 Gy. The cord has 50 cc, evenly from 0 to 10 Gy: mean 5 Gy.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

SECRETS = ("Mustermann", "Erika", "987654321", "GEHEIMPLAN", "KURS7", "1957")
"""Planted in the header lines of every format; none may leave the reader."""
LUNG, CORD = ("Lung total", 200.0, 10.0, 30.0), ("Cord", 50.0, 0.0, 10.0)
STRUCTURES = (LUNG, CORD)
METRICS = ["V20Gy[%]", "D95%[Gy]", "Mean[Gy]", "gEUD(2)[Gy]", "Min[Gy]", "Max[Gy]"]
LUNG_METRICS = [50.0, 11.0, 20.0, 20.816660, 10.0, 30.0]
CC_METRICS = {"V20Gy[cc]": 100.0, "D2cc[Gy]": 29.8}

Structure = tuple[str, float, float, float]


def share(structure: Structure, dose_gy: float) -> float:
    """Share of the structure with at least this dose."""
    _, _, low, high = structure
    return min(max((high - dose_gy) / (high - low), 0.0), 1.0)


def rows(structure: Structure, step_gy: float = 1.0, *, last_gy: float = 32.0) -> list[tuple[float, float]]:
    """Dose and share of a cumulative table."""
    return [(n * step_gy, share(structure, n * step_gy)) for n in range(round(last_gy / step_gy) + 1)]


def bins(structure: Structure, step_gy: float = 1.0, *, last_gy: float = 32.0) -> list[tuple[float, float]]:
    """Lower edge and share of each bin of a differential table."""
    edges = rows(structure, step_gy, last_gy=last_gy)
    return [(dose, here - after) for (dose, here), (_, after) in pairwise(edges)]


def eclipse(
    *,
    kind: str = "Cumulative",
    dose: str = "Gy",
    volume: str = "%",
    order: Sequence[str] = ("dose", "relative", "volume"),
    cc: str = "cm³",
    comma: bool = False,
    prescription: str = "60",
    percent: str = "100",
    place: float = 0.5,
    date: str = "Montag, 3. März 2014 11:12:13",
    extra: Sequence[str] = (),
    plan: str = "Plan: GEHEIMPLAN",
    structures: Sequence[Structure] = STRUCTURES,
) -> str:
    """An Eclipse export; `place` is where in its bin a differential row stands: 0 lower edge, 0.5 middle, 1 upper."""
    factor = 100.0 if dose == "cGy" else 1.0

    def number(value: float, digits: int = 6) -> str:
        text = f"{value:.{digits}g}"
        return text.replace(".", ",") if comma else text

    lines = [
        "Patient Name         : Mustermann, Erika (987654321)",
        "Patient ID           : 987654321",
        "Comment              : DVHs for one plan",
        f"Date                 : {date}",
        f"Type                 : {kind} Dose Volume Histogram",
        "Description          : Text of several lines on what the",
        "                       table holds, without a meaning for a reader.",
        "",
        plan,
        "Course: KURS7",
        f"Prescribed dose [{dose}]: {_scaled(prescription, factor, comma)}",
        f"% for dose (%): {percent.replace('.', ',') if comma else percent}",
    ]
    per = "cGy" if dose == "cGy" else "Gy"
    titles = {
        "dose": f"Dose [{dose}]",
        "relative": "Relative dose [%]",
        "volume": "Ratio of Total Structure Volume [%]" if volume == "%" else f"Structure Volume [{cc}]",
    }
    if kind == "Differential":
        titles["volume"] = f"dVolume / dDose [{'%' if volume == '%' else cc} / {per}]"
    full = float(prescription) / (float(percent) / 100) if prescription.replace(".", "").isdigit() else 60.0
    for structure in structures:
        name, whole, low, high = structure
        lines += [
            "",
            f"Structure: {name}",
            "Approval Status: Unapproved",
            plan.replace("Plan sum", "Plan"),
            "Course: KURS7",
            f"Volume [{cc}]: {number(whole)}",
            "Dose Cover.[%]: " + number(100.0),
            "Sampling Cover.[%]: " + number(100.0),
            f"Min Dose [{dose}]: {number(low * factor)}",
            f"Max Dose [{dose}]: {number(high * factor)}",
            f"Mean Dose [{dose}]: {number(0.5 * (low + high) * factor)}",
            f"Modal Dose [{dose}]: {number(low * factor)}",
            f"Median Dose [{dose}]: {number(0.5 * (low + high) * factor)}",
            f"STD [{dose}]: {number((high - low) * factor / 12**0.5)}",
            "Equiv. Sphere Diam. [cm]: N/A",
            "Conformity Index: N/A",
            *extra,
            "",
            " ".join(titles[name] for name in order),
        ]
        scale = 100.0 if volume == "%" else whole
        table = rows(structure) if kind == "Cumulative" else [(d + place, v / factor) for d, v in bins(structure)]
        for dose_gy, part in table:
            cells = {"dose": dose_gy * factor, "relative": 100 * dose_gy / full, "volume": part * scale}
            lines.append(" ".join(f"{number(cells[name], 10):>16}" for name in order))
    return "\r\n".join([*lines, ""])


def _scaled(text: str, factor: float, comma: bool) -> str:
    try:
        scaled = f"{float(text) * factor:g}"
    except ValueError:
        return text
    return scaled.replace(".", ",") if comma else scaled


def raystation(
    *, unit: str = "cGy", volume: str = "%", descending: bool = False, extra: str = "", key: str = "Dose unit"
) -> str:
    """A RayStation export, at steps of volume as its own export writes them."""
    factor = 100.0 if unit == "cGy" else 1.0
    lines = ["#PatientName:Mustermann^Erika", "#PatientId:987654321", "#Dosename:Plan dose: GEHEIMPLAN (CT 1957)"]
    for name, whole, low, high in STRUCTURES:
        lines += [f"#RoiName:{name}", "#Roi volume fraction outside grid: 0 %", f"#{key}: {unit}"]
        lines += [line.format(whole=whole) for line in extra.splitlines()]
        shares = [n / 50 for n in range(50, -1, -1)]
        table = [(0.0, 1.0), *((high - part * (high - low), part) for part in shares)]
        table = table[::-1] if descending else table
        scale = 100.0 if volume == "%" else whole
        lines += [f"{dose * factor:.3f}\t{part * scale:.3f}" for dose, part in table]
        lines.append("")
    return "\n".join(lines)


def monaco(*, dose: str = "Gy", volume: str = "cm³", kind: str = "cumulative") -> str:
    """A Monaco export; rows carry names with spaces."""
    factor = 100.0 if dose == "cGy" else 1.0
    head = ["Patient ID: Mustermann, Erika~987654321", "Plan Name: GEHEIMPLAN", "Resolution: 0.30(cm)"]
    head += [f"Bin Width: {1.0 * factor:g}({dose})", f"Dose Units: {dose}", f"Volume Units: {volume}"]
    lines = [" | ".join(head), "", "Structure Name            Bin Dose        Bin Volume"]
    for structure in STRUCTURES:
        scale = 100.0 if volume == "%" else structure[1]
        table = rows(structure) if kind == "cumulative" else [(d + 0.5, v) for d, v in bins(structure)]
        lines += [f"{structure[0]:<25} {d * factor:10.3f} {v * scale:15.4f}" for d, v in table]
    return "\n".join([*lines, "", "1957-03-04-Mon 12:13:14", ""])


def masterplan(*, mode: str = "Cumulative", volume: str = "ccm", per_dose: bool = False) -> str:
    """An Oncentra MasterPlan export."""
    lines = ["Case: 987654321 Mustermann", "Plan: GEHEIMPLAN", f"{mode} mode", "Absolute dose - [Gy]"]
    lines += ["Absolute volume - [ccm]" if volume == "ccm" else "Relative volume - [%]"]
    for structure in STRUCTURES:
        scale = 100.0 if volume == "%" else structure[1]
        lines += ["", "Dose: GEHEIMPLAN", f"ROI: {structure[0]}", "Bin Dose Volume"]
        step = 0.5
        table = (
            rows(structure, step) if mode == "Cumulative" else [(d + 0.5 * step, v) for d, v in bins(structure, step)]
        )
        scale /= step if per_dose else 1.0
        lines += [f"{n}\t{dose:.4f}\t{part * scale:.5f}" for n, (dose, part) in enumerate(table)]
    return "\n".join(lines)


def xio(*, count: int | None = None) -> str:
    """A XiO export: volumes of bins in cc, named by their lowest dose in cGy."""
    blocks = []
    for structure in STRUCTURES:
        table = bins(structure)
        head = ["XiO Dose Volume Histogram", "987654321", "Mustermann, Erika", structure[0], "3.00\tmm resolution"]
        head += [f"{count or len(table)}\tbins", "Mon Mar  4 12:13:14 1957", "Min. Bin Dose (cGy),  Bin Volume (cc)"]
        blocks.append("\n".join([*head, *(f"{100 * d:.1f}, {v * structure[1]:.5f}" for d, v in table)]))
    return "\n".join(blocks) + "\n"


def pinnacle(folder: Path, *, volume: str = "ccm") -> Path:
    """A Pinnacle export: a folder of curves, and tables that say what they are."""
    (folder / "Data").mkdir(parents=True)
    (folder / "PatInfo.csv").write_text("FirstName,LastName,MedicalRecordNumber\nErika,Mustermann,987654321\n")
    (folder / "PlanInfo.csv").write_text("PlanName\nGEHEIMPLAN\n")
    (folder / "DoseInfo.csv").write_text("PrescriptionDose.cGy,NumberOfFractions\n200,30\n")
    info = ["RegionOfInterestName,Filename,Volume.ccm,DoseMin.cGy,DoseMax.cGy,DoseMean.cGy"]
    for number, structure in enumerate(STRUCTURES):
        name, whole, low, high = structure
        info.append(f"{name},curve{number},{whole},{100 * low},{100 * high},{50 * (low + high)}")
        table = rows(structure)
        scale = 100.0 if volume == "%" else whole
        lines = ["NumberOfDimensions = 2;", f"NumberOfPoints = {len(table)};", "Points[] ={"]
        lines += [f"{100 * dose:g},{part * scale:g}," for dose, part in table]
        (folder / "Data" / f"curve{number}.csv").write_text("\n".join([*lines, "};", ""]))
    (folder / "Data" / "Info.csv").write_text("\n".join(info) + "\n")
    return folder


def wide(*, separator: str = ",", unit: str = "Gy", values: str = "%", comma: bool = False) -> str:
    """One row a ROI, one column a dose."""
    table = [(d, None) for d, _ in rows(LUNG)]
    factor = 100 if unit == "cGy" else 1

    def number(value: float) -> str:
        return f"{value:.10g}".replace(".", ",") if comma else f"{value:.10g}"

    lines = [
        separator.join(["PatientID", "ROI", "Volume (cc)", *(f"V{d * factor:g}{unit}[{values}]" for d, _ in table)])
    ]
    for structure in STRUCTURES:
        scale = 100.0 if values == "%" else structure[1]
        cells = [number(share(structure, dose) * scale) for dose, _ in table]
        lines.append(separator.join(["987654321", structure[0], number(structure[1]), *cells]))
    return "\n".join(lines) + "\n"


def columns(*, headers: Sequence[str] = ("Lung total (200 cc)", "Cord (50 cc)"), unit: str = "Gy") -> str:
    """One column a ROI, the first one the dose."""
    lines = [",".join([f"Dose ({unit})", *headers])]
    for dose, _ in rows(LUNG):
        lines.append(f"{dose:g},{100 * share(LUNG, dose):.10g},{100 * share(CORD, dose):.10g}")
    return "\n".join(lines) + "\n"


def long() -> str:
    """One row a structure and dose."""
    lines = ["Structure;Dose [Gy];Volume [%]"]
    for structure in STRUCTURES:
        lines += [f"{structure[0]};{d:g};{100 * v:g}".replace(".", ",") for d, v in rows(structure)]
    return "\n".join(lines) + "\n"
