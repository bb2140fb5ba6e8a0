"""RNA 3D structure prediction, from PDB entries to scored, minimised models."""

__version__ = "0.1.0"
