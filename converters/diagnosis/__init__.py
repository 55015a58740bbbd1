"""Where a converted network loses accuracy: the errors of each layer, and what they cost."""

from converters.diagnosis.decomposition import RateErrors, decompose
from converters.diagnosis.diagnose import Cost, Diagnosis, LayerDiagnosis, diagnose

__all__ = ["Cost", "Diagnosis", "LayerDiagnosis", "RateErrors", "decompose", "diagnose"]
