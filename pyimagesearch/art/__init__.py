"""DeepDream, style transfer, stylisation."""
