"""Films: `upscale.py` is the way through; the modules beside it read, encode, keep and join."""
