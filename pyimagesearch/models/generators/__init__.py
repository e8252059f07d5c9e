"""Generators: one module a network, which registers itself.

A generator takes and gives float32 RGB in [0, 255]: (B, H, W, 3) -> (B, scale*H, scale*W, 3).
"""
