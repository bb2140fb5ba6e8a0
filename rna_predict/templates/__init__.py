"""Templates: known structures found for a query sequence, aligned, and guarded against leaks."""
