"""The law of a generator that is linear in pieces (relu, leaky relu, none), exact but for rules."""
