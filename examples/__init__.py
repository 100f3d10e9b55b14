"""Studies and generators that may be run as they stand, and copied."""
