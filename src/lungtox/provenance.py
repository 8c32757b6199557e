"""What made a result: digests of code, config and inputs, and versions. Standard library only."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE_ROOT = Path(__file__).resolve().parent
MOST_FACTS = 5000
_FILE_NAME = re.compile(r"\w[\w./-]{0,99}")
REPORTED_DISTRIBUTIONS = (
    "lungtox", "snakemake", "numpy", "scipy", "pandas", "pyarrow", "pydicom", "SimpleITK", "statsmodels",
    "scikit-learn", "firthmodels", "tableone", "matplotlib", "seaborn", "pandera", "pydantic",
)  # fmt: skip


def file_checksum(path: str | Path) -> str:
    """Give the SHA-256 of a file as hexadecimal text."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def state_of_files(paths: Iterable[str | Path]) -> str:
    """Give a digest of names, sizes and times of files: cheap, and changed by any edit. Missing files count too."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            status = Path(path).stat()
        except OSError:
            digest.update(f"{path} missing\n".encode())
        else:
            digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Give the versions of Python and of the packages that the results depend on."""
    found = {"python": platform.python_version()}
    for name in REPORTED_DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def canonical_json(content: Any, *, sort: bool = True) -> str:
    """Give the one JSON text of a structure: keys sorted, or in the order in which they stand, no blanks."""
    return json.dumps(content, sort_keys=sort, separators=(",", ":"), allow_nan=False)


def code_digest(script: str | Path) -> str:
    """Digest what a script really imports from lungtox, so that a changed formula reruns what depends on it.

    The import closure is read with ast. A public name of a room is followed through the room's stub to the
    module it lives in, so that an edit of another module of that room changes nothing here. Comments,
    docstrings and formatting do not count; data files that a module names in a string do.

    Parameters
    ----------
    script : path of a Python file

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    digest, known = hashlib.sha256(), len(_known_facts())
    for path in import_closure(script):
        digest.update(path.name.encode())
        digest.update(_content(path)[0].encode())
    _keep_facts(known)
    return digest.hexdigest()[:16]


def import_closure(script: str | Path) -> list[Path]:
    """Give the script, the lungtox modules that it imports (through all levels) and the data files they name."""
    found: set[Path] = set()
    waiting = [Path(script).resolve()]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_content(path)[1])
    return sorted(found, key=lambda path: (path != Path(script).resolve(), str(path)))


class _Facts(NamedTuple):
    """What the text of a module says, whatever other files there are."""

    digest: str  # without comments, docstrings and formatting
    imports: list[tuple[str, str]]  # module, and the name that is taken from it or ""
    texts: list[str]  # strings that may be names of data files


@cache
def _content(path: Path) -> tuple[str, tuple[Path, ...]]:
    """Give the digest of a file and the files that it uses."""
    text = path.read_bytes()
    checksum = hashlib.sha256(text).hexdigest()
    if path.suffix != ".py":
        return checksum, ()
    known = _known_facts()
    if checksum not in known:
        known[checksum] = _read_facts(text)
    facts = _Facts(*known[checksum])
    used = [file for module, name in facts.imports for file in _imported_files(module, name)]
    return facts.digest, (*used, *(file for name in facts.texts for file in _data_files(path, name)))


def _read_facts(text: bytes) -> _Facts:
    tree = ast.parse(text)
    imports: list[tuple[str, str]] = []
    texts: list[str] = []
    for node in _runtime_nodes(tree):
        if isinstance(node, ast.Import):
            imports += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            imports += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _FILE_NAME.fullmatch(node.value):
            texts.append(node.value)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # A text that stands alone is a docstring: it changes no result.
            node.body = [item for item in body if not _is_docstring(item)]  # type: ignore[attr-defined]
    return _Facts(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imports, texts)


def _facts_file() -> Path:
    """Give the place of the facts, another one for each Python and each version of this module."""
    own = file_checksum(__file__)[:12]
    return PACKAGE_ROOT / "__pycache__" / f"code-facts-{sys.implementation.cache_tag}-{own}.json"


@cache
def _known_facts() -> dict[str, _Facts]:
    """Give the facts of earlier runs by the checksum of the text: parsing the library takes two seconds."""
    try:
        known: dict[str, _Facts] = json.loads(_facts_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if len(known) <= MOST_FACTS else {}


def _keep_facts(count_before: int) -> None:
    """Write the facts beside Python's own compiled files, where that is allowed."""
    known = _known_facts()
    if len(known) == count_before:
        return
    file = _facts_file()
    draft = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    with contextlib.suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        draft.write_text(json.dumps(known), encoding="utf-8")
        os.replace(draft, file)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk the tree without what only the type checker sees."""
    waiting = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                waiting.extend(node.orelse)
                continue
            yield node
            waiting.append(node)


def _locate(module: str) -> Path | None:
    """Give the file of a lungtox module or package; None for anything else."""
    parts = module.split(".")
    if parts[0] != PACKAGE_ROOT.name:
        return None
    stem = PACKAGE_ROOT.joinpath(*parts[1:])
    for candidate in (stem / "__init__.py", stem.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None


def _imported_files(module: str, name: str) -> Iterable[Path]:
    return _name_files(module, name) if name else _module_files(module)


def _module_files(module: str) -> Iterable[Path]:
    located = _locate(module)
    if located is None:
        return ()
    # `import lungtox.dose` alone says nothing about what is used: count the whole room.
    return sorted(located.parent.glob("*.py")) if located.name == "__init__.py" else (located,)


def _name_files(module: str, name: str) -> Iterable[Path]:
    submodule = _locate(f"{module}.{name}")
    if submodule is not None:
        return _module_files(f"{module}.{name}")
    located = _locate(module)
    if located is None:
        return ()
    if located.name != "__init__.py":
        return (located,)
    source = _stub_sources(located.with_suffix(".pyi")).get(name)
    return (located,) if source is None else (source,)


@cache
def _stub_sources(stub: Path) -> dict[str, Path]:
    """Read a room's stub: public name -> file in which it lives."""
    if not stub.is_file():
        return {}
    sources: dict[str, Path] = {}
    for node in ast.walk(ast.parse(stub.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            file = stub.parent.joinpath(*node.module.split(".")).with_suffix(".py")
            sources.update({alias.asname or alias.name: file for alias in node.names})
    return sources


def _data_files(module: Path, text: str) -> Iterable[Path]:
    if PACKAGE_ROOT not in module.parents:
        return ()
    named = module.parent / text
    if named.is_file() and named.suffix not in (".py", ".pyi"):
        return (named,)
    if named.is_dir() and not (named / "__init__.py").exists() and module.parent != PACKAGE_ROOT:
        return sorted(path for path in named.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc"))
    return ()
