"""Mean average precision against pycocotools at 5,000 images x 100 detections x 80 classes."""

import contextlib
import io
import time

import numpy as np

from benchmarks import measure
from cvkit.detection import mean_average_precision

IMAGES, DETECTIONS, CLASSES, SIDE = 5000, 100, 80, 640


def images():
    """Predictions and targets: about 7 objects an image, two thirds of the detections near one of them."""
    rng = np.random.default_rng(0)
    predictions, targets = [], []
    for _ in range(IMAGES):
        count = rng.integers(1, 14)
        sides = np.exp(rng.uniform(np.log(8), np.log(SIDE / 2), (count, 2)))
        corner = rng.uniform(size=(count, 2)) * (SIDE - sides)
        boxes, labels = np.concatenate([corner, corner + sides], 1), rng.integers(0, CLASSES, count)
        targets.append({"boxes": boxes, "labels": labels, "crowd": rng.random(count) < 0.02})
        near = rng.integers(0, count, DETECTIONS)
        found = boxes[near] + 0.1 * rng.normal(size=(DETECTIONS, 4)) * np.tile(sides[near], 2)
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2])
        classes = np.where(rng.random(DETECTIONS) < 2 / 3, labels[near], rng.integers(0, CLASSES, DETECTIONS))
        predictions.append({"boxes": found, "labels": classes, "scores": rng.random(DETECTIONS)})
    return predictions, targets


def coco_tables(predictions, targets):
    """The same as pycocotools' two tables, objects and detections; not part of what is timed."""
    from pycocotools.coco import COCO

    tables = []
    for items in (targets, predictions):
        annotations = []
        for image, item in enumerate(items):
            numbers = np.concatenate([item["boxes"][:, :2], item["boxes"][:, 2:] - item["boxes"][:, :2]], 1).tolist()
            scores, crowd = (item.get(key, np.zeros(len(numbers))).tolist() for key in ("scores", "crowd"))
            for box, label, score, many in zip(numbers, item["labels"].tolist(), scores, crowd, strict=True):
                entry = {"id": len(annotations) + 1, "image_id": image, "category_id": label, "bbox": box}
                annotations.append(entry | {"area": box[2] * box[3], "score": score, "iscrowd": int(many)})
        table = COCO()
        table.dataset = {
            "images": [{"id": image} for image in range(len(items))],
            "annotations": annotations,
            "categories": [{"id": label} for label in range(CLASSES)],
        }
        table.createIndex()
        tables.append(table)
    return tables


def run():
    """Lines of the table: seconds, ratio, difference in the mean, memory beyond what the images take."""
    from pycocotools.cocoeval import COCOeval

    predictions, targets = images()
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        scores = mean_average_precision(predictions, targets)
        seconds.append(time.perf_counter() - start)
    ours = min(seconds)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(*coco_tables(predictions, targets), "bbox")
        start = time.perf_counter()
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        theirs = time.perf_counter() - start
    setup = "from benchmarks import average_precision as a\narguments = a.images()"
    memory = measure.peak_memory(setup, "result = a.mean_average_precision(*arguments)") / 2**20
    apart = abs(scores.mean - evaluation.stats[0])
    size = f"{IMAGES} images x {DETECTIONS} x {CLASSES}"
    yield f"{'mAP':16}{'cvkit':12}{size}  {ours:6.1f} s, x{ours / theirs:.3f}, memory {memory:.0f} MiB"
    yield f"{'mAP':16}{'pycocotools':12}{size}  {theirs:6.1f} s, x1.000, mAP apart by {apart:.0e}"
