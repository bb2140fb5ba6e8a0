"""Losses, the Lightning module, phases, weights and diagnostics of training."""
