"""Augmented copies of training chains, in tiers: coordinates, pair swaps, loops, homologs."""
