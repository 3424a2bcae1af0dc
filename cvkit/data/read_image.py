"""Read one image file, whatever its format."""

from PIL import Image, ImageOps

from cvkit.data.error import DataError

# Besides OSError, Pillow lets these through for files that are damaged or absurdly large.
_DAMAGED = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
_ORIENTATION = 0x0112  # EXIF: 5 to 8 mean that the camera was held on its side
_ON_ITS_SIDE = (5, 6, 7, 8)


def read_image(path):
    """Read an image file of any format that Pillow knows: upright, and with three channels.

    A photograph is turned as its camera's EXIF entry asks. Grey gets three equal channels; transparency is dropped.

    Args:
        path: `pathlib.Path` of the file.

    Returns:
        A `PIL.Image.Image` in RGB, 8 bits a channel.

    Raises:
        DataError: the file is no image, is damaged, or has more than 8 bits a channel.
    """
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):  # Pillow would cut every value above 255
                raise DataError(f"{path} has pixels of more than 8 bits ({image.mode}). Save it with 8 bits a channel.")
            upright = ImageOps.exif_transpose(image)
            if upright.mode == "P":  # a palette may hold transparency, which Pillow takes off by way of RGBA only
                upright = upright.convert("RGBA")
            return upright.convert("RGB")
    except _DAMAGED as error:
        raise _no_image(path, error) from error


def image_size(path):
    """Width and height in pixels of the image that `read_image` gives, without decoding it.

    Args:
        path: `pathlib.Path` of the file.

    Returns:
        Tuple (width, height).

    Raises:
        DataError: the file is no image.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            return (height, width) if image.getexif().get(_ORIENTATION) in _ON_ITS_SIDE else (width, height)
    except _DAMAGED as error:
        raise _no_image(path, error) from error


def _no_image(path, error):
    return DataError(f"{path} should be an image, and cannot be read as one ({error}). Mend it, or take it out.")
