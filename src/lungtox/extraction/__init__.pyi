from .patients import AcceptedRoi as AcceptedRoi
from .patients import PatientRow as PatientRow
from .patients import read_patients as read_patients
