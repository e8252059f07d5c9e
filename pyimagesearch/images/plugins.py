"""HEIC and JPEG XL, which Pillow reads and writes by the plug-ins of the extra formats. They are loaded when needed."""

EXTRA = 'the extra formats (pip install -e ".[formats]")'
FORMATS = {".heic": "HEIF", ".heif": "HEIF", ".jxl": "JXL"}  # Pillow's names by suffix


def load(file_format: str) -> bool:
    """Whether the plug-in of a format of FORMATS is installed; then Pillow knows the format from now on."""
    try:
        if file_format == "HEIF":
            import pillow_heif

            pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
        else:
            import pillow_jxl  # noqa: F401  (registers itself)
    except ImportError:
        return False
    return True
