"""Regressors that predict coordinates in one pass: what the diffusion has to beat."""
