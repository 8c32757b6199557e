"""Write docs/gallery.md and its pictures from finished runs.

`python docs/gallery.py` takes the demo (results) and the studies that have run (results/studies/*); each figure comes
from the first run that has it. A figure that no run has keeps the picture it had.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from lungtox.figures import CAPTIONS

PROJECT = Path(__file__).resolve().parent.parent
IMAGES = PROJECT / "docs" / "images" / "gallery"
WIDTH_PX, NARROW_PX = 1000, 560  # two columns, one column
COLOURS = 128  # with fewer, curves of neighbouring hues get one colour
INTRODUCTION = """# Gallery

Each figure with the table behind it and the part of the config that made it. Generated from finished runs of the demo
and of the [studies](../studies/README.md), all on invented patients, by `python docs/gallery.py`; do not edit. Figures
are written as PDF, SVG and PNG ([file contracts](file-contracts.md#resultsfigures-and-resultsreporthtml)); all keys are
explained in [config.md](config.md).
"""
# Figure -> keys of the config that made it, dots between levels; `figures` (looks and language) belongs to all.
MADE_BY: dict[str, tuple[str, ...]] = {
    "agreement": ("agreement.limits",),
    "agreement_curves": ("agreement",),
    "agreement_forest": ("agreement.limits",),
    "calibration": ("models.dose_clinical", "validation"),
    "correlations": ("association.families.dose", "association.families.functional"),
    "cytokines": ("association.cytokines",),
    "decision": ("models.dose_clinical", "validation.thresholds"),
    "delivered": ("delivered",),
    "dendrogram": ("models.selected",),
    "dose_levels": ("association.dose_levels", "endpoint"),
    "dvh_curves": ("dvh_curve",),
    "dvh_differences": ("function.structure", "function.regions", "endpoint"),
    "dvh_groups": ("function.structure", "function.regions", "endpoint"),
    "flow": ("endpoint", "cohort.on_unusable", "cohort.accepted_exclusions"),
    "forest": ("association.families", "models.dose_clinical"),
    "fractionation": ("fractionation",),
    "function_sweep": ("function.regions", "function.sweep"),
    "incidence": ("time", "endpoint"),
    "missing": ("missing",),
    "ntcp": ("ntcp.fits", "ntcp.published"),
    "ntcp_comparison": ("ntcp.compare",),
    "ntcp_surface": ("ntcp.fits.lkb",),
    "ntcp_time": ("ntcp.fits.lkb_mean_dose",),
    "published": ("ntcp.published", "ntcp.allow_structure", "ntcp.update"),
    "roc": ("roc",),
    "stability": ("models.dose_clinical", "validation"),
}
# Figures of options that the demo does without: the fit and the key that make them. A run of the demo's config with
# that key draws the figure; `python docs/gallery.py` then takes it.
OPTIONS = {"ntcp_surface": ("lkb", "surface"), "ntcp_time": ("lkb_mean_dose", "time")}


def runs() -> dict[Path, Path]:
    """Give results folder -> its config, the demo first."""
    found = {PROJECT / "results": PROJECT / "config.yaml"}
    for config in sorted((PROJECT / "studies").glob("*/config.yaml")):
        given = (yaml.safe_load(config.read_text(encoding="utf-8")) or {}).get("results")
        found[PROJECT / (given or f"results/{config.parent.name}")] = config
    return found


def draw_picture(source: Path, target: Path) -> None:
    """Write a small picture: few pixels, few colours, the same bytes every time."""
    with Image.open(source) as image:
        width = NARROW_PX if image.width < image.info.get("dpi", (300, 300))[0] * 5 else WIDTH_PX
        small = image.convert("RGB").resize(
            (width, round(image.height * width / image.width)), Image.Resampling.LANCZOS
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def drawn_from(figure: str) -> list[str]:
    """Give the tables below the results that the rule of a figure reads."""
    for path in sorted((PROJECT / "workflow" / "rules").glob("*.smk")):
        for block in re.split(r"^ *(?=rule )", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            name = re.match(r"rule (\w+)", block)
            plots = name is not None and name[1].startswith("plot_")
            own = f'"{figure}"' in block or f"/figures/{figure}" in block
            several = figure.startswith("agreement") and "AGREEMENT_FIGURES" in block
            if plots and (own or several):
                read = block.split("script=")[0]
                named = re.findall(r'"<results>/([^"]+)"', read)
                members = re.findall(r'"(\w+)"', read.split("name=")[1]) if "{name}" in read and "name=" in read else []
                listed = [
                    entry.replace("{name}", member)
                    for entry in named
                    for member in (members if "{name}" in entry else [""])
                ]
                own_table = [table for table in listed if Path(table).stem == figure and "files_of_figures" in block]
                return list(dict.fromkeys(own_table or listed))
    return []


def snippet(config: Path, figure: str) -> str:
    """Give the part of a config that made a figure, as YAML."""
    whole: dict[str, Any] = yaml.safe_load(config.read_text(encoding="utf-8"))
    shown: dict[str, Any] = {}
    for key in (*MADE_BY.get(figure, ()), "figures"):
        value: Any = whole
        for level in key.split("."):
            value = value.get(level) if isinstance(value, dict) else None
        if value is None:
            continue
        inner = shown
        *above, last = key.split(".")
        for level in above:
            inner = inner.setdefault(level, {})
        inner[last] = value
    if figure in OPTIONS:
        fit, option = OPTIONS[figure]
        shown.setdefault("ntcp", {}).setdefault("fits", {}).setdefault(fit, {})[option] = True
    return yaml.safe_dump(shown, sort_keys=False, default_flow_style=None, allow_unicode=True, width=100)


def entry(figure: str, folder: Path, config: Path) -> str:
    """Give the part of the page on one figure."""
    caption = CAPTIONS[figure]
    first = re.match(r".*?\.(?=\s+[A-Z]|$)", caption, flags=re.S)
    tables = [f"`{table}`" for table in drawn_from(figure)]
    given = config.relative_to(PROJECT).as_posix()
    whose = "the demo" if given == "config.yaml" else f"the study {config.parent.name}"
    return "\n".join(
        [
            f"## {figure}\n",
            f"![{figure}](images/gallery/{figure}.png)\n",
            f"{first[0] if first else caption}\n",
            f"Table: `{folder.relative_to(PROJECT).as_posix()}/figures/{figure}.csv`"
            + (f", drawn from {', '.join(tables)}" if tables else "")
            + f". Config of {whose} ([{given}](../{given})):\n",
            f"```yaml\n{snippet(config, figure)}```\n",
            *(
                [f"Only fits with `{OPTIONS[figure][1]}: true` have it; the demo has none.\n"]
                if figure in OPTIONS
                else []
            ),
        ]
    )


def main() -> int:
    """Write the page and the pictures; say which figures no run has."""
    parts, lacking = [INTRODUCTION], []
    for figure in CAPTIONS:
        made = next(((folder, config) for folder, config in runs().items() if _has(folder, figure)), None)
        picture = IMAGES / f"{figure}.png"
        if made is not None:
            draw_picture(made[0] / "figures" / f"{figure}.png", picture)
        if not picture.is_file():
            lacking.append(figure)
            continue
        folder, config = made or (PROJECT / "results", PROJECT / "config.yaml")
        parts.append(entry(figure, folder, config))
    (PROJECT / "docs" / "gallery.md").write_text("\n".join(parts), encoding="utf-8", newline="\n")
    if lacking:
        print(f"no run has {', '.join(lacking)}", file=sys.stderr)
    return 0


def _has(folder: Path, figure: str) -> bool:
    """Tell whether a run has a figure."""
    return (folder / "figures" / f"{figure}.png").is_file()


if __name__ == "__main__":
    sys.exit(main())
