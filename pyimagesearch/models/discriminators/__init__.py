"""Discriminators: one module a network, which registers itself.

A discriminator takes float32 RGB in [0, 255], (B, crop, crop, 3), and gives float32 logits; above zero means real.
"""
