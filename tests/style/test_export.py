import warnings

import numpy as np
import pytest

from cvkit.models import style_net
from cvkit.style import export_style_net
from tests.support import BACKEND, raises, to_numpy


@pytest.mark.tensorflow_only
def test_the_file_runs_without_keras_and_gives_the_same_image(tmp_path):
    import tensorflow as tf

    network = style_net(4, 1)
    path = export_style_net(network, tmp_path / "style.tflite", (16, 24))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow asks for the interpreter's own package
        interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    image = np.random.default_rng(0).uniform(0, 255, (1, 16, 24, 3)).astype("float32")
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    made = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert np.abs(made - to_numpy(network(image))).max() < 0.01  # of 255 grey levels


def test_errors(tmp_path):
    with raises("path must end in .tflite. Received 'style.h5'"):
        export_style_net(style_net(4, 1), tmp_path / "style.h5", (16, 16))
    if BACKEND != "tensorflow":
        with raises("needs the TensorFlow backend"):
            export_style_net(style_net(4, 1), tmp_path / "style.tflite", (16, 16))
