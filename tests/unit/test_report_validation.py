"""Words on validation, selection and added value. Expected words follow from the inputs."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lungtox.report.blocks import Bullets, Table, Text
from lungtox.report.ladder_section import ladder_section
from lungtox.report.model_section import model_section, model_sentence
from lungtox.report.results import ModelResults
from lungtox.report.validation_blocks import performance_words, validation_blocks
from tests.unit.test_report_sentences import model, results


def both(leads: str) -> ModelResults:
    """Give a model that was validated in both ways."""
    known = model(leads=leads)
    assert known.validation is not None
    crossed = known.validation.assign(approach="cross-validation", corrected=0.66, low=0.62, high=0.69, resamples=20)
    return ModelResults(known.name, known.fit, pd.concat([known.validation, crossed], ignore_index=True))


def test_cross_validation_leads_where_events_are_few() -> None:
    words = performance_words(both("cross-validation"))
    assert words.startswith(
        "AUC 0.66 by cross-validation (range over the repeats 0.62 to 0.69, no confidence interval;"
    )
    assert "corrected by the bootstrap 0.73, instability range 0.60 to 0.80; apparent 0.81)" in words
    assert performance_words(both("bootstrap")).startswith("AUC 0.73 corrected for optimism")
    (table,) = (block for block in validation_blocks(both("cross-validation")) if isinstance(block, Table))
    assert table.columns[2].startswith("Cross-validated") and table.columns[3].startswith("Bootstrap")
    assert "Below ten events per candidate parameter" in table.caption
    assert [cell.text for cell in table.rows[0]] == ["AUC", "0.810", "0.660 (0.620 to 0.690)", "0.730 (0.600 to 0.800)"]


def selected() -> ModelResults:
    known = model(
        selection="forward", chosen=["mld_gy"], candidates=3, strength=None, leads="bootstrap",
        sample_size={"required": 366, "shrinkage": 366, "optimism": 111, "rate": 289, "parameters": 3,
                     "expected_auc": 0.7},
    )  # fmt: skip
    tables = {
        "selection": pd.DataFrame(
            [
                ("predictor", "mld_gy", True, 60, 0.6, 100),
                ("predictor", "v20_pct", False, 30, 0.3, 100),
                ("model", "mld_gy + v20_pct", False, 20, 0.2, 100),
                ("model", "mld_gy", True, 7, 0.07, 100),
            ],
            columns=["kind", "name", "chosen", "count", "share", "resamples"],
        ),
        "collinearity": pd.DataFrame(
            {
                "column": ["mld_gy", "v20_pct", "smoking"], "label": ["MLD", "V20", "Smoking"],
                "vif": [40.2, 38.0, 1.1],
                "cluster": [1, 1, np.nan], "representative": [True, False, True],
            }
        ),
        "influence": pd.DataFrame(
            {"patient": ["A", "B"], "dfbetas": [0.2, -1.4], "term": ["age_y", "mld_gy"], "probability": [0.1, 0.2]}
        ),
    }  # fmt: skip
    return ModelResults(known.name, known.fit, known.validation, tables)


def test_a_selected_model_never_reads_like_a_declared_one() -> None:
    found = selected()
    sentence = model_sentence(found)
    assert "chose MLD from 3 candidate parameters, the same ones in 7 of 100 resamples;" in sentence
    assert "associated" not in sentence
    section = model_section(results(models=(found,)))
    texts = " ".join(block.text for block in section.blocks if isinstance(block, Text))
    assert "were selected or shrunk by these data" in texts and "none was selected" not in texts
    captions = " ".join(block.caption for block in section.blocks if isinstance(block, Table))
    assert "intervals that ignore the selection" in captions
    assert "Riley's criteria ask for 366 patients" in texts and "there are 85" in texts
    assert "Variance inflation of 10 or more: MLD 40 and V20 38." in texts
    assert "MLD and V20 (represented by MLD)" in texts
    assert "1 patient alone moves a coefficient by a standard error or more, at most Mean lung dose" in texts


def test_weights_and_other_codings_are_said() -> None:
    row = {
        "coding": "all with RP", "term": "mld_gy", "label": "Mean lung dose", "value": 1.05, "low": 0.98, "high": 1.1,
        "p": 0.2, "n": 90, "events": 22, "finding": "",
    }  # fmt: skip
    failed = row | {"coding": "all without RP", "term": "", "finding": "one outcome class: nobody."}
    found = model(
        weights="ipcw", unknown={"died": 3, "lost": 2}, interval="robust (sandwich) Wald", codings=[row, failed],
        joint=[{"name": "smoking", "df": 2, "p": 0.04}],
    )  # fmt: skip
    section = model_section(results(models=(found,)))
    captions = [block.caption for block in section.blocks if isinstance(block, Table)]
    assert any(
        "with robust (sandwich) Wald intervals, weighted for 5 patients without known outcome" in text
        for text in captions
    )
    (codings,) = (block for block in section.blocks if isinstance(block, Table) and "left out" in block.caption)
    assert [cell.text for cell in codings.rows[0]][:3] == ["all with RP", "Mean lung dose", "1.05 (0.98 to 1.10)"]
    texts = " ".join(block.text for block in section.blocks if isinstance(block, Text))
    assert "all without RP: one outcome class: nobody." in texts
    assert "(robust Wald test)" in texts
    # The section on time shows the codings of all models in one table.
    beside = model_section(results(models=(found,), codings=pd.DataFrame({"model": ["m"]})))
    assert not any("left out" in block.caption for block in beside.blocks if isinstance(block, Table))


def test_shares_of_resamples_carry_labels() -> None:
    tables = [block for block in validation_blocks(selected()) if isinstance(block, Table)]
    rows = [[cell.text for cell in row] for table in tables for row in table.rows]
    assert ["MLD", "yes", "60"] in rows and ["V20", "", "30"] in rows and ["MLD + V20", "", "20"] in rows


def ladder(**changes: Any) -> pd.DataFrame:
    first: dict[str, Any] = {
        "step": "clinical", "added": "age_y", "label": "Age", "n": 98, "events": 26, "parameters": 1, "lr": np.nan,
        "p": np.nan, "auc_apparent": 0.70, "auc_corrected": 0.66, "auc_change": np.nan, "auc_change_low": np.nan,
        "auc_change_high": np.nan, "brier_apparent": 0.18, "brier_corrected": 0.19, "threshold": 0.2,
        "net_benefit_apparent": 0.1, "net_benefit_corrected": 0.08, "net_benefit_all": 0.082, "resamples": 100,
        "finding": "",
    }  # fmt: skip
    second = first | {
        "step": "dose", "label": "MLD", "parameters": 2, "lr": 8.7, "p": 0.0032, "auc_apparent": 0.78,
        "auc_corrected": 0.75, "auc_change": 0.09, "auc_change_low": -0.01, "auc_change_high": 0.12,
    }  # fmt: skip
    return pd.DataFrame([first, second | changes])


def test_the_ladder_shows_apparent_figures_only_beside_corrected_ones() -> None:
    section = ladder_section(results(ladder=ladder()))
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    assert "same 98 patients (26 with RP)" in table.caption and "threshold risk of 20 %" in table.caption
    cells = [cell.text for cell in table.rows[1]]
    assert cells[:6] == [
        "+ dose: MLD", "2", "8.70", "0.003", "0.750 (0.780)", "0.090 (\N{MINUS SIGN}0.010 to 0.120)",
    ]  # fmt: skip
    (words,) = (block for block in section.blocks if isinstance(block, Bullets))
    (sentence,) = words.items
    assert sentence.startswith("MLD: likelihood-ratio test p = 0.003; the corrected AUC changes by 0.090 (range ")
    assert sentence.endswith("\N{MINUS SIGN}0.010 to 0.120).")


@pytest.mark.parametrize("finding", ["one outcome class: found 0 events.", "more parameters than events: 9"])
def test_a_step_that_failed_is_said(finding: str) -> None:
    missing = dict.fromkeys(["lr", "p", "auc_apparent", "auc_corrected", "auc_change", "net_benefit_corrected"], np.nan)
    section = ladder_section(results(ladder=ladder(finding=finding, **missing)))
    (words,) = (block for block in section.blocks if isinstance(block, Bullets))
    assert words.items == (f"dose: {finding.rstrip('.')}.",)
    nothing = ladder_section(results())
    assert [block.text for block in nothing.blocks if isinstance(block, Text)] == [
        "No ladder of models is part of this analysis."
    ]
