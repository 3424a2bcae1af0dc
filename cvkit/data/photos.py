"""The embedded set `photos`: photographs that ship inside scikit-image and scikit-learn."""

from pathlib import Path

import skimage
from skimage.color import gray2rgb
from skimage.io import imread
from sklearn.datasets import load_sample_image

from cvkit.data.error import DataError

# Only files inside the installed packages: the rest of skimage.data is downloaded at the first call.
_SKIMAGE = {
    "astronaut": "astronaut.png",
    "brick": "brick.png",
    "camera": "camera.png",
    "chelsea": "chelsea.png",
    "clock": "clock_motion.png",
    "coffee": "coffee.png",
    "coins": "coins.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "hubble_deep_field": "hubble_deep_field.jpg",
    "immunohistochemistry": "ihc.png",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
}
_SKLEARN = {"china": "china.jpg", "flower": "flower.jpg"}


def load(split="all"):
    """Read the photographs. They differ in size, so each has a name of its own and there are no labels.

    Args:
        split: "all", the only one.

    Returns:
        Dict from name to uint8 array (H, W, 3), in RGB; a grey photograph has three equal channels.

    Raises:
        DataError: this release of scikit-image ships without one of them.

    Example:
        >>> photos = load()
        >>> photos["chelsea"].shape, len(photos)
        ((300, 451, 3), 15)
    """
    photos = {name: _from_skimage(file) for name, file in _SKIMAGE.items()}
    photos |= {name: load_sample_image(file).copy() for name, file in _SKLEARN.items()}
    return dict(sorted(photos.items()))


def _from_skimage(file):
    path = Path(skimage.__file__).parent / "data" / file
    if not path.is_file():
        raise DataError(
            f"photos: scikit-image {skimage.__version__} ships without {file}. Install another release of it."
        )
    image = imread(path)
    return gray2rgb(image) if image.ndim == 2 else image
