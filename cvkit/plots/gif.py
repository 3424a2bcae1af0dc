"""A row of images as the bytes of a GIF file, which every browser plays."""

import io

import numpy as np
from PIL import Image


def to_gif(images, frames_per_second=5, rounds=3):
    """Images one after the other as the bytes of a GIF file of at most 256 colours.

    Args:
        images: uint8 array (T, H, W, 3).
        frames_per_second: above 0 and at most 50; rounded, as GIF counts in hundredths of a second.
        rounds: how often they are shown; then the last one stays. 0 for ever.

    Returns:
        Bytes.

    Raises:
        ValueError: the images are no such array, or the speed or the rounds are out of their range.

    Example:
        >>> to_gif(np.zeros((2, 4, 6, 3), "uint8"))[:6]
        b'GIF89a'
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8 or not images.size:
        raise ValueError(
            f"images must be a uint8 array (T, H, W, 3), not empty. Received {images.dtype} {images.shape}."
        )
    if not 0 < frames_per_second <= 50:
        raise ValueError(f"frames_per_second must be above 0 and at most 50. Received {frames_per_second!r}.")
    if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 0:
        raise ValueError(f"rounds must be a whole number from 0. Received {rounds!r}.")
    palette = Image.fromarray(np.concatenate(list(images))).quantize(256, dither=Image.Dither.NONE)
    frames = [Image.fromarray(image).quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    # The file says how often to repeat after the first time, and nothing for once.
    loop = {} if rounds == 1 else {"loop": max(rounds - 1, 0)}
    buffer = io.BytesIO()
    options = dict(format="GIF", save_all=True, append_images=frames[1:], duration=10 * round(100 / frames_per_second))
    frames[0].save(buffer, **options, **loop)
    return buffer.getvalue()
