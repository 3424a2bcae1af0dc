"""pycocotools on what `mean_average_precision` takes."""

import contextlib
import io

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from cvkit.detection import mean_average_precision


def coco_evaluation(predictions, targets):
    """A `COCOeval` after evaluate, accumulate and summarize: arrays in `eval`, twelve numbers in `stats`."""
    categories = [{"id": label} for label in sorted({int(label) for target in targets for label in target["labels"]})]
    with contextlib.redirect_stdout(io.StringIO()):
        tables = []
        for items in (targets, predictions):
            table = COCO()
            images = [{"id": image} for image in range(len(targets))]
            table.dataset = {"images": images, "annotations": _annotations(items), "categories": categories}
            table.createIndex()
            tables.append(table)
        evaluation = COCOeval(*tables, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def stats(scores):
    """The twelve numbers of pycocotools' summary in its order, -1 where it says so."""
    numbers = [scores.mean, scores.ap50, scores.ap75, *scores.by_size.values()]
    numbers += [*scores.recall_at.values(), *scores.recall_by_size.values()]
    return np.nan_to_num(np.array(numbers), nan=-1)


def check_against_coco(predictions, targets):
    """All twelve numbers, every class at every threshold, and every class's recall agree to 1e-9."""
    scores, evaluation = mean_average_precision(predictions, targets), coco_evaluation(predictions, targets)
    np.testing.assert_allclose(stats(scores), evaluation.stats, rtol=0, atol=1e-9)
    precision = evaluation.eval["precision"][:, :, :, 0, 2].mean(1)  # (T, K)
    seen = np.isin(scores.classes, evaluation.params.catIds)
    average = np.nan_to_num(scores.average_precision, nan=-1)
    np.testing.assert_allclose(average[:, seen], precision, rtol=0, atol=1e-9)
    assert (average[:, ~seen] == -1).all()
    return scores


def _annotations(items):
    annotations = []
    for image, item in enumerate(items):
        for i, (x1, y1, x2, y2) in enumerate(np.asarray(item["boxes"], float).tolist()):
            entry = {"id": len(annotations) + 1, "image_id": image, "category_id": int(item["labels"][i])}
            entry |= {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
            entry |= {"iscrowd": int(item["crowd"][i]) if "crowd" in item else 0}
            entry |= {"area": float(item["area"][i])} if "area" in item else {}
            entry |= {"score": float(item["scores"][i])} if "scores" in item else {}
            annotations.append(entry)
    return annotations
