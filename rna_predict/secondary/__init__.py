"""Secondary structure: pairs annotated from 3D, pair probabilities from sequence, dot-bracket."""
