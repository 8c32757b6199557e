"""TRIPOD+AI checklist: where this report answers each item, and what the authors have to write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lungtox.report.blocks import Cell, Section, Table, Text, make_table
from lungtox.report.results import Results

AUTHORS = "to be written by the authors"
NAMES = {
    "summary": "Summary of findings",
    "patients": "Patients",
    "names": "Structures",
    "dose": "Dose and function",
    "factors": "Single factors",
    "cytokines": "Cytokines",
    "models": "Multivariable models",
    "ladder": "Added value",
    "roc": "Discrimination of single metrics",
    "time": "Pneumonitis in time",
    "ntcp": "NTCP models",
    "comparison": "Which description of the dose?",
    "published": "Published models",
    "function": "Functional lung",
    "missing": "Missing values",
    "limitations": "Limitations",
    "methods": "Methods",
    "provenance": "Provenance",
}


@dataclass(frozen=True)
class Item:
    """One item: number, part of the paper, what is asked, the sections that answer it, and what they leave open."""

    number: str
    part: str
    asked: str
    sections: tuple[str, ...] = ()
    left: str = ""
    needs: str = ""
    """What the sections answer it with, where not every analysis has it."""


ITEMS = (
    Item("1", "Title", "Says that a prediction model is developed or evaluated, for whom and for which outcome"),
    Item("2", "Abstract", "Abstract after the list for abstracts", ("summary",), "material for it"),
    Item("3a", "Introduction", "Medical context, why the model, which models there are"),
    Item("3b", "Introduction", "For which patients, for what use and for which users it is meant"),
    Item("3c", "Introduction", "Known differences in health between groups of people"),
    Item("4", "Introduction", "Aims: development, evaluation or both"),
    Item("5a", "Methods: data", "Where the data come from, why, and whether they represent the patients meant",
         ("provenance",), "names the input tables; source and representativeness are for the authors"),
    Item("5b", "Methods: data", "Dates of accrual and end of follow-up"),
    Item("6a", "Methods: participants", "Setting, number and place of the centres"),
    Item("6b", "Methods: participants", "Who was eligible", ("patients",),
         "exclusions of this analysis; the criteria of the cohort are for the authors"),
    Item("6c", "Methods: participants", "Treatments received and how they were handled", ("patients", "dose")),
    Item("7", "Methods: data preparation", "Preparation and quality checks of the data",
         ("names", "dose", "patients", "methods")),
    Item("8a", "Methods: outcome", "What is predicted, over which time, how it was assessed", ("methods", "patients"),
         "who graded and how is for the authors"),
    Item("8b", "Methods: outcome", "Qualification of those who judged the outcome"),
    Item("8c", "Methods: outcome", "Blinding of the assessment of the outcome"),
    Item("9a", "Methods: predictors", "How the candidates were chosen before modelling", ("methods",),
         "lists them; the reasons are for the authors"),
    Item("9b", "Methods: predictors", "Definition of each predictor, how and when it was measured",
         ("methods", "dose", "cytokines"), "units and sources in cohort/dictionary.csv"),
    Item("9c", "Methods: predictors", "Qualification of those who judged predictors"),
    Item("10", "Methods: sample size", "How the size of the study came about, and whether it is enough",
         ("models", "limitations"), "required and available number; how the cohort came about is for the authors"),
    Item("11", "Methods: missing data", "How missing values were handled", ("methods", "missing")),
    Item("12a", "Methods: analysis", "How the data were used for development and evaluation", ("methods", "models")),
    Item("12b", "Methods: analysis", "Form, scale and transformation of the predictors", ("methods", "models")),
    Item("12c", "Methods: analysis", "Kind of model, how it was built, tuned and validated", ("methods",)),
    Item("12d", "Methods: analysis", "Differences between clusters such as centres", ("models",), needs="levels"),
    Item("12e", "Methods: analysis", "Measures and plots of performance", ("methods", "models", "roc")),
    Item("12f", "Methods: analysis", "Updating of a model after its evaluation",
         ("methods", "published"), needs="updates"),
    Item("12g", "Methods: analysis", "How the predictions under evaluation were calculated",
         ("published", "models")),
    Item("13", "Methods: class imbalance", "Measures against unequal classes and what followed", ("methods",),
         "none is taken: no patients are added, dropped or weighted to balance the outcome"),
    Item("14", "Methods: fairness", "What was done for fairness between groups of people", ("factors",),
         "factors within the declared strata; the reasoning is for the authors", needs="strata"),
    Item("15", "Methods: model output", "What the model gives, and thresholds with their reason", ("models", "roc"),
         "risks; thresholds are those of the config"),
    Item("16", "Methods: training and evaluation", "Differences between the data of development and evaluation",
         ("published",), "for published models: structure, dose quantity and fractionation"),
    Item("17", "Methods: ethics", "Approval and consent"),
    Item("18a", "Open science", "Funding and the part of the funders"),
    Item("18b", "Open science", "Conflicts of interest"),
    Item("18c", "Open science", "Where the protocol is, or that there is none"),
    Item("18d", "Open science", "Registration, or that there is none"),
    Item("18e", "Open science", "Whether the data can be had"),
    Item("18f", "Open science", "Whether the code can be had", ("provenance",),
         "versions, config and seed; where they are deposited is for the authors"),
    Item("19", "Patient and public involvement", "Part of patients and public, or that there was none"),
    Item("20a", "Results: participants", "Flow of the patients, with and without the outcome", ("patients", "time")),
    Item("20b", "Results: participants", "Characteristics of the patients, missing values, events",
         ("patients", "missing")),
    Item("20c", "Results: participants", "Comparison with the data of development, for an evaluation", ("published",),
         "observed against predicted risk; the patients of the publication are in it"),
    Item("21", "Results: development", "Patients and events of each analysis", ("models", "ntcp", "summary")),
    Item("22", "Results: specification", "The whole model, so that it can be applied", ("models", "ntcp", "published"),
         "coefficients, intercept and covariance in models/*/fit.json and ntcp/*/fit.json"),
    Item("23a", "Results: performance", "Performance with intervals, in key groups too, with plots",
         ("models", "roc", "published"), "ranges over resamples; performance within groups is not computed"),
    Item("23b", "Results: performance", "Differences of performance between clusters", ("models",), needs="levels"),
    Item("24", "Results: updating", "Results of updating", ("published",), needs="updates"),
    Item("25", "Discussion", "Meaning of the main results, fairness included", ("summary",), "material for it"),
    Item("26", "Discussion", "Limitations and what they do to the results", ("limitations",),
         "those that the data show"),
    Item("27a", "Discussion: use", "What to do where input is poor or not available", ("missing", "function"),
         "material for it"),
    Item("27b", "Discussion: use", "What users have to do and know"),
    Item("27c", "Discussion: use", "Next steps, and to whom the model applies"),
)  # fmt: skip
"""The items of TRIPOD+AI (Collins 2024, doi 10.1136/bmj-2023-078378): its numbers, our words."""


def tripod_section(results: Results) -> Section:
    """Give the checklist with a link to where each item is answered."""
    return Section(
        "tripod",
        "TRIPOD+AI checklist",
        (
            Text(
                "Where this report answers the items of TRIPOD+AI (Collins 2024), in our own short words; the numbers "
                "are those of the checklist. What data and settings cannot answer is left to the authors. That an item "
                "is answered says nothing about how good the study is."
            ),
            tripod_table(results),
        ),
    )


def tripod_table(results: Results) -> Table:
    """Give the checklist as a table: item, part, what is asked, where it is answered, what is left open."""
    rows = [
        (item.number, item.part, item.asked, _answer(item, results), item.left if _known(item, results) else "")
        for item in ITEMS
    ]
    columns = ("Item", "Part", "Asked", "Answered in", "Left open, or in what form")
    return make_table("tripod", "TRIPOD+AI, item by item.", columns, rows, sortable=False)


def _answer(item: Item, results: Results) -> Cell:
    known = tuple(_known(item, results))
    if not known:
        return Cell(AUTHORS)
    return Cell(", ".join(NAMES[name] for name in known), links=tuple((NAMES[name], f"#{name}") for name in known))


def _known(item: Item, results: Results) -> list[str]:
    present = {"", *_present(results)}
    return [name for name in item.sections if name in present] if item.needs in present else []


def _present(results: Results) -> Iterator[str]:
    """Give the sections that have something to say in this analysis, and parts of them that only some have."""
    yield from ("summary", "patients", "names", "dose", "limitations", "methods", "provenance")
    has = {
        "factors": results.univariable is not None,
        "cytokines": results.cytokines is not None,
        "models": bool(results.models),
        "ladder": results.ladder is not None,
        "roc": results.auc is not None,
        "time": results.time_groups is not None,
        "ntcp": bool(results.ntcp),
        "comparison": results.comparison is not None,
        "published": results.published is not None,
        "function": results.function_sweep is not None,
        "missing": results.patterns is not None,
        "levels": any(model.tables.get("internal_external") is not None for model in results.models),
        "strata": results.strata is not None,
        "updates": results.updates is not None,
    }
    yield from (name for name, there in has.items() if there)
