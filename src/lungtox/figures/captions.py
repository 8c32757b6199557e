"""Captions of the figures, the same in the report and in workflow/report."""

from __future__ import annotations

CAPTIONS: dict[str, str] = {
    "agreement": (
        "Agreement of two sources of dose (Bland-Altman): difference, second minus first source, against the mean of "
        "both, in the unit of the metric or in percent, as its clinical limit is stated. Solid: bias; dashed: limits "
        "of agreement (bias and 1.96 SD), shaded: their 95 % intervals; dotted: the clinical limit that was set "
        "beforehand. Filled squares lie outside the limits of agreement, as about one in twenty does by construction."
    ),
    "agreement_forest": (
        "Differences of two sources of dose in parts of each metric's clinical limit (green: within it). Squares with "
        "thick lines: bias with 95 % interval; thin lines: limits of agreement, shaded: their 95 % intervals. Agree: "
        "both intervals lie within the clinical limit; do not agree: one lies beyond; open: these numbers cannot "
        "tell. q: paired test, Benjamini-Hochberg over the metrics of a comparison and group."
    ),
    "agreement_curves": (
        "Difference of the cumulative dose-volume histograms of two sources, second minus first, in percent of the "
        "volume: mean (line) and pointwise limits of agreement (shaded). Dotted: clinical limit of the largest "
        "difference. The limits hold at each dose alone."
    ),
    "dvh_groups": (
        "Mean cumulative dose-volume histograms of patients with and without radiation pneumonitis (RP), physical "
        "dose, "
        "with pointwise 95 % confidence bands of the mean. Panels: structure and weighting; functional panels hold "
        "the patients with a perfusion image. The bands hold at each dose alone and test nothing."
    ),
    "flow": (
        "Flow of patients: those of the list, exclusions with their reasons, patients whose outcome is neither "
        "radiation pneumonitis (RP) nor its absence because the window was not closed, and the groups of the binary "
        "analyses."
    ),
    "dvh_differences": (
        "Difference of the mean cumulative dose-volume histograms, patients with minus patients without radiation "
        "pneumonitis (RP), physical dose, in percentage points of the volume. Grey: at no dose at all does the "
        "difference go beyond it in 95 % of random reassignments of the patients to the groups (max-T permutation "
        "band); where the curve does (thick), the groups differ with p < 0.05 adjusted over all doses of the panel, "
        "not over the panels. Dashed: Welch 95 % intervals of the difference, which hold at each dose alone."
    ),
    "dose_levels": (
        "Volume that gets at least x Gy (Vx) against radiation pneumonitis (RP) for every x, what many papers do by "
        "eye here with the error controlled over all doses. Above: odds ratio per step of Vx of a logistic model "
        "with Vx alone, with profile-likelihood 95 % intervals that hold at each dose alone. Below: p of the score "
        "test by permutation, at each dose alone (dashed) and adjusted over all doses of the panel (max-T, Westfall "
        "and Young), with a line at 0.05; not adjusted over the panels. Neighbouring doses are nearly the same "
        "variable: a range of doses is one finding. Gaps: see the findings in figures/dose_levels.csv."
    ),
    "forest": (
        "Odds ratios of radiation pneumonitis (RP) with 95 % confidence intervals, on a log scale. Single factors: "
        "each alone, q values adjusted within the family (Benjamini-Hochberg). Multivariable models: adjusted "
        "for the other "
        "terms. Filled markers: q < 0.05 (single factors) or p < 0.05 (models); arrows: the interval goes on beyond "
        "the axis."
    ),
    "cytokines": (
        "Cytokines before (pre) and during radiotherapy by group, on a log scale. Boxes: quartiles and median, "
        "whiskers to "
        "the last value within 1.5 interquartile ranges; lines join the values of a patient; n: patients "
        "with a value before | during. Values below the "
        "detection limit are drawn at half of it. q values compare the groups at each time."
    ),
    "roc": (
        "ROC curves of single dose metrics as they stand, the direction of risk declared beforehand; nothing is "
        "fitted. Each curve uses all patients who have that metric. Areas "
        "under the curve (AUC) with DeLong 95 % confidence intervals on the logit scale; below, the declared paired "
        "comparisons on the patients who have both metrics (DeLong). Bands: pointwise 95 % intervals of the "
        "sensitivity (bootstrap), for the metrics of the first pair."
    ),
    "missing": (
        "Patterns of missing values among the columns that the analyses use. Each row is a group of patients: black "
        "squares are missing, dots are there; bars count the patients by outcome. Columns that are always missing "
        "together share one column."
    ),
    "incidence": (
        "Cumulative incidence of radiation pneumonitis (RP) from the start of the window, with death without RP as "
        "competing event (Aalen-Johansen) and pointwise 95 % intervals. Panels: all patients, and groups by dose; p of "
        "Gray's test."
    ),
    "calibration": (
        "Calibration of the logistic models: share of patients with radiation pneumonitis (RP) against predicted risk, "
        "smoothed (lowess), corrected for optimism by the bootstrap, with a pointwise 95 % band of sampling; dotted: "
        "apparent. Histograms at the foot: predicted risks of the patients, those with RP upwards, those without "
        "downwards. The printed figures are corrected ones."
    ),
    "decision": (
        "Decision curves of the logistic models: net benefit of treating patients as likely to develop radiation "
        "pneumonitis (RP) from a threshold risk on, corrected for optimism, against treating all or none so. Shaded: "
        "middle 95 % over the resamples, no confidence band."
    ),
    "stability": (
        "Stability of the predictions: each patient's risk by the model (points) and the middle 95 % of what the "
        "models refitted to bootstrap resamples give the same patient (lines). Long lines: the risk depends on who "
        "happened to be in the cohort."
    ),
    "dendrogram": (
        "Candidates of the logistic models by absolute rank correlation (Spearman, average linkage); the outcome is "
        "not looked at. Candidates that join left of the dashed line at 0.7 are one cluster (coloured); an "
        "asterisk marks the one that stands for it. Categories are not shown."
    ),
    "correlations": (
        "Dose metrics of all analysed patients by rank correlation (Spearman, pairwise), in the order of the tree "
        "at the right (1 minus absolute correlation, average linkage); the outcome is not looked at. Darker: "
        "closer, of either sign, as the strip below the tree says; n: patients of a pair. "
        "Frames: clusters of metrics that join left of the dashed line at 0.7; an asterisk "
        "marks the one that stands for each."
    ),
    "function_sweep": (
        "How functional lung metrics depend on choices, one at a time, against the region and the image as they are. "
        "Left: threshold and reference value of the functional region. Right: the image moved by 5 and 10 mm towards "
        "the patient's left (L), right (R), front (A), back (P), head (S) and feet (I), and the image with the other "
        "attenuation correction (AC) where there is one. Upper rows: median change of the patients, bars from the 5th "
        "to the 95th percentile; MPWLD has no threshold. Bottom: AUC of fV20 minus AUC of V20 with 95 % confidence "
        "intervals (paired DeLong), all patients moved alike. The intervals are not adjusted for their number."
    ),
    "fractionation": (
        "Schedules of equal tumour effect. Effect E0: mean over the organ of the biologically effective dose with the "
        "organ's alpha/beta, by number of fractions (thick: admissible by the organ's rule). Admissible numbers: one "
        "row for each organ, and those that all allow; paler where some patients allow them only. Effect on the organ "
        "against that on the tumour while the dose rises, for few and many fractions: the lower line spares more. "
        "NTCP: published models on EQD2 of each schedule. Several patients: median, band from smallest to largest."
    ),
    "dvh_curves": (
        "A structure moved in its dose. Top: mean cumulative DVHs of the patients, contours moved, and of the dose "
        "blurred by breathing where asked for. Below: mean and standard deviation of the doses in the structure (bars: "
        "standard deviation over the patients); mean residual sum of squares of each model; AIC of the Fermi model "
        "minus AIC of the Gaussian one, a point a patient: below 0 the Fermi model is ahead. Dashed: between the "
        "shifts within and beyond the margin. DVH points are not independent, so AIC describes and does not test."
    ),
    "delivered": (
        "Planned against delivered dose. Top: planned minus delivered for each metric, in % of its mean planned value: "
        "patients (points), mean with 95 % confidence interval (squares), the same in the metric's own unit with the p "
        "value of the paired test that the config names. Below left: mean cumulative dose-volume histograms of the "
        "patients, solid: planned, dashed: delivered, colours as on the right. Right: mean volume of each structure in "
        "the sessions in % of that at planning (bars: standard deviation over the patients), from contours of the "
        "sessions where there are any, else from the deformation fields."
    ),
    "ntcp": (
        "Dose response of radiation pneumonitis (RP). Lines: models fitted to this cohort by maximum likelihood, with "
        "pointwise 95 % intervals. Points: observed rates in groups of patients by dose, with 95 % confidence "
        "intervals and "
        "events/patients. Where n is fitted, the interval covers all values of n (uniform irradiation with that dose), "
        "and the points stand at the gEUD of the fitted n. Published models are laid over panels of the same dose, "
        "those with patient factors for their reference patient. Parameters with profile-likelihood intervals."
    ),
    "published": (
        "Published models on these patients. Calibration: share with radiation pneumonitis (RP) against the risk as "
        "published, smoothed (lowess). Net benefit of treating patients as likely to develop RP from a threshold risk "
        "on, as published, without intervals. Thin grey lines: ideal, and treat none. Below, for each model: its curve "
        "as published, as closed testing "
        "chooses it, and combined with these patients by Bayesian updating, for the reference patient, with pointwise "
        "95 % intervals."
    ),
    "ntcp_comparison": (
        "Descriptions of the dose in logistic models of radiation pneumonitis (RP), alone and with further predictors, "
        "on the same patients. AUC, calibration slope and net benefit are corrected for optimism (bootstrap; gEUD with "
        "its volume parameter n estimated in each resample). Bars: middle 95 % over the resamples; differences are "
        "from the open circle, the reference that was declared beforehand, on the same resamples. Akaike weight: "
        "relative support by AIC among all models shown. Below: profile likelihood of n; the interval of n is where "
        "the curve lies above the line."
    ),
    "ntcp_surface": (
        "Likelihood of NTCP models over the volume and the dose parameter, all other parameters maximised at each "
        "point. Lines: joint 50 %, 80 % and 95 % regions (chi-square, 2 df); dotted: drop of the 95 % profile "
        "interval of one parameter alone, whose outermost points are its limits. Cross: estimate. A valley that leaves "
        "the picture means that the data do not tell the two parameters apart."
    ),
    "ntcp_time": (
        "When radiation pneumonitis (RP) comes, by NTCP models with a log-normal latency (days from the start of "
        "radiotherapy). Left: share of the complications that have come, with a pointwise 95 % interval (normal "
        "approximation). Right: incidence that the model predicts on average for these patients, against the "
        "observed one (1 - Kaplan-Meier, deaths without RP censored as in the model) with 95 % CI. The same "
        "patients made the model."
    ),
}
PATIENT_FIGURES = frozenset(
    {"agreement", "calibration", "contact_sheet", "cytokines", "delivered", "dvh_curves", "stability"}
)
"""Figures that show single patients as points, ticks, lines or pictures: so do all of their files, the table too."""
ALTERNATIVES: dict[str, str] = {
    "agreement": "Bland-Altman plots; the figures stand in the table of this section, points in figures/agreement.csv",
    "agreement_forest": "Differences with limits of agreement; values in figures/agreement_forest.csv",
    "agreement_curves": "Differences of dose-volume histograms; values in figures/agreement_curves.csv",
    "dvh_groups": "Mean dose-volume histograms of the groups; values in figures/dvh_groups.csv",
    "flow": "Boxes with numbers of patients from the list to the analyses; values in figures/flow.csv",
    "dvh_differences": "Difference curves of the groups' mean histograms; values in figures/dvh_differences.csv",
    "dose_levels": "Odds ratios and p values against dose; values in figures/dose_levels.csv",
    "forest": "Forest plot of odds ratios; the values stand in the tables of this report and in figures/forest.csv",
    "cytokines": "Box plots of cytokine values by group and time; values in figures/cytokines.csv",
    "roc": "ROC curves; the areas stand in the table of this section, the points in figures/roc.csv",
    "missing": "Which values are missing together, with counts; values in figures/missing.csv",
    "incidence": "Step curves of cumulative incidence; values in figures/incidence.csv",
    "function_sweep": "Changes of functional metrics by setting; values in figures/function_sweep.csv",
    "calibration": "Calibration curves; figures in the tables of this section, points in figures/calibration.csv",
    "decision": "Decision curves; values in figures/decision.csv",
    "stability": "Predicted risks with their range over resamples; values in figures/stability.csv",
    "dendrogram": "Trees of correlated candidates; values in figures/dendrogram.csv",
    "correlations": "Heat map of rank correlations with a tree; values in figures/correlations.csv",
    "ntcp_comparison": "Performance of models by description of the dose; values in figures/ntcp_comparison.csv",
    "ntcp_surface": "Contours of the likelihood of NTCP parameters; values in figures/ntcp_surface.csv",
    "ntcp_time": "Latency by the fit and incidence in time; values in figures/ntcp_time.csv",
    "fractionation": "Effects by number of fractions, admissible numbers; values in figures/fractionation.csv",
    "dvh_curves": "DVH curves by shift and what changes with it; values in figures/dvh_curves.csv",
    "delivered": "Planned against delivered dose, and volumes by session; values in figures/delivered.csv",
    "ntcp": "Fitted dose-response curves with observed rates; values in figures/ntcp.csv",
    "published": "Calibration, decision curves and updated curves of published models; values in figures/published.csv",
}
