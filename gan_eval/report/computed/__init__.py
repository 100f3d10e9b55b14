"""The report of a study in which a generator has hidden layers, or the target is a mixture."""
