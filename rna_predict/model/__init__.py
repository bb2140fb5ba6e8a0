"""Torch modules, no file access: torsion net, Pairformer, kinematics, merger, diffusion, heads."""
