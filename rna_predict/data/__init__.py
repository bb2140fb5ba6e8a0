"""Features from sequence, truth from structure, crops, data sets and the Lightning data module."""
