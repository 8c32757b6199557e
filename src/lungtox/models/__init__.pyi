from .discrimination import AucComparison as AucComparison
from .discrimination import Roc as Roc
from .discrimination import compare_auc as compare_auc
from .discrimination import roc as roc
from .logistic import LogisticFit as LogisticFit
from .logistic import fit_logistic as fit_logistic
