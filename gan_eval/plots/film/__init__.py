"""A training as a film: a frame for each epoch, as a moving image or as a page with a slider."""
