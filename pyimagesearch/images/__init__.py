"""Picture files in and out, resizing, colour."""
