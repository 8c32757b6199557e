"""Radiation-pneumonitis risk analysis from radiotherapy DICOM. Research use, not for treatment decisions."""

__version__ = "0.1.0"
