"""Picture files in and out (`picture_io`), resizing, colour."""
