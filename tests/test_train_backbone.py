"""The script that trains the embedded backbone: end to end, interrupted and resumed; and the weights that ship."""

import json
import re

import keras
import numpy as np
import pytest

import cvkit
from cvkit.backbones import classifier
from cvkit.files import checkout
from scripts import train_backbone as script

ROOT = checkout()


@pytest.fixture(name="few_images")
def _few_images(monkeypatch):
    """Images of ten colours in place of CIFAR-10."""
    labels = np.arange(256) % 10
    colours = np.random.default_rng(0).integers(0, 256, (10, 1, 1, 3))
    images = np.broadcast_to(colours[labels], (256, 32, 32, 3)).astype("uint8")
    monkeypatch.setattr(cvkit.data, "load", lambda name, split: {"images": images, "labels": labels})


def test_runs_end_to_end_and_goes_on_after_an_interruption(few_images, tmp_path, monkeypatch, capsys):
    def run(name):
        arguments = ["--epochs", "2", "--limit", "128", "--folder", tmp_path / name, "--to", tmp_path / f"{name}.npz"]
        script.main([str(argument) for argument in arguments])
        with np.load(tmp_path / f"{name}.npz", allow_pickle=False) as stored:
            return dict(stored)

    keep = script.Checkpoint.on_epoch_end

    def interrupted(self, epoch, logs=None):
        keep(self, epoch, logs)
        raise KeyboardInterrupt

    whole = run("whole")
    said = re.search(r"([\d,]+) bytes; test accuracy of the stored weights (0\.\d+|1\.0+)", capsys.readouterr().out)
    assert int(said[1].replace(",", "")) == (tmp_path / "whole.npz").stat().st_size
    assert {array.dtype for array in whole.values()} == {np.dtype("float16")}
    assert sum(array.size for array in whole.values()) == 1_288_810
    monkeypatch.setattr(script.Checkpoint, "on_epoch_end", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("parts")
    monkeypatch.setattr(script.Checkpoint, "on_epoch_end", keep)
    parts = run("parts")
    for name, array in whole.items():
        np.testing.assert_allclose(parts[name], array, rtol=2e-3, atol=1e-3)  # float16 has steps of 1e-3
    log = [json.loads(line) for line in (tmp_path / "parts" / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in log] == [1, 2]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(log[1])


def test_augmentation_crops_mirrors_and_recolours():
    # Red rises from left to right and green from top to bottom: after crop and mirror both are still straight lines.
    red, green = np.meshgrid(np.arange(32), np.arange(32))
    image = np.stack([red, green, np.full((32, 32), 100)], axis=-1).astype("uint8") + 50
    made = script.augment(np.repeat(image[None], 64, axis=0), np.random.default_rng(0))
    assert made.shape == (64, 32, 32, 3)
    assert made.dtype == np.float32
    assert made.min() >= 0
    assert made.max() <= 255
    inner = made[:, 8:24, 8:24]
    across, down = np.diff(inner[..., 0], axis=2), np.diff(inner[..., 1], axis=1)
    assert np.ptp(across, axis=(1, 2)).max() < 1e-3 * 255
    assert np.ptp(down, axis=(1, 2)).max() < 1e-3 * 255
    assert 16 < (across[:, 0, 0] < 0).sum() < 48  # half of them mirrored
    assert (down > 0).all()  # none upside down
    gain = inner[:, 0, 0, 2] / 150
    assert 0.64 <= gain.min() < 0.85 < 1.15 < gain.max() <= 1.44
    steps = np.abs(across[:, 0, 0]) / inner[:, 0, 0, 0] * inner[:, 0, 8, 0]  # any positive scale: crops differ in size
    assert np.unique(steps.round(4)).size == 64


@pytest.mark.real_data
def test_the_weights_that_ship_are_as_good_as_their_card_says():
    card = (ROOT / "cvkit" / "weights" / "README.md").read_text()
    stated = float(re.search(r"test accuracy[^.]*?(\d\d\.\d)%", card)[1])
    test = cvkit.data.load("cifar10_jpeg", "test")
    model = classifier()
    scores = np.concatenate(
        [keras.ops.convert_to_numpy(model(part.astype("float32"))) for part in np.array_split(test["images"], 20)]
    )
    assert 100 * np.mean(scores.argmax(axis=1) == test["labels"]) == pytest.approx(stated, abs=0.1)
    assert stated >= 80
    assert (ROOT / "cvkit" / "weights" / "small_vgg.npz").stat().st_size <= 4_000_000
