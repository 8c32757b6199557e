from .extract import Extraction as Extraction
from .extract import extract_batch as extract_batch
from .extract import extract_patient as extract_patient
from .inspect import inspect_patient as inspect_patient
from .loading import sum_doses as sum_doses
from .patients import AcceptedRoi as AcceptedRoi
from .patients import PatientRow as PatientRow
from .patients import read_patients as read_patients
