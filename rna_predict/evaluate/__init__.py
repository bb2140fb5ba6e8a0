"""Scores of RNA models against experimental structures: pure functions of arrays and Chains."""
