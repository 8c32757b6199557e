"""Words on updates of published models. Expected words follow from the inputs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lungtox.report.blocks import Bullets, Notes, Table
from lungtox.report.findings import summary_section
from lungtox.report.methods import methods_section
from lungtox.report.ntcp_section import published_section
from lungtox.report.update_blocks import update_blocks, update_sentence
from tests.unit.test_report_sentences import results

ROW = {
    "model": "x", "label": "X 2000", "answer": "intercept", "reason": "", "n": 90, "events": 22, "estimated": 1,
    "p": 0.011, "aic": 130.2, "equation": "logit(NTCP) = -3.27 + 0.126 D",
    "published_equation": "logit(NTCP) = -3.87 + 0.126 D",
    "expected_slope": np.nan, "caveats": "22 events, fewer than 100: the update is uncertain", "bayes_equation": "",
    "prior_share": np.nan, "prior_patients": np.nan, "conflict_p": np.nan, "bayes_note": "no printed intervals",
}  # fmt: skip
NONE = {
    **ROW,
    "label": "Y",
    "answer": "none",
    "reason": "too few events to update.",
    "equation": "",
    "p": np.nan,
    "aic": np.nan,
}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("keep", "X 2000 (90 patients, 22 with RP): closed testing keeps it as published: no evidence for"),
        ("intercept", "closed testing chooses a new intercept (misfit as published: p = 0.011)."),
        ("recalibration", "recalibrates intercept and slope"),
        ("revision", "revises it, all coefficients estimated anew"),
    ],
)
def test_the_answer_is_a_sentence(answer, words):
    assert words in update_sentence({**ROW, "answer": answer})


def test_no_answer_gives_its_reason():
    assert update_sentence(NONE) == ("Y (90 patients, 22 with RP): no recommendation: too few events to update.")


def test_blocks_have_the_answer_first_and_the_equation_in_it():
    blocks = list(update_blocks(results(updates=pd.DataFrame([ROW, NONE]))))
    assert isinstance(blocks[1], Bullets) and len(blocks[1].items) == 2
    table = next(block for block in blocks if isinstance(block, Table))
    assert [cell.text for cell in table.rows[0]] == [
        "X 2000", "new intercept", "90", "22", "1", "0.011", "130.2", "logit(NTCP) = -3.27 + 0.126 D",
        "22 events, fewer than 100: the update is uncertain",
    ]  # fmt: skip
    assert [cell.text for cell in table.rows[1]][1] == "no recommendation"
    assert any("selection of its own" in getattr(block, "text", "") for block in blocks)
    (notes,) = (block for block in blocks if isinstance(block, Notes))
    assert notes.items == ("X 2000: no printed intervals", "Y: no printed intervals")
    assert list(update_blocks(results())) == []


def test_models_are_compared_only_on_the_same_number_of_patients():
    def words(*rows):
        return " ".join(getattr(block, "text", "") for block in update_blocks(results(updates=pd.DataFrame(rows))))

    other = {**ROW, "label": "Z", "aic": 136.6}
    assert "X 2000 fits these patients best (AIC 130.2); Z follows (AIC 136.6)" in words(other, ROW)
    assert "differences below about 4 say little" in words(other, ROW)
    assert "fits these patients best" not in words({**other, "n": 80}, ROW)
    assert "fits these patients best" not in words(NONE, ROW)


def test_bayesian_update_shows_what_the_publication_weighs():
    row = {**ROW, "bayes_equation": "logit(NTCP) = -3.5 + 0.13 D", "prior_share": 0.68, "prior_patients": 191.0}
    tables = [
        block
        for block in update_blocks(results(updates=pd.DataFrame([{**row, "conflict_p": 0.004}])))
        if isinstance(block, Table)
    ]
    bayes = next(table for table in tables if table.name == "update-bayes")
    assert [cell.text for cell in bayes.rows[0]] == ["X 2000", "logit(NTCP) = -3.5 + 0.13 D", "68", "191", "0.004"]


def test_summary_and_methods_speak_of_updates():
    config = {
        "endpoint": {"scale": "CTCAE", "grade": 2, "window_months": 6, "start": "rt_end"},
        "ntcp": {"published": ["x"], "update": {"alpha": 0.05, "largest": "revision", "bayes": True}},
    }
    found = results(updates=pd.DataFrame([ROW]), config=config)
    lists = [block for block in summary_section(found).blocks if isinstance(block, Bullets)]
    assert any("closed testing chooses a new intercept" in item for block in lists for item in block.items)
    words = str(methods_section(found))
    assert "closed testing with likelihood-ratio tests at level 0.05 (Vergouwe 2017), up to revision" in words
    assert "Laplace" in words
    assert "No published model" in str(published_section(found))
