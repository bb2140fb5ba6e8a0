"""Arrays and tensors only: superposition, dihedrals, frames, distances, forward kinematics."""
