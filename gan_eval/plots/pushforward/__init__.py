"""Pictures of generators with hidden layers: density, mesh, modes."""
