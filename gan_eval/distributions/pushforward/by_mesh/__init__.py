"""The law of a smooth generator (tanh), by a mesh of the plane of noise."""
