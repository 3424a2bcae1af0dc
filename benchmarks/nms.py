"""`nms` against `tf.image.non_max_suppression`, and `batched_nms` beside them."""

import numpy as np
import tensorflow as tf

from benchmarks import measure
from cvkit import detection

THRESHOLD, CLASSES = 0.5, 20


def inputs(num_boxes):
    """Boxes of 10 to 200 pixels a side in an image of 1,000, their scores and classes."""
    rng = np.random.default_rng(0)
    centres, sizes = rng.uniform(0, 1000, (num_boxes, 2)), rng.uniform(10, 200, (num_boxes, 2))
    boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1).astype("float32")
    scores, classes = rng.uniform(size=num_boxes).astype("float32"), rng.integers(0, CLASSES, num_boxes)
    return tf.constant(boxes), tf.constant(scores), tf.constant(classes)


def tensorflow(boxes, scores, classes, size):
    """What one would call in TensorFlow."""
    return tf.image.non_max_suppression(boxes, scores, size, THRESHOLD)


def nms(boxes, scores, classes, size):
    """Ours."""
    return detection.nms(boxes, scores, THRESHOLD, size)


def batched_nms(boxes, scores, classes, size):
    """Ours, for 20 classes at once."""
    return detection.batched_nms(boxes, scores, classes, THRESHOLD, size)


PEER = tensorflow.__name__
CANDIDATES = (tensorflow, nms, batched_nms)


def run():
    """Lines of the table: best time, median ratio with its quartiles, memory in MB."""
    for num_boxes in (1000, 20000):
        for size in (100, 300, 2000):
            arguments = (*inputs(num_boxes), size)
            compiled = {function.__name__: tf.function(function, autograph=False) for function in CANDIDATES}
            compiled["nms, eager"] = nms
            seconds = measure.times(compiled, arguments)
            for name, (low, middle, high) in measure.ratios(seconds, PEER).items():
                times = f"{1000 * min(seconds[name]):6.2f} ms, x{middle:.2f} ({low:.2f} to {high:.2f})"
                memory = "" if name.endswith("eager") else f", memory {_memory(name, num_boxes, size):.1f} MB"
                yield f"{name:16}{num_boxes:6} boxes, {size:4} kept  {times}{memory}"


def _memory(name, num_boxes, size):
    setup = (
        "import tensorflow as tf\nfrom benchmarks import nms\n"
        f"function = tf.function(nms.{name}, autograph=False, reduce_retracing=True)\n"
        f"for count in (2, 3): function(*nms.inputs(count), {size})\narguments = nms.inputs({num_boxes})"
    )
    return measure.peak_memory(setup, f"result = function(*arguments, {size})") / 1e6
