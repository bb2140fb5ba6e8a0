"""From a sequence and trained weights to ranked models on disk."""
