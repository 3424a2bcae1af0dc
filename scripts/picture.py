"""Draw the picture at the top of README.md: ``python scripts/picture.py`` writes .github/picture.png."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from scipy.signal import correlate2d

import cvkit

TARGET = Path(__file__).parent.parent / ".github" / "picture.png"


def draw():
    """One row of five panels, from a kernel to boxes, masks and faces."""
    cat = cvkit.data.load("photos")["chelsea"][20:300, 100:380]
    shapes = cvkit.data.load("shapes", "test", image_size=128, texture="textured", num_objects=(3, 4))
    fig, axes = plt.subplots(1, 5, figsize=(15, 3.3), constrained_layout=True)
    _edges(axes[0], cat)
    _receptive_field(axes[1])
    _boxes(axes[2], shapes["images"][4], shapes["objects"][4])
    axes[3].imshow(shapes["semantic_masks"][4], cmap="tab10", interpolation="nearest")
    _faces(axes[4])
    titles = ["what a kernel sees", "how far three layers see", "what is where", "which pixel is what", "who is who"]
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, fontsize=13)
        ax.axis("off")
    fig.savefig(TARGET, dpi=110, metadata={"Software": None})


def _edges(ax, photo):
    grey = photo.mean(axis=-1) / 255
    sobel = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    strength = np.hypot(correlate2d(grey, sobel, mode="valid"), correlate2d(grey, sobel.T, mode="valid"))
    ax.imshow(1 - np.clip(strength, 0, 1), cmap="gray")


def _receptive_field(ax):
    import keras

    inputs = x = keras.Input((15, 15, 1))
    for _ in range(3):
        x = keras.layers.Conv2D(1, 3, padding="same", use_bias=False, kernel_initializer="ones")(x)
    ax.imshow(cvkit.analysis.gradient_footprint(keras.Model(inputs, x)), cmap="magma")


def _boxes(ax, image, objects):
    names = cvkit.data.catalogue()["shapes"].classes
    ax.imshow(image)
    for (x1, y1, x2, y2), label in zip(objects["boxes"], objects["labels"], strict=True):
        ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor="white", linewidth=2))
        ax.text(x1 + 1, y1 - 2, names[label], color="white", fontsize=10, backgroundcolor=(0, 0, 0, 0.4))


def _faces(ax):
    faces = cvkit.data.load("faces", "train", people=4, images_each=4, image_size=64)["images"].reshape(4, 4, 64, 64, 3)
    ax.imshow(faces.transpose(0, 2, 1, 3, 4).reshape(256, 256, 3))  # a row for each of four made-up people


if __name__ == "__main__":
    draw()
