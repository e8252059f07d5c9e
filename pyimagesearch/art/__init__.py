"""DeepDream, style transfer and stylisation of photographs."""
