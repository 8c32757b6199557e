"""The works behind the methods of this very run: those named in the methods text, and the published models applied."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lungtox.ntcp import published_models
from lungtox.report.blocks import Bullets, Section, Text
from lungtox.report.results import Results

FILE = "references.toml"


def references_section(results: Results) -> Section:
    """Give the list of references, in alphabetical order."""
    listed = tuple(sorted(dict.fromkeys(_cited(results)), key=str.casefold))
    block = Bullets(listed) if listed else Text("No method of this analysis has a reference.")
    return Section("references", "References", (block,))


def _cited(results: Results) -> Iterator[str]:
    works = tomllib.loads(Path(__file__).with_name(FILE).read_text(encoding="utf-8"))
    yield from (_entry(works[key]["text"], works[key].get("doi", "")) for key in _keys(results))
    models = published_models()
    for name in (results.config.get("ntcp") or {}).get("published") or ():
        if name in models:
            yield _entry(models[name].citation, models[name].doi)


def _entry(text: str, doi: str) -> str:
    return f"{text}. doi {doi}" if doi else f"{text}."


def _keys(results: Results) -> Iterator[str]:
    """Give the works of the methods that this analysis uses; methods.py names them where it says what was done."""
    config = results.config
    if (config.get("dose") or {}).get("eqd2"):
        yield "withers_1983"
    if any(registered_by_images(entry) for entry in results.qa):
        yield "mattes_2003"
    if config.get("agreement"):
        yield from ("bland_altman_1986", "bland_altman_1999", "lin_1989")
    if results.has_outcome:
        yield from _outcome_keys(config)


def registered_by_images(entry: Mapping[str, Any]) -> bool:
    """Say whether the function image of a patient was registered by the images themselves."""
    return ((entry.get("function") or {}).get("registration") or {}).get("kind") == "image"


def _outcome_keys(config: Mapping[str, Any]) -> Iterator[str]:
    ntcp, models = config.get("ntcp") or {}, config.get("models") or {}
    if config.get("association"):
        yield from ("benjamini_hochberg_1995", "firth_1993", "heinze_schemper_2002")
    if (config.get("association") or {}).get("dose_levels"):
        yield "westfall_young_1993"
    if models:
        yield from ("firth_1993", "puhr_2017", "harrell_1996", "vickers_elkin_2006", "riley_2019", "collins_2024")
    if any(model.get("weights", "ipcw") == "ipcw" for model in models.values()):
        yield "robins_rotnitzky_1992"
    if models and (config.get("missing") or {}).get("method") == "multiple-imputation":
        yield "barnard_rubin_1999"
    if (config.get("roc") or {}).get("scores"):
        yield "delong_1988"
    if config.get("time"):
        yield from ("aalen_johansen_1978", "gray_1988")
    if ntcp.get("fits"):
        yield from ("lyman_1985", "kutcher_burman_1989", "niemierko_1999")
    if ntcp.get("published") and ntcp.get("update"):
        yield "vergouwe_2017"
