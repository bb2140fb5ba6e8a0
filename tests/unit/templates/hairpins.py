"""Structures made by construction: hairpins of an A-form stem and a closed loop."""

import numpy as np

from rna_predict.constants import ALPHABET
from rna_predict.templates.closure import close_models
from rna_predict.templates.helices import place_stack


def kinds_of(sequence):
    return np.array([ALPHABET.index(letter) for letter in sequence])


def stem(sequence, pairs):
    """Place the outer ``pairs`` of a hairpin in A-form; its loop is open."""
    n, kinds = len(sequence), kinds_of(sequence)
    residue = np.concatenate([np.arange(pairs), n - 1 - np.arange(pairs)])
    coords = np.full((n, 23, 3), np.nan)
    strand = np.repeat([0, 1], pairs)
    coords[residue] = place_stack(kinds[residue], np.tile(np.arange(pairs), 2), strand)
    return coords


def hairpin(sequence, pairs, seed=0):
    """Build a whole hairpin."""
    coords = stem(sequence, pairs)
    generator = np.random.default_rng(seed)
    return close_models(kinds_of(sequence), [coords], [np.ones(len(sequence))], generator)[0]


def pair_matrix(n, *helices):
    """Give certain pairs: helices of (first, last, pairs)."""
    matrix = np.zeros((n, n))
    for first, last, pairs in helices:
        i, j = first + np.arange(pairs), last - np.arange(pairs)
        matrix[i, j] = matrix[j, i] = 0.95
    return matrix
