"""Methods text of registration, strata, added value and other alpha/betas, with the settings of this very run."""

from __future__ import annotations

from collections.abc import Iterator

from lungtox.report.results import Results
from lungtox.report.wording import join_words, plain_name, text_of

COMPARED = {
    "lungs": "the contoured lungs with what lies around them",
    "everything": "everything in the picture",
}


def registration_methods(results: Results) -> Iterator[str]:
    """Say how function images came to the plan, where any was registered by its images."""
    settings = results.config.get("registration") or {}
    found = [(entry.get("function") or {}).get("registration") or {} for entry in results.qa]
    if not settings or not any(one.get("kind") == "image" for one in found):
        return
    compared = COMPARED.get(text_of(settings.get("compared")), text_of(settings.get("compared")))
    yield (
        "Function images that share no frame of reference with the dose came to the plan by a registration object, "
        "where the table of patients names one, else by rigid registration of the CT of the SPECT/CT to the planning "
        f"CT (mutual information, Mattes 2003; compared: {compared}). Refused were lungs with a Dice below "
        f"{settings.get('min_lung_dice')}, less than {settings.get('min_lungs_seen_pct'):g} % of the lungs shown, "
        f"shifts beyond {settings.get('max_shift_mm'):g} mm and rotations beyond "
        f"{settings.get('max_rotation_deg'):g} degrees."
    )


def strata_methods(results: Results) -> Iterator[str]:
    """Say how odds ratios within strata were compared."""
    strata = (results.config.get("association") or {}).get("strata") or {}
    for name, factors in strata.items():
        yield (
            f"Odds ratios of {join_words([label_of(results, factor) for factor in factors])} were also estimated "
            f"within each level of {label_of(results, name)} and with it in the model; differences between the levels "
            "are judged by the interaction term alone (likelihood ratio; Breslow and Day's test for two levels)."
        )


def ladder_methods(results: Results) -> Iterator[str]:
    """Say which nested models show the added value."""
    ladder = results.config.get("ladder") or {}
    if not ladder:
        return
    steps = "; ".join(
        f"{plain_name(step['name'])} ({', '.join(label_of(results, name) for name in step['add'])})"
        for step in ladder["steps"]
    )
    yield (
        "Added value: nested logistic models on the patients who have the predictors of all steps, declared beforehand "
        f"in this order: {steps}; likelihood-ratio test of each step, and performance corrected on the same "
        f"{(results.config.get('validation') or {}).get('resamples')} bootstrap resamples; net benefit at a threshold "
        f"risk of {100 * ladder['threshold']:g} %."
    )


def alpha_beta_methods(results: Results) -> Iterator[str]:
    """Say with which other alpha/betas published models and the EQD2 of the lung were tried."""
    others = (results.config.get("ntcp") or {}).get("alpha_beta_gy") or []
    if others and results.alpha_beta is not None:
        yield (
            "Sensitivity to alpha/beta: EQD2 of the lung with "
            f"{join_words([f'{value:g}' for value in others])} Gy; parameters of models stay as published."
        )


def label_of(results: Results, column: str) -> str:
    """Give the words for a column as its tables have them."""
    return results.labels.get(column, column)
