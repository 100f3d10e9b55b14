"""gan_eval."""
