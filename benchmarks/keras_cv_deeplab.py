"""Our FCN-4s and KerasCV's DeepLabV3+, trained for the same time on the scenes of lesson 15: mean IoU and outlines.

KerasCV's begins with random weights, for none of its come without a network; so ours is also trained from random ones.
"""

import warnings

import keras
import numpy as np

from benchmarks.keras_cv_yolo import StopAfter
from cvkit.backbones import backbone
from cvkit.data import load
from cvkit.models import fcn
from cvkit.segmentation import boundary_f_scores, confusion_matrix, segmentation_scores

SECONDS = 60  # of training each, what TensorFlow needs to begin left out
BATCH, RATE, MAX_EPOCHS = 8, 1e-3, 1000  # Adam at a constant rate
NUM_CLASSES = 4
SCENES = dict(
    image_size=64,
    num_objects=(1, 3),
    classes=("circle", "triangle", "cross"),
    sides=(0.3, 0.5),
    num_train=800,
    num_test=150,
)


def ours(weights):
    """FCN on the backbone's maps of stride 16, 8 and 4."""
    return fcn(backbone(weights=weights), NUM_CLASSES, stride=4), True


def theirs():
    """KerasCV's, built from explicit arguments, with four stages of two blocks each; it answers with probabilities.

    Its averages of batch normalisation move with momentum 0.99. In so few steps they would hardly leave where they
    begin, and every pixel would be background; so they get 0.9, as ours have.
    """
    import keras_cv

    body = keras_cv.models.ResNetV2Backbone(
        stackwise_filters=[64, 96, 128, 192],
        stackwise_blocks=[2, 2, 2, 2],
        stackwise_strides=[1, 2, 2, 2],
        include_rescaling=True,
        input_shape=(64, 64, 3),
        block_type="basic_block",
    )
    network = keras_cv.models.DeepLabV3Plus(backbone=body, num_classes=NUM_CLASSES)
    for layer in _normalisations(network):
        layer.momentum = 0.9
    return network, False


def _normalisations(layer):
    """Every batch normalisation within a layer of KerasCV's network."""
    if isinstance(layer, keras.layers.BatchNormalization):
        yield layer
    if hasattr(layer, "aspp_parallel_channels"):  # the pyramid is no model, and has no list of its layers
        parts = [*layer.aspp_parallel_channels, layer.projection]
    else:
        parts = getattr(layer, "layers", [])
    for part in parts:
        yield from _normalisations(part)


CANDIDATES = {
    "FCN-4s, embedded weights": lambda: ours("embedded"),
    "FCN-4s, random weights": lambda: ours(None),
    "DeepLabV3Plus, random weights": theirs,
}


def run():
    """Lines of the table."""
    data, test = (load("shapes", split, **SCENES) for split in ("train", "test"))
    images, test_images = (np.float32(part["images"]) for part in (data, test))
    truth = test["semantic_masks"]
    for name, build in CANDIDATES.items():
        keras.utils.set_random_seed(0)
        (network, gives_logits), stop = build(), StopAfter(SECONDS)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=gives_logits)
        network.compile(keras.optimizers.Adam(RATE), loss, jit_compile=False)
        options = dict(batch_size=BATCH, epochs=MAX_EPOCHS, verbose=0, callbacks=[stop])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Gradients do not exist")  # for KerasCV's last normalisation, not used
            network.fit(images, data["semantic_masks"], **options)
        answer = network.predict(test_images, verbose=0).argmax(axis=-1)
        scores = segmentation_scores(confusion_matrix(truth, answer, NUM_CLASSES))
        outlines = np.nanmean(boundary_f_scores(truth, answer, NUM_CLASSES, tolerance=1)[:, 1:])
        yield (
            f"{name:31} {network.count_params() / 1e6:.1f} M parameters, {SECONDS} s of training "
            f"({BATCH * stop.steps:,} scenes): mean IoU {scores.mean_iou:.3f}, boundary F at 1 px {outlines:.3f} of "
            f"{len(truth)} scenes"
        )


if __name__ == "__main__":
    for line in run():
        print(line, flush=True)
