"""Which form of each published model to use here: closed testing and Bayesian updating."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lungtox.figures import format_p
from lungtox.report.blocks import Block, Bullets, Cell, Notes, Text, make_table
from lungtox.report.results import Results, records
from lungtox.report.wording import count_cell, count_of, interval_cell, number_cell, optional, p_cell, text_of

ANSWERS = {
    "keep": "keep as published",
    "intercept": "new intercept",
    "recalibration": "recalibrate",
    "revision": "revise",
    "none": "no recommendation",
}
METHODS = {
    "original": "as published",
    "intercept": "new intercept",
    "recalibration": "recalibration",
    "revision": "revision",
    "bayes": "Bayesian",
}
NAMES = {
    "td50_gy": "TD50",
    "gamma50": "\N{GREEK SMALL LETTER GAMMA}50",
    "dose_gy": "dose",
    "slope": "slope of the linear predictor",
    "logit_ntcp": "log-odds of the published NTCP",
}


def update_sentence(row: Mapping[str, Any], *, brief: bool = False) -> str:
    """Say which form of a published model closed testing chooses here, and why; brief without model and counts."""
    label, answer = text_of(row["label"]), text_of(row["answer"])
    counts = f"{count_of(int(row['n']), 'patient')}, {int(row['events'])} with RP"
    if answer == "none":
        words = f"no recommendation: {text_of(row['reason']).rstrip('.')}"
    else:
        p = format_p(optional(row["p"]))
        words = {
            "keep": f"closed testing keeps it as published: no evidence for an update ({p})",
            "intercept": f"closed testing chooses a new intercept (misfit as published: {p})",
            "recalibration": f"closed testing recalibrates intercept and slope (misfit as published: {p})",
            "revision": f"closed testing revises it, all coefficients estimated anew (misfit as published: {p})",
        }[answer]
    return f"{words[0].upper()}{words[1:]}." if brief else f"{label} ({counts}): {words}."


def update_blocks(results: Results) -> Iterator[Block]:
    """Give the answer table, the tests, the parameters and the Bayesian alternative."""
    if results.updates is None:
        return
    models = records(results.updates)
    yield Text("In which form each published model describes these patients, by closed testing:")
    yield Bullets(tuple(update_sentence(row) for row in models))
    yield _answer_table(models)
    if len(models) > 1:
        yield from _best(models)
        yield Text(
            "Each model is judged on its own. To pick the one that looks best on these patients is a selection of its "
            "own, and its figures would then be too good."
        )
    if results.update_steps is not None:
        yield _test_table(records(results.update_steps))
    if results.update_parameters is not None:
        yield _parameter_table(records(results.update_parameters))
    yield from _bayes_blocks(models)


def _best(models: list[dict[str, Any]]) -> Iterator[Block]:
    """Say which model fits best in the form to use, among those with the same number of patients and events."""
    judged = [row for row in models if optional(row["aic"]) is not None]
    if len(judged) < 2 or len({(int(row["n"]), int(row["events"])) for row in judged}) > 1:
        return
    first, second, *_ = sorted(judged, key=lambda row: float(row["aic"]))
    yield Text(
        f"In the form to use, {text_of(first['label'])} fits these patients best (AIC {first['aic']:.1f}); "
        f"{text_of(second['label'])} follows (AIC {second['aic']:.1f}); differences below about 4 say little."
    )


def _answer_table(models: list[dict[str, Any]]) -> Block:
    rows = [
        (
            text_of(row["label"]), ANSWERS[text_of(row["answer"])], count_cell(row["n"]), count_cell(row["events"]),
            count_cell(row["estimated"]), p_cell(row["p"]), number_cell(row["aic"], decimals=1),
            text_of(row["equation"]) or text_of(row["reason"]),
            text_of(row["caveats"]),
        )
        for row in models
    ]  # fmt: skip
    columns = ("Model", "Use here", "n", "RP", "Estimated here", "p", "AIC", "Equation", "Beware")
    caption = (
        "Closed testing (Vergouwe 2017): the most extensive update is tested against the model as published, against a "
        "new intercept and against recalibration; the first test that is not significant decides. Estimated here: "
        "number of parameters. p: of the first test. AIC: of the form to use, compares models on the same patients "
        "only. D is the dose that the model sees; other names are 1 where the "
        "factor is present. An LKB model is updated on its own probit scale."
    )
    return make_table("updates", caption, columns, rows)


def _test_table(steps: list[dict[str, Any]]) -> Block:
    rows = [
        (
            text_of(row["label"]), METHODS[text_of(row["method"])], count_cell(row["estimated"]),
            number_cell(row["loglik"]), number_cell(row["lr"]), count_cell(row["df"]), p_cell(row["p"]),
            "yes" if row["tested"] else "", "yes" if row["chosen"] else "",
        )
        for row in steps
    ]  # fmt: skip
    columns = ("Model", "Form", "Estimated", "Log-likelihood", "LR", "df", "p", "Decides in turn", "Chosen")
    caption = (
        "Likelihood-ratio tests of the last form of each model (the most extensive update) against the forms before "
        "it. With one predictor recalibration is the revision."
    )
    return make_table("update-tests", caption, columns, rows)


def _parameter_table(rows: list[dict[str, Any]]) -> Block:
    shown = [row for row in rows if row["chosen"] or row["method"] == "bayes"]
    cells = [
        (
            text_of(row["label"]), METHODS[text_of(row["method"])],
            NAMES.get(row["parameter"], text_of(row["parameter"]).replace("_", " ")), text_of(row["unit"]),
            _published(row), _estimate(row),
        )
        for row in shown
    ]  # fmt: skip
    columns = ("Model", "Form", "Parameter", "Unit", "Published", "Here (95 % interval)")
    caption = (
        "Parameters of the chosen updates (profile-likelihood intervals) and of the Bayesian ones (credible "
        "intervals). TD50 and \N{GREEK SMALL LETTER GAMMA}50 or m are of the reference patient. All forms are in "
        "ntcp/published/update_parameters.csv."
    )
    return make_table("update-parameters", caption, columns, cells)


def _published(row: Mapping[str, Any]) -> Cell:
    """Give a printed parameter with no more decimals than it was printed with."""
    parts = [row[name] for name in ("published", "published_low", "published_high") if optional(row[name]) is not None]
    decimals = min(_decimals(row), max((decimals_of(float(part)) for part in parts), default=0))
    if len(parts) < 3:
        return number_cell(row["published"], decimals=decimals)
    return interval_cell(*parts, decimals=decimals)


def _estimate(row: Mapping[str, Any]) -> Cell:
    if not row["estimated"]:
        return Cell("as published")
    return interval_cell(row["estimate"], row["low"], row["high"], decimals=_decimals(row))


def _decimals(row: Mapping[str, Any]) -> int:
    return 1 if text_of(row["unit"]) == "Gy" else 3


def decimals_of(number: float) -> int:
    """Give how many decimals a number has as people write it: 2 of -3.87."""
    return len(f"{number:.12g}".partition(".")[2])


def _bayes_blocks(models: list[dict[str, Any]]) -> Iterator[Block]:
    made = [row for row in models if text_of(row["bayes_equation"])]
    if made:
        rows = [
            (
                text_of(row["label"]), text_of(row["bayes_equation"]),
                number_cell(100 * row["prior_share"], decimals=0), count_cell(row["prior_patients"]),
                p_cell(row["conflict_p"]),
            )
            for row in made
        ]  # fmt: skip
        columns = ("Model", "Equation", "Information from the publication (%)", "Worth patients", "Conflict p")
        caption = (
            "Bayesian updating, the alternative for small cohorts: the printed parameters with their 95 % intervals as "
            "a normal prior, combined with these patients. Conflict p: how surprising these patients are under the "
            "published model; when small, the two should not be averaged."
        )
        yield make_table("update-bayes", caption, columns, rows)
    notes = tuple(
        f"{text_of(row['label'])}: {text_of(row['bayes_note'])}" for row in models if text_of(row["bayes_note"])
    )
    if notes:
        yield Notes("Notes on Bayesian updating", notes)
