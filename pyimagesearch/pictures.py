"""Pictures with all that their files hold: grey, alpha, 16 bits, ICC profile, EXIF, the encoder's quality.

`images` reads what networks train on, uint8 RGB; this module is for pictures that are given back to their owner.
"""

import io
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageCms, JpegImagePlugin

from pyimagesearch import decoding, images
from pyimagesearch.decoding import UnreadablePicture
from pyimagesearch.errors import UserError
from pyimagesearch.files import appearing

ORIENTATION = int(ExifTags.Base.Orientation)
EXIF_IFD, GPS_IFD = int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo)
SIZE_TAGS = (int(ExifTags.Base.ExifImageWidth), int(ExifTags.Base.ExifImageHeight))
# Of a TIFF's tags those that describe the picture; the others say how the file is laid out.
DESCRIPTIONS = tuple(
    int(tag)
    for tag in (
        ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software,
        ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright, EXIF_IFD, GPS_IFD,
    )
)  # fmt: skip

WITH_ALPHA = (".png", ".tif", ".tiff", ".webp", ".jp2")
WITH_16_BITS = (".png", ".tif", ".tiff")
LONGEST = {".webp": 16383, ".jpg": 65500, ".jpeg": 65500}  # pixels a side
LOSSLESS_TIFF = ("raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate")
# Encoder settings where the source's own are unknown.
DEFAULTS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 90},
    "TIFF": {"compression": "tiff_adobe_deflate"},
}


@dataclass
class Picture:
    """uint8 or uint16 samples, upright: (H, W), (H, W, 2) with alpha, (H, W, 3), (H, W, 4) with alpha."""

    samples: np.ndarray
    icc: bytes | None = None
    exif: bytes = b""  # without orientation, which has been applied, and without thumbnail
    encoder: dict[str, dict[str, Any]] = field(default_factory=dict)  # Pillow's settings by format, as in the source

    @property
    def alpha(self) -> bool:
        return self.samples.ndim == 3 and self.samples.shape[2] in (2, 4)


def read(path: str | os.PathLike[str]) -> Picture:
    """The first picture of a file that Pillow or OpenCV reads. Palettes and CMYK become RGB, floats 16 bits.

    Raises UserError where there is none, UnreadablePicture where it is corrupt or truncated.
    """
    try:
        with decoding.explained(path), Image.open(path) as opened:
            stored = str([tile.args for tile in opened.tile])  # before anything decodes it
            deep = ";16" in stored and opened.mode in ("RGB", "RGBA", "LA")  # Pillow keeps 8 bits of them
            exif = _exif(opened)
            orientation = exif.get(ORIENTATION, 1)
            encoder = _encoder(path, opened)
            opened.load()  # TIFFs are turned by it
            if deep:
                samples = _read_deep(path, "LA;16" in stored)
            else:
                samples = _samples(opened)
                orientation = 1 if opened.format == "TIFF" else orientation
            icc = None if opened.mode == "CMYK" else opened.info.get("icc_profile")
            kept = _kept_exif(exif, DESCRIPTIONS if opened.format == "TIFF" else tuple(exif))
            return Picture(upright(samples, orientation), icc, kept, encoder)
    except Image.UnidentifiedImageError:
        with decoding.explained(path):
            return Picture(_read_unknown(path))


def _exif(opened: Image.Image) -> Image.Exif:
    try:
        return opened.getexif()
    except Exception:  # a picture with broken EXIF is a picture still
        return Image.Exif()


def _kept_exif(exif: Image.Exif, tags: tuple[int, ...]) -> bytes:
    """What outlives the file: these tags without orientation and thumbnail."""
    kept = Image.Exif()
    for tag in set(tags) & set(exif) - {ORIENTATION}:
        value = exif.get_ifd(tag) if tag in (EXIF_IFD, GPS_IFD) else exif[tag]
        if value:
            kept[tag] = value
    return kept.tobytes() if len(kept) else b""


def _resized_exif(data: bytes, height: int, width: int) -> bytes:
    """EXIF whose entries of the picture's size, where there are any, say the new one."""
    exif = Image.Exif()
    exif.load(data)
    within = exif.get_ifd(EXIF_IFD)
    within.update({tag: side for tag, side in zip(SIZE_TAGS, (width, height), strict=True) if tag in within})
    return exif.tobytes()


def _encoder(path: str | os.PathLike[str], opened: Image.Image) -> dict[str, dict[str, Any]]:
    """What made the file as small as it is, where Pillow can say it, as settings of Pillow's encoder."""
    if isinstance(opened, JpegImagePlugin.JpegImageFile):
        settings = {"qtables": opened.quantization, "subsampling": JpegImagePlugin.get_sampling(opened)}
        return {"JPEG": settings | ({"progressive": True} if "progressive" in opened.info else {})}
    if opened.format == "TIFF" and opened.info.get("compression") in LOSSLESS_TIFF:
        return {"TIFF": {"compression": opened.info["compression"]}}
    if opened.format == "WEBP" and _lossless_webp(path):
        return {"WEBP": {"lossless": True}}
    return {}


def _lossless_webp(path: str | os.PathLike[str]) -> bool:
    """Whether the first picture of a WebP file is in a VP8L chunk (RFC 9649)."""
    with open(path, "rb") as file:
        file.seek(12)  # RIFF, size, WEBP
        while len(head := file.read(8)) == 8 and head[:4] not in (b"VP8L", b"VP8 "):
            length = int.from_bytes(head[4:], "little")
            file.seek(length + length % 2, os.SEEK_CUR)
    return head[:4] == b"VP8L"


def _read_deep(path: str | os.PathLike[str], grey: bool) -> np.ndarray:
    """16-bit samples of several channels, as they are stored."""
    data = Path(path).read_bytes()
    if data[:2] in (b"II", b"MM"):
        data = _unturned_tiff(data)
    samples = decoding.decode_with_opencv(path, data)
    return np.ascontiguousarray(samples[:, :, [0, 3]]) if grey else samples


def _unturned_tiff(data: bytes) -> bytes:
    """The TIFF without its orientation, of which OpenCV applies some and fails at others."""
    import tifffile

    buffer = io.BytesIO(data)
    with tifffile.TiffFile(buffer) as tiff:
        tag = tiff.pages[0].tags.get("Orientation")  # type: ignore[union-attr]
        if tag is not None:
            tag.overwrite(1)
        return buffer.getvalue()


def _read_unknown(path: str | os.PathLike[str]) -> np.ndarray:
    """What Pillow cannot identify: floats of several channels, say, and 16-bit grey with alpha."""
    import tifffile

    data = Path(path).read_bytes()
    if data[:2] in (b"II", b"MM"):
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page = tiff.pages[0]
            if page.shape[2:] == (2,):  # OpenCV would drop the alpha
                return _whole_numbers(page.asarray())
    return _whole_numbers(decoding.decode_with_opencv(path, data))


def _samples(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I") or image.mode == "F":
        return _whole_numbers(np.asarray(image))
    if image.mode == "CMYK":
        return np.array(_cmyk_to_rgb(image))
    grey = image.mode in ("1", "L", "LA", "La")
    alpha = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
    mode = ("L" if grey else "RGB") + ("A" if alpha else "")
    return np.array(image if image.mode == mode else image.convert(mode))


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    """sRGB by the picture's profile, or plainly where it has none that fits."""
    try:
        inks = ImageCms.ImageCmsProfile(io.BytesIO(image.info.get("icc_profile", b"")))
        rgb = ImageCms.profileToProfile(image, inks, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (OSError, ImageCms.PyCMSError):
        rgb = None
    return rgb or image.convert("RGB")


def _whole_numbers(samples: np.ndarray) -> np.ndarray:
    """Any samples as uint8 or uint16; floats are taken for [0, 1], or [0, 255] where some are above 1."""
    if samples.dtype == np.uint8:
        return samples
    if np.issubdtype(samples.dtype, np.floating):
        unit = 65535.0 if samples.max(initial=0.0) <= 1.0 else 257.0
        return images.to_whole(np.nan_to_num(samples.astype(np.float64)) * unit, np.dtype(np.uint16))
    if samples.min(initial=0) < 0 or samples.max(initial=0) > 65535:
        raise UnreadablePicture(f"samples of {samples.dtype} beyond 16 bits; 8 and 16 bits can be upscaled")
    return samples.astype(np.uint16)


def upright(samples: np.ndarray, orientation: int) -> np.ndarray:
    """Samples as they are to be seen, from those of EXIF orientation 1 to 8 (TIFF 6.0, tag 274)."""
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return np.ascontiguousarray(samples)


def check_format(path: str | os.PathLike[str], picture: Picture, height: int, width: int) -> None:
    """Raise UserError where the format of `path` cannot hold the picture in this size."""
    suffix = Path(path).suffix.lower()
    if picture.alpha and suffix not in WITH_ALPHA:
        raise UserError(f"{path}: {suffix} holds no transparency; name a .png, .tif or .webp file")
    if picture.samples.dtype == np.uint16 and suffix not in WITH_16_BITS:
        raise UserError(f"{path}: {suffix} holds no 16 bits; name a .png or .tif file")
    if max(height, width) > LONGEST.get(suffix, max(height, width)):
        raise UserError(
            f"{path}: {suffix} holds at most {LONGEST[suffix]} pixels a side, not {width}x{height}; name a .png file"
        )


def write(path: str | os.PathLike[str], picture: Picture) -> None:
    """Write a picture in the format of the suffix; the file appears only when it is whole."""
    samples = picture.samples
    check_format(path, picture, *samples.shape[:2])
    exif = _resized_exif(picture.exif, *samples.shape[:2]) if picture.exif else b""
    picture = replace(picture, exif=exif)
    with appearing(path) as beside:
        file_format = Image.registered_extensions()[Path(path).suffix.lower()]
        if samples.dtype == np.uint16 and samples.ndim == 3:
            (_write_deep_png if file_format == "PNG" else _write_deep_tiff)(beside, picture)
            return
        settings = dict(picture.encoder.get(file_format, DEFAULTS.get(file_format, {})))
        settings |= {key: data for key, data in (("exif", exif), ("icc_profile", picture.icc)) if data}
        Image.fromarray(samples).save(beside, format=file_format, **settings)


def _write_deep_png(path: str, picture: Picture) -> None:
    """16 bits a channel, which Pillow does not write. OpenCV has no grey with alpha; it becomes RGB with alpha."""
    cv2 = decoding.opencv()
    samples = picture.samples
    bgr = samples[:, :, [0, 0, 0, 1] if samples.shape[2] == 2 else [2, 1, 0, 3][: samples.shape[2]]]
    found = {cv2.IMAGE_METADATA_ICCP: picture.icc, cv2.IMAGE_METADATA_EXIF: picture.exif}
    kept = {kind: np.frombuffer(data, np.uint8)[None] for kind, data in found.items() if data}
    done, encoded = cv2.imencodeWithMetadata(".png", bgr, list(kept), list(kept.values()))
    if not done:
        raise OSError("OpenCV could not write this PNG")
    encoded.tofile(path)


def _write_deep_tiff(path: str, picture: Picture) -> None:
    """16 bits a channel; of EXIF only the texts, since tifffile writes no directories of tags."""
    import tifffile

    samples = picture.samples
    exif = Image.Exif()
    exif.load(picture.exif)
    texts = [(tag, "s", 0, value, True) for tag, value in exif.items() if isinstance(value, str)]
    tifffile.imwrite(
        path, samples, photometric="minisblack" if samples.shape[2] == 2 else "rgb", planarconfig="contig",
        extrasamples=["unassalpha"] if picture.alpha else None, compression="zlib", predictor=True,
        iccprofile=picture.icc, extratags=texts, software=False, metadata=None,
    )  # fmt: skip
