"""The joint loss of DeepMask: is there an object in the middle of this patch, and which pixels are its own?"""

from keras import ops

from cvkit.validation import as_float32, check_positive, check_same_shape, check_shape


def deepmask_loss(labels, masks, mask_logits, scores, score_weight=1 / 32):
    r"""Two logistic losses with targets of +1 and -1; patches without an object have no mask to learn.

    $$L_k = \frac{1 + y_k}{2 w h} \sum_{i,j} \log\left(1 + e^{-m_k^{ij} f_{segm}^{ij}(x_k)}\right)
      + \lambda \log\left(1 + e^{-y_k f_{score}(x_k)}\right)$$

    The factor (1 + y) / 2 is 1 for a patch with an object and 0 for one without.

    Args:
        labels: y, tensor (B,): 1 for patches with an object in their middle, of the right size, and -1 for others.
        masks: m, tensor (B, h, w): 1 for the object's pixels and -1 for others; not used where y = -1.
        mask_logits: f_segm, float tensor (B, h, w).
        scores: f_score, float tensor (B,), logits.
        score_weight: λ, above 0.

    Returns:
        Float tensor (B,): the loss of each patch. Its mean is what is minimised; the paper has the sum.

    Raises:
        ValueError: the shapes do not fit, or the weight is not positive.

    Example:
        >>> zeros = ops.zeros((2, 4, 4))  # undecided: log 2 = 0.693 for the mask, a 32nd of that for the score
        >>> deepmask_loss([1, -1], ops.ones((2, 4, 4)), zeros, [0.0, 0.0]).numpy().round(3)
        array([0.715, 0.022], dtype=float32)

    Reference:
        Pinheiro, Collobert and Dollár, "Learning to Segment Object Candidates", 2015, arXiv 1506.06204, equation 1 and
        λ = 1/32. Lecture L4, "DeepMask".
    """
    mask_logits, scores = as_float32(mask_logits), as_float32(scores)
    labels, masks = (ops.cast(ops.convert_to_tensor(value), mask_logits.dtype) for value in (labels, masks))
    check_shape("mask_logits", mask_logits, ("B", "h", "w"), "a mask for each patch")
    check_same_shape("masks", masks, "mask_logits", mask_logits)
    check_shape("scores", scores, (mask_logits.shape[0] or "B",), "a score for each patch", "Drop a last axis of 1.")
    check_same_shape("labels", labels, "scores", scores)
    check_positive("score_weight", score_weight, "weight of the score's loss")
    segmentation = ops.mean(ops.softplus(-masks * mask_logits), axis=(1, 2))  # (B,)
    score = ops.softplus(-labels * ops.cast(scores, mask_logits.dtype))  # (B,)
    return (1 + labels) / 2 * segmentation + score_weight * score
