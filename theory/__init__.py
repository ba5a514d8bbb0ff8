"""What is true: the model, its theorems as claims that are checked, and the measures of collapse."""

from theory.labels import LabelDesign
from theory.model import UFM

__all__ = ["UFM", "LabelDesign"]
