"""The loss of Mask R-CNN's third head: is this pixel of the region part of the object?"""

from keras import ops

from cvkit.validation import as_float32, check_shape


def mask_loss(classes, target_masks, logits):
    r"""Mean binary cross-entropy of the pixels of each object's mask, of its own class only.

    The head says a mask for every class. Region $i$ with an object of class $k_i$ looks at that class's mask alone,
    $m_i^{k_i}$, so that classes do not compete for pixels:

    $$L_\text{mask} = \frac{1}{n} \sum_{i=1}^{n} \frac{1}{h w} \sum_{y,x}
      -\left[t_{iyx} \log \sigma(m^{k_i}_{iyx}) + (1 - t_{iyx}) \log(1 - \sigma(m^{k_i}_{iyx}))\right]$$

    Args:
        classes: integer tensor (B, R), the class k of each region's object, from 0; negative for regions that take no
            part.
        target_masks: float tensor (B, R, h, w), 0 or 1.
        logits: float tensor (B, R, h, w, K).

    Returns:
        Float tensor (B,), the mean over the n regions of each image that take part; 0 where there is none.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> logits = ops.array([[[[[0.0, 99.0]]]]])  # one region of one pixel, two classes
        >>> round(float(mask_loss([[0]], ops.ones((1, 1, 1, 1)), logits)[0]), 3)  # log 2; class 1 may say what it will
        0.693

    Reference:
        He et al., "Mask R-CNN", 2017, arXiv 1703.06870, section 3, "the average binary cross-entropy loss".
    """
    classes, target_masks, logits = ops.convert_to_tensor(classes), as_float32(target_masks), as_float32(logits)
    regions = tuple("any" if axis is None else axis for axis in classes.shape)
    check_shape("target_masks", target_masks, (*regions, "h", "w"), "a mask for each region")
    sides = tuple("any" if axis is None else axis for axis in target_masks.shape[2:])
    check_shape("logits", logits, (*regions, *sides, "K"), "a mask for each region and class")
    target_masks = ops.cast(target_masks, logits.dtype)
    own = ops.maximum(classes, 0)[..., None, None, None]  # (B, R, 1, 1, 1)
    own = ops.squeeze(ops.take_along_axis(logits, own, axis=-1), axis=-1)  # (B, R, h, w)
    loss = ops.mean(ops.binary_crossentropy(target_masks, own, from_logits=True), axis=(2, 3))  # (B, R)
    takes_part = ops.cast(classes >= 0, logits.dtype)
    return ops.sum(takes_part * loss, axis=1) / ops.maximum(ops.sum(takes_part, axis=1), 1)
