"""Diagnostics: what goes wrong in a training, seen while it runs."""
