"""Minimisation of models with OpenMM, and the gates a minimised model has to pass."""
