"""A style network as a file that runs without the kit and without Keras."""

import tempfile
from pathlib import Path

import keras


def export_style_net(network, path, size):
    """Write a network from images to images as a TensorFlow Lite file for images of one size.

    Args:
        network: functional `keras.Model` from images (B, H, W, 3) to images, such as `cvkit.models.style_net` makes.
            The backend must be TensorFlow.
        path: of the file, which ends in `.tflite`.
        size: (height, width) of the images that it will take, one at a time, float32 from 0 to 255.

    Returns:
        The path.

    Raises:
        ValueError: the path ends otherwise, or Keras runs on another backend.

    Example:
        >>> from cvkit.models import style_net
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     export_style_net(style_net(4, 1), f"{folder}/style.tflite", (32, 48)).name
        'style.tflite'
    """
    path = Path(path)
    if path.suffix != ".tflite":
        raise ValueError(f"path must end in .tflite. Received {path.name!r}.")
    if keras.config.backend() != "tensorflow":
        raise ValueError(
            f"export_style_net needs the TensorFlow backend; Keras runs on {keras.config.backend()}. Save the network "
            "with network.save, and load it where KERAS_BACKEND is tensorflow."
        )
    import tensorflow as tf

    images = keras.Input(batch_shape=(1, *size, 3), name="image")
    fixed = keras.models.clone_model(network, input_tensors=images)  # with its sizes known, every operation is Lite's
    fixed.set_weights(network.get_weights())
    with tempfile.TemporaryDirectory() as folder:
        fixed.export(folder, verbose=False)
        path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())
    return path
