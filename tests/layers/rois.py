"""ROIs of every kind, for the tests of both ROI layers."""

import numpy as np


def random_rois(rng, batch, height, width, num_rois, stride):
    """ROIs (batch, num_rois, 4) on maps of height x width cells: inside, across the border, outside, turned over."""
    size = np.array([width, height, width, height]) * stride
    rois = rng.uniform(-0.5, 1.5, (batch, num_rois, 4)) * size
    rois[:, 0] = np.sort(rois[:, 0].reshape(batch, 2, 2), axis=1).reshape(batch, 4)
    return rois.astype("float32")
