"""A picture in, a larger one out."""
