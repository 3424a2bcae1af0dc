"""ROIAlign and ROIPooling against `tf.image.crop_and_resize` at 14 x 14 with 2 x 2 average pooling."""

import numpy as np
import tensorflow as tf

from benchmarks import measure
from cvkit.layers import roi_align, roi_pooling

HEIGHT, WIDTH, CHANNELS, STRIDE = 38, 50, 256, 16


def inputs(num_rois):
    """A feature map (1, 38, 50, 256) and ROIs of 30 to 400 pixels inside its 800 x 608 image."""
    rng = np.random.default_rng(0)
    feature_map = rng.normal(size=(1, HEIGHT, WIDTH, CHANNELS)).astype("float32")
    centres, sizes = rng.uniform(size=(num_rois, 2)), rng.uniform(30, 400, (num_rois, 2))
    limits = np.array([WIDTH, HEIGHT]) * STRIDE
    corners = [(centres * limits - sizes / 2).clip(0, limits), (centres * limits + sizes / 2).clip(0, limits)]
    return tf.constant(feature_map), tf.constant(np.concatenate(corners, axis=1)[None].astype("float32"))


def align(feature_map, rois):
    """Our ROIAlign."""
    return roi_align(feature_map, rois, 7, 1 / STRIDE)


def pool(feature_map, rois):
    """Our ROIPooling."""
    return roi_pooling(feature_map, rois, 7, 1 / STRIDE)


def crop_and_resize(feature_map, rois):
    """What one would write with TensorFlow."""
    limits = tf.constant([HEIGHT, WIDTH, HEIGHT, WIDTH], "float32") * STRIDE
    boxes = tf.gather(rois[0], [1, 0, 3, 2], axis=1) / limits
    crops = tf.image.crop_and_resize(feature_map, boxes, tf.zeros(tf.shape(boxes)[0], "int32"), (14, 14))
    return tf.nn.avg_pool2d(crops, 2, 2, "VALID")


PEER = crop_and_resize.__name__
CANDIDATES = (crop_and_resize, align, pool)


def run():
    """Lines of the table: best time, median ratio with its quartiles, memory as a multiple of the output's."""
    for num_rois in (300, 2000):
        arguments = inputs(num_rois)
        compiled = {function.__name__: tf.function(function, autograph=False) for function in CANDIDATES}
        seconds = measure.times(compiled, arguments)
        for name, (low, middle, high) in measure.ratios(seconds, PEER).items():
            times = f"{1000 * min(seconds[name]):6.1f} ms, x{middle:.2f} ({low:.2f} to {high:.2f})"
            yield f"{name:16}{num_rois:5} ROIs  {times}, memory {_memory(name, num_rois):.1f} times the output's"


def _memory(name, num_rois):
    setup = (
        "import tensorflow as tf\nfrom benchmarks import roi\n"
        f"function = tf.function(roi.{name}, autograph=False, reduce_retracing=True)\n"
        f"for count in (2, 3): function(*roi.inputs(count))\narguments = roi.inputs({num_rois})"
    )
    return measure.peak_memory(setup, "result = function(*arguments)") / (num_rois * 7 * 7 * CHANNELS * 4)
