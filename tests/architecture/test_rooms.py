"""The shape of the project: who may import whom, what belongs to what."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lungtox.config import Config
from lungtox.figures import CAPTIONS
from lungtox.provenance import import_closure

PROJECT = Path(__file__).resolve().parents[2]
LIBRARY = PROJECT / "src" / "lungtox"
# Higher may import lower; equal numbers may not import each other (docs/file-contracts.md and DESIGN).
LEVELS = {
    "cli": 14, "commands": 14, "check": 13, "config": 12, "synthetic": 11, "report": 10, "figures": 9,
    "delivered": 8.7,
    "agreement": 8.5, "fractionation": 8.5, "dvhcurve": 8.5, "ntcp": 8, "models": 7, "cohort": 6, "intake": 5.5,
    "extraction": 5, "dose": 4, "imaging": 3, "dicom": 2,
    "naming": 1.5, "geometry": 1, "office_files": 0.5, "new_folder": 0.5,
    "entry": 0, "randomness": 0, "tables": 0, "table_schemas": 0, "settings": 0, "provenance": 0, "errors": -1,
}  # fmt: skip
MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path != LIBRARY / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_imports_go_down_only(path: Path) -> None:
    own = room_of(path)
    assert own in LEVELS, f"{own} is not a room that DESIGN knows"
    for name in imported_modules(path):
        parts = name.split(".")
        if parts[0] == "lungtox" and len(parts) > 1 and parts[1] in LEVELS and parts[1] != own:
            if own == "config" and parts[2:3] == ["config"]:
                continue
            assert LEVELS[parts[1]] < LEVELS[own] or {own, parts[1]} <= {"cli", "commands"}, f"{own} imports {name}"


def test_dose_knows_nothing_of_dicom() -> None:
    for path in (LIBRARY / "dose").rglob("*.py"):
        assert not any(name.startswith("lungtox.dicom") for name in imported_modules(path)), path


def test_pydicom_and_simpleitk_live_in_one_room_each() -> None:
    homes = {"pydicom": "dicom", "SimpleITK": "imaging"}
    for path in MODULES:
        for name in imported_modules(path):
            home = homes.get(name.split(".")[0])
            assert home is None or room_of(path) == home, f"{path} imports {name}"


def test_library_never_names_the_workflow_engine() -> None:
    # provenance lists the versions of what ran the analysis; that one name is its job.
    for path in MODULES:
        text = path.read_text(encoding="utf-8").lower()
        assert "snakemake" not in text or path.name == "provenance.py", path


def test_every_script_belongs_to_a_rule_of_the_same_name() -> None:
    rules = set()
    for path in (PROJECT / "workflow" / "rules").glob("*.smk"):
        rules.update(re.findall(r"^ *(?:rule|checkpoint) (\w+):", path.read_text(encoding="utf-8"), flags=re.M))
    assert rules == {path.stem for path in (PROJECT / "scripts").glob("*.py")}


def test_the_record_of_the_run_names_every_rule() -> None:
    """Figures are found by their names; the rest of a new rule's files are forgotten unless written.smk names it."""
    text = (PROJECT / "workflow" / "rules" / "written.smk").read_text(encoding="utf-8")
    rules = set()
    for path in (PROJECT / "workflow" / "rules").glob("*.smk"):
        source = path.read_text(encoding="utf-8")
        rules.update(re.findall(r"^ *(?:rule|checkpoint) (\w+):", source, flags=re.M))
        rules.update(re.findall(r"^use rule \w+ as (\w+) with:", source, flags=re.M))
    by_patient = {"draw_page", "draw_overlay"}  # named by the checkpoint's functions
    forgotten = {
        name
        for name in rules - by_patient - {"write_crate"}
        if not name.startswith("plot_") and f'"{name}"' not in text
    }
    assert not forgotten, f"workflow/rules/written.smk does not name {forgotten}"


def test_every_result_of_the_engines_report_has_its_caption() -> None:
    folder = PROJECT / "workflow" / "report"
    named = set(CAPTIONS)
    for path in (PROJECT / "workflow" / "rules").glob("*.smk"):
        named |= set(re.findall(r'reported\(\s*"[^"]+",\s*"(\w+)"', path.read_text(encoding="utf-8")))
    assert len(named) > len(CAPTIONS)
    assert named | {"workflow"} == {path.stem for path in folder.glob("*.rst")}


def test_the_gallery_shows_every_figure_in_small_pictures() -> None:
    page = (PROJECT / "docs" / "gallery.md").read_text(encoding="utf-8")
    lacking = set(CAPTIONS) - set(re.findall(r"^## (\w+)$", page, flags=re.M))
    assert not lacking, f"run `python docs/gallery.py` after a run that has {lacking}"
    pictures = [PROJECT / "docs" / name for name in re.findall(r"!\[\w+\]\(([^)]+)\)", page)]
    assert sum(path.stat().st_size for path in pictures) < 2_500_000
    for section in re.split(r"^## ", page, flags=re.M)[1:]:
        figure = section.split("\n", 1)[0]
        config = re.search(r"^```yaml\n(.*?)^```", section, flags=re.M | re.S)
        assert f"/{figure}.csv`, drawn from `" in section and f"images/gallery/{figure}.png" in section
        assert config is not None and len(config[1]) > 10, f"MADE_BY of docs/gallery.py lacks {figure}"


def leaf_keys(model: type, prefix: str = "") -> set[str]:
    keys = set()
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        text = str(field.annotation)
        keys.add(name)
        for inner in _models(field.annotation):
            keys |= leaf_keys(inner, f"{prefix}{name}.")
        assert text
    return keys


def _models(annotation: object) -> list[type]:
    if isinstance(annotation, type):
        return [annotation] if hasattr(annotation, "model_fields") else []
    return [found for argument in getattr(annotation, "__args__", ()) for found in _models(argument)]


def test_every_config_key_is_read_by_something() -> None:
    sources = [path for path in MODULES if path.name != "config.py"]
    sources += [*(PROJECT / "workflow" / "rules").glob("*.smk"), PROJECT / "Snakefile"]
    sources += list((PROJECT / "scripts").glob("*.py"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    unread = [key for key in leaf_keys(Config) if not re.search(rf"(\.{key}\b|[\"']{key}[\"'])", text)]
    assert not unread, f"nothing reads {unread}"


def test_config_docs_and_schema_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_demo_config_is_valid_yaml_with_known_sections_only() -> None:
    raw = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    assert set(raw) <= set(Config.model_fields)


def test_conda_environment_has_the_versions_of_the_lock() -> None:
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", lock, flags=re.M))
    environment = yaml.safe_load((PROJECT / "envs" / "lungtox.yaml").read_text(encoding="utf-8"))
    conda_names = {"matplotlib-base": "matplotlib"}
    pinned = [item for item in environment["dependencies"] if isinstance(item, str) and not item.startswith("python")]
    assert len(pinned) > 10
    for item in pinned:
        name, _, version = item.partition("=")
        if name != "pip":
            assert locked[conda_names.get(name, name).lower()] == version.strip("="), item


def test_no_lock_or_document_names_a_download_address() -> None:
    assert "http" not in (PROJECT / "requirements.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", sorted((PROJECT / "scripts").glob("*.py")), ids=lambda path: path.stem)
def test_code_digest_of_a_script_sees_only_its_own_rooms(script: Path) -> None:
    rooms = {room_of(path) for path in import_closure(script) if LIBRARY in path.parents}
    forbidden = {
        "extract_dose": {"models", "ntcp", "figures", "report", "cohort", "synthetic"},
        "compute_metrics": {"dicom", "models", "ntcp", "figures", "report", "cohort", "synthetic"},
        "test_associations": {"dicom", "extraction", "figures", "report", "synthetic"},
        "fit_logistic": {"dicom", "extraction", "figures", "report", "synthetic"},
        "plot_roc": {"dicom", "extraction", "report", "synthetic"},
    }.get(script.stem, {"synthetic"})
    assert not rooms & forbidden, rooms & forbidden
