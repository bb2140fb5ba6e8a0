"""Losses, each a function of plain tensors and masks; gradients stay finite on any finite input.

B chains, S samples of each, N residues, coordinates in angstrom. Every loss is the mean over what
its mask keeps, and 0 where it keeps nothing; geometry terms add the mean of their worst 1 %. What a
value of 1 means once a term is divided by its scale: ``scales.py``.
"""
