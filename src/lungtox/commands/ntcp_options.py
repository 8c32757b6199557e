"""The options of ``lungtox ntcp``: types and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelName = Annotated[
    str | None, typer.Option("--model", help="Name of a published model; `lungtox models` lists them.")
]
FitFile = Annotated[
    Path | None, typer.Option(help="In place of --model: a cohort's own fit, fit.json in results/ntcp/NAME.")
]
StructFiles = Annotated[
    list[Path] | None,
    typer.Option(help="DICOM structure set, with --dose or --compare (there once, or one for each plan)."),
]
DoseFile = Annotated[Path | None, typer.Option(help="DICOM dose of the whole plan, with --struct.")]
PlanFiles = Annotated[
    list[Path] | None,
    typer.Option(help="DICOM plan: dose per fraction, and EQD2. With --compare twice: of A, of B."),
]
LungRois = Annotated[list[str] | None, typer.Option(help="ROI of a lung, if not named as in TG-263. Repeatable.")]
GtvRois = Annotated[list[str] | None, typer.Option(help="ROI of the tumour that is taken out. Repeatable.")]
DvhFile = Annotated[
    Path | None, typer.Option(help="DVH table of one patient (.dvh.parquet), or a planning system's DVH export.")
]
LungIs = Annotated[
    str | None, typer.Option(help="What --lung of a DVH export is: Lungs (tumour included) or Lungs-GTV.")
]
Fractions = Annotated[
    list[int] | None,
    typer.Option(min=1, max=100, help="Fractions of a DVH file, for models in EQD2. With --compare once or twice."),
]
DosePerFraction = Annotated[
    list[float] | None,
    typer.Option(
        min=0.1, max=40, help="Gy per fraction to the target, where the input does not say it. --compare: or twice."
    ),
]
MeanDose = Annotated[float | None, typer.Option(help="Mean lung dose in Gy, with --mld-quantity.")]
MeanDoseQuantity = Annotated[str | None, typer.Option(help="Quantity of a mean dose: physical or eqd2.")]
TwoPlans = Annotated[
    tuple[str, str] | None,
    typer.Option(
        metavar="A B",
        help="Two plans of one patient: doses (with --struct), DVH files, or mean doses (with --mld-quantity).",
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(min=0, max=100, help="With --compare: percentage points of A - B from which B would be chosen."),
]
AlphaBeta = Annotated[
    str | None, typer.Option(help="Also with EQD2 of these alpha/betas: 2:4 (steps of 0.5 Gy) or 2,3,4.")
]
Factors = Annotated[
    list[str] | None, typer.Option(help="Clinical value such as smoking=former or age_y=70. Repeatable.")
]
Correlation = Annotated[
    float | None, typer.Option(help="Correlation of the model's two parameters, where you know it (-1 to 1).")
]
AllowStructure = Annotated[
    list[str] | None, typer.Option(help="Structure that the model does not list but may be applied to.")
]
AllowFractionation = Annotated[
    bool, typer.Option(help="Apply a model to more Gy per fraction than it was made for; labelled so.")
]
AllowUnchecked = Annotated[bool, typer.Option(help="Use a model although its numbers were not checked.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
