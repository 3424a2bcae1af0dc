"""Search of a gallery of a million people: time a probe, in one matrix product a batch."""

import time

import numpy as np

from cvkit.faces import Gallery

PEOPLE, SIZE, PROBES = 1_000_000, 128, 64


def run():
    """Lines of the table: milliseconds a probe by the size of the batch, and the memory of one product."""
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((PEOPLE, SIZE), dtype="float32")
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    shown = rng.integers(0, PEOPLE, PROBES)
    probes = embeddings[shown] + 0.02 * rng.standard_normal((PROBES, SIZE), dtype="float32")
    gallery = Gallery(SIZE)
    gallery.enrol(np.arange(PEOPLE), embeddings)
    gallery.nearest(probes[:1])  # sorts once
    for batch_size in (1, 16, 64):
        start = time.perf_counter()
        found, _ = gallery.nearest(probes, batch_size=batch_size)
        each = (time.perf_counter() - start) / PROBES
        right = np.mean(found[:, 0] == shown)
        yield (
            f"gallery of {PEOPLE:,} x {SIZE}, {batch_size:2} probes a product: {1000 * each:6.1f} ms a probe, "
            f"{4 * PEOPLE * batch_size / 1e6:.0f} MB, {right:.0%} found"
        )
