"""The code digest sees what a script really imports, and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import lungtox.provenance as provenance
from lungtox.provenance import canonical_json, code_digest, file_checksum, import_closure, versions
from lungtox.randomness import task_rng

ONE = 'from lungtox.base import X\nDATA = "data.toml"\n\ndef f():\n    """{docstring}"""\n    return X\n'


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small library of one room with two modules, a data file and a stub."""
    root = tmp_path / "lungtox"
    room = root / "room"
    (room / "templates").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "base.py").write_text("X = 1\n")
    (room / "__init__.py").write_text('"""Room."""\n')
    (room / "__init__.pyi").write_text("from .one import f as f\nfrom .two import g as g\n")
    (room / "one.py").write_text(
        'from lungtox.base import X\nDATA = "data.toml"\n\ndef f():\n    """Old."""\n    return X\n'
    )
    (room / "two.py").write_text('def g():\n    return "templates"\n')
    (room / "data.toml").write_text("a = 1\n")
    (room / "templates" / "page.html").write_text("<p>")
    monkeypatch.setattr(provenance, "PACKAGE_ROOT", root)
    for function in (provenance._content, provenance._known_facts, provenance._stub_sources):
        function.cache_clear()
    return root


def digest(script: Path) -> str:
    for function in (provenance._content, provenance._known_facts, provenance._stub_sources):
        function.cache_clear()
    return code_digest(script)


def test_closure_follows_a_public_name_to_its_module(library: Path, tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text("from lungtox.room import f\n")
    names = [path.name for path in import_closure(script)]
    assert names == ["s.py", "base.py", "data.toml", "one.py"]


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        ("room/one.py", 'from lungtox.base import X\nDATA = "data.toml"\ndef f():\n    return X + 1\n', True),
        (
            "room/one.py",
            "# why\n" + ONE.format(docstring="New."),
            False,
        ),
        ("base.py", "X = 2\n", True),
        ("room/data.toml", "a = 2\n", True),
        ("room/two.py", "def g():\n    return 2\n", False),
        ("room/__init__.pyi", "from .one import f as f\n", False),
    ],
)
def test_digest_changes_with_what_the_script_uses(
    library: Path, tmp_path: Path, file: str, text: str, changes: bool
) -> None:
    script = tmp_path / "s.py"
    script.write_text("from lungtox.room import f\n")
    before = digest(script)
    (library / file).write_text(text)
    assert (digest(script) != before) is changes


def test_folder_of_templates_and_type_checking_imports(library: Path, tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text(
        "from typing import TYPE_CHECKING\nfrom lungtox.room import g\n"
        "if TYPE_CHECKING:\n    from lungtox.room import f\n"
    )
    assert [path.name for path in import_closure(script)] == ["s.py", "page.html", "two.py"]
    whole = tmp_path / "whole.py"
    whole.write_text("import lungtox.room\n")
    assert {"one.py", "two.py", "__init__.py"} <= {path.name for path in import_closure(whole)}


def test_checksum_versions_and_canonical_json(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    # FIPS 180-2 example: SHA-256 of "abc".
    assert file_checksum(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_checksum(path) == hashlib.sha256(b"abc").hexdigest()
    assert {"python", "numpy", "snakemake"} <= set(versions())
    assert canonical_json({"b": [1.5], "a": None}) == '{"a":null,"b":[1.5]}'
    assert canonical_json({"b": [1.5], "a": None}, sort=False) == '{"b":[1.5],"a":null}'


def test_task_streams_are_independent_of_other_tasks() -> None:
    first = task_rng(1, "a", "b").random(3)
    assert (first == task_rng(1, "a", "b").random(3)).all()
    assert (first != task_rng(1, "a", "c").random(3)).all()
    assert (first != task_rng(2, "a", "b").random(3)).all()


def test_facts_of_an_earlier_process_give_the_same_digest(library: Path, tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text("from lungtox.room import f\n")
    first = digest(script)
    (kept,) = (library / "__pycache__").glob("code-facts-*.json")
    assert digest(script) == first
    kept.write_text("not JSON", encoding="utf-8")
    assert digest(script) == first
