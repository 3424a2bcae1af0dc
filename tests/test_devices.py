import keras

from cvkit.devices import gpus


def test_gpus_are_those_that_the_backend_itself_reports():
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        expected = len(tf.config.list_physical_devices("GPU"))
    elif backend == "jax":
        import jax

        expected = sum(device.platform == "gpu" for device in jax.devices())
    else:
        import torch

        expected = torch.cuda.device_count()
    assert len(gpus()) == expected
