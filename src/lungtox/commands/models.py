"""``lungtox models``: the published NTCP models."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from lungtox.ntcp import RESEARCH_USE, PublishedModel, no_interval_reason, published_models


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of text.")] = False,
) -> None:
    """List the published models, with parameters, what they were made for, citation and how far they were checked."""
    listed = published_models().values()
    if as_json:
        typer.echo(json.dumps([_record(model) for model in listed], indent=1, ensure_ascii=False))
        return
    for model in listed:
        typer.echo(_describe(model))
    typer.echo(RESEARCH_USE)


def _record(model: PublishedModel) -> dict[str, Any]:
    return {
        "model": model.name,
        "label": model.label,
        "kind": model.model,
        "parameters": model.parameters,
        "intervals": {name: list(limits) for name, limits in model.intervals.items()},
        "no_interval": no_interval_reason(model) or None,
        "factors": [factor.describe() for factor in model.factors],
        "endpoint": model.endpoint,
        "structures": list(model.structures),
        "quantity": model.quantity,
        "alpha_beta_gy": list(model.alpha_beta_gy),
        "fractionation": model.fractionation,
        "highest_fraction_gy": model.highest_fraction_gy,
        "citation": model.citation,
        "doi": model.doi,
        "status": model.status,
        "checked": model.checked,
        "note": model.note,
        "default_ok": model.default_ok,
        "research_use": RESEARCH_USE,
    }


def _describe(model: PublishedModel) -> str:
    alpha_beta = " or ".join(f"{value:g}" for value in model.alpha_beta_gy)
    dose = f"EQD2 (alpha/beta {alpha_beta} Gy)" if model.quantity == "eqd2" else "physical dose"
    fractionation = f"{model.fractionation} (at most {model.highest_fraction_gy:g} Gy)"
    lines = [
        f"{model.name}   {model.label}",
        f"  parameters  {', '.join(_parameter(model, name) for name in model.parameters)}  [{model.model}]",
        f"  for         {' or '.join(model.structures)}; {dose}; {fractionation}",
        f"  endpoint    {model.endpoint}",
        *(f"  factor      {factor.describe()}" for factor in model.factors),
        f"  status      {model.status}: {model.checked}",
        f"  citation    {model.citation}{f', doi {model.doi}' if model.doi else ''}",
    ]
    if model.note:
        lines.append(f"  note        {model.note}")
    if reason := no_interval_reason(model):
        lines.append(f"  no interval of NTCP: {reason}")
    if not model.default_ok:
        lines.append("  used only when allowed by name")
    return "\n".join(lines) + "\n"


def _parameter(model: PublishedModel, name: str) -> str:
    limits = model.intervals.get(name)
    return f"{name} {model.parameters[name]:g}" + (f" ({limits[0]:g} to {limits[1]:g})" if limits else "")
