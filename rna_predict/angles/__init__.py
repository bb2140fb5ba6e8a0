"""Torsion tables by backend, sugar pucker and pseudo-torsions."""
