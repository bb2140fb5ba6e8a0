"""Families, clusters of similar sequences, splits that keep relatives together, leakage audit."""
