"""Scripts turn a lungtox error into a message and status 1, never into a traceback."""

from __future__ import annotations

from argparse import Namespace

import pytest

from lungtox.entry import run
from lungtox.errors import Fault, InputError


def test_options_reach_main(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Namespace] = []
    monkeypatch.setattr("sys.argv", ["s", "--one-thing", "1", "--files", "a", "b"])
    run(seen.append, one_thing="a number", files="paths ...", maybe="left out?")
    assert (seen[0].one_thing, seen[0].files, seen[0].maybe) == ("1", ["a", "b"], None)


def test_lungtox_errors_become_a_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def main(options: Namespace) -> None:
        raise InputError([Fault("P014", "a structure 'lungs'", "Heart", "Add an alias."), Fault("P015", "a", "b", "c")])

    monkeypatch.setattr("sys.argv", ["s"])
    with pytest.raises(SystemExit) as caught:
        run(main)
    assert caught.value.code == 1
    assert capsys.readouterr().err == (
        "P014: expected a structure 'lungs'; found Heart. Add an alias.\nP015: expected a; found b. c\n"
    )
