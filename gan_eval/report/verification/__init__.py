"""Whether the numbers of a page are those of the data inside it."""
