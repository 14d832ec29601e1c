"""Pictures without what they carry beside their pixels, for every way out of the portfolio."""

from __future__ import annotations

import io
from pathlib import Path


def clean_picture(path: Path) -> None:
    """Write a picture again from its pixels alone."""
    path.write_bytes(cleaned(path.read_bytes()))


def cleaned(picture: bytes) -> bytes:
    """A picture from its pixels alone: no metadata, place or thumbnail of what was cropped."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(picture)) as image:
        kind = image.format
        upright = ImageOps.exif_transpose(image)
        bare = Image.new(upright.mode, upright.size)
        bare.paste(upright)
        if upright.mode == "P" and (palette := upright.getpalette()):
            bare.putpalette(palette)
    bare.save(raw := io.BytesIO(), format=kind)
    return raw.getvalue()
