"""Patches to train DeepMask on: objects in the middle and of the right size, and places where there is none."""

import numpy as np
from keras import ops

from cvkit.layers.roi_align import roi_align
from cvkit.validation import check_positive

GREY = 127.5  # beyond the image's border
_TRIES = 50  # places tried for a patch without an object in its middle


def object_patches(images, objects, patch_size, per_image=4, shift=None, object_size=None, octaves=0.25, seed=0):
    r"""Cut patches out of scenes: from each image half of them with an object in the middle, half without.

    A *canonical* window has an object's box in its middle, and the box's longer side takes up the share a of the
    window's side: with the paper's numbers 128 of 224 pixels. All distances below are in pixels of the patch, after
    scaling.

    - label 1: a canonical window, moved by up to `shift` pixels in x and in y, and scaled by up to
      $2^{\pm\text{octaves}}$; its mask is that of its object, and of no other;
    - label -1: a window that differs from *every* canonical window of the image, by at least 2 · `shift` pixels (in x
      or in y) or by a factor of at least 2 in size. Its mask is not used.

    Args:
        images: sequence of N arrays (H, W, 3), values from 0 to 255.
        objects: N dicts of "boxes" (n, 4), xyxy in pixels, and "masks", bool (n, H, W). Images without objects are left
            out.
        patch_size: P, height and width of the patches.
        per_image: patches from each image, an even number.
        shift: of windows with label 1; P · 16 / 224 if None.
        object_size: longer side of a canonical object; P · 128 / 224 if None.
        octaves: see above.
        seed: of all that is drawn.

    Returns:
        Dict of "images" float32 (M, P, P, 3), grey beyond the image's border, "labels" int32 (M,), "masks" float32
        (M, P, P), 1 and -1, and "windows" float32 (M, 4) in pixels of the image.

    Raises:
        ValueError: an argument does not fit, or no image has an object.

    Example:
        >>> image, mask = np.zeros((40, 40, 3)), np.zeros((1, 40, 40), bool)
        >>> mask[0, 12:28, 10:30] = True
        >>> patches = object_patches([image], [{"boxes": [[10, 12, 30, 28]], "masks": mask}], patch_size=32)
        >>> patches["images"].shape, patches["labels"].tolist()
        ((4, 32, 32, 3), [1, 1, -1, -1])

    Reference:
        Pinheiro, Collobert and Dollár, "Learning to Segment Object Candidates", 2015, arXiv 1506.06204, section 4.1:
        128 of 224 pixels, shifts of 16 pixels, scales of 2 to the power of a quarter, negatives at least 32 pixels or a
        factor of 2 away. Their patches are mirrored as well.
    """
    check_positive("patch_size", patch_size, "height and width of the patches", integer=True)
    check_positive("per_image", per_image, "patches from each image", integer=True)
    if per_image % 2:
        raise ValueError(f"per_image must be even: half of the patches have an object. Received {per_image}.")
    shift = patch_size * 16 / 224 if shift is None else shift
    share = 128 / 224 if object_size is None else object_size / patch_size
    rng, parts = np.random.default_rng(seed), []
    for image, truth in zip(images, objects, strict=True):
        if len(truth["boxes"]):
            parts.append(
                _of_image(rng, np.asarray(image, "float32"), truth, patch_size, per_image, shift, share, octaves)
            )
    if not parts:
        raise ValueError("objects must have at least one box: there is nothing to cut out.")
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _of_image(rng, image, truth, patch_size, count, shift, share, octaves):
    canonical = _canonical(np.asarray(truth["boxes"], "float64"), share)  # (n, 3): x, y, side
    own = rng.integers(0, len(canonical), count // 2)
    positive = canonical[own]
    positive[:, 2] *= 2 ** rng.uniform(-octaves, octaves, len(own))
    positive[:, :2] += rng.uniform(-shift, shift, (len(own), 2)) * positive[:, 2:] / patch_size
    negative = [_elsewhere(rng, canonical, image.shape, patch_size, shift) for _ in own]
    x, y, side = np.concatenate([positive, negative]).T
    windows = np.stack([x - side / 2, y - side / 2, x + side / 2, y + side / 2], axis=1).astype("float32")
    masks = np.moveaxis(np.asarray(truth["masks"])[own], 0, -1).astype("float32")  # (H, W, count / 2)
    layered = np.concatenate([image - GREY, masks], axis=-1)[None]  # zero, grey, beyond the border
    cut = ops.convert_to_numpy(roi_align(layered, windows[None], patch_size, sampling_ratio=1))[0]  # (count, P, P, ...)
    inside = [patch[..., 3 + k] >= 0.5 for k, patch in enumerate(cut[: len(own)])]
    blank = np.zeros((len(own), patch_size, patch_size), bool)
    return {
        "images": cut[..., :3] + np.float32(GREY),
        "labels": np.repeat(np.int32([1, -1]), len(own)),
        "masks": np.where(np.concatenate([inside, blank]), np.float32(1), np.float32(-1)),
        "windows": windows,
    }


def _canonical(boxes, share):
    """Middle and side (n, 3) of each object's canonical window, in pixels of the image."""
    longer = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, longer[:, None] / share], axis=1)


def _elsewhere(rng, canonical, shape, patch_size, shift):
    """Middle and side (3,) of a window that is no object's; where the image is full of objects, one far too large."""
    for _ in range(_TRIES):
        side = canonical[rng.integers(len(canonical)), 2] * 2 ** rng.uniform(-1.5, 1.5)
        window = np.array([*(rng.random(2) * (shape[1], shape[0])), side])
        away = abs(window[:2] - canonical[:, :2]).max(axis=1) * patch_size / canonical[:, 2]  # (n,) in patch pixels
        factor = abs(np.log2(side / canonical[:, 2]))
        if ((away >= 2 * shift) | (factor >= 1)).all():
            return window
    return np.array([*window[:2], 2 * canonical[:, 2].max()])
