"""pycocotools on what `mean_average_precision` takes."""

import contextlib
import io

import numpy as np
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from cvkit.detection import mean_average_precision


def coco_evaluation(predictions, targets, iou_of="boxes"):
    """A `COCOeval` after evaluate, accumulate and summarize: arrays in `eval`, twelve numbers in `stats`."""
    categories = [{"id": label} for label in sorted({int(label) for target in targets for label in target["labels"]})]
    with contextlib.redirect_stdout(io.StringIO()):
        tables = []
        for items in (targets, predictions):
            table = COCO()
            images = [{"id": image, **_size(target)} for image, target in enumerate(targets)]
            table.dataset = {"images": images, "annotations": _annotations(items, iou_of), "categories": categories}
            table.createIndex()
            tables.append(table)
        evaluation = COCOeval(*tables, "bbox" if iou_of == "boxes" else "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def stats(scores):
    """The twelve numbers of pycocotools' summary in its order, -1 where it says so."""
    numbers = [scores.mean, scores.ap50, scores.ap75, *scores.by_size.values()]
    numbers += [*scores.recall_at.values(), *scores.recall_by_size.values()]
    return np.nan_to_num(np.array(numbers), nan=-1)


def check_against_coco(predictions, targets, iou_of="boxes"):
    """All twelve numbers, every class at every threshold, and every class's recall agree to 1e-9."""
    scores = mean_average_precision(predictions, targets, iou_of=iou_of)
    evaluation = coco_evaluation(predictions, targets, iou_of)
    np.testing.assert_allclose(stats(scores), evaluation.stats, rtol=0, atol=1e-9)
    precision = evaluation.eval["precision"][:, :, :, 0, 2].mean(1)  # (T, K)
    seen = np.isin(scores.classes, evaluation.params.catIds)
    average = np.nan_to_num(scores.average_precision, nan=-1)
    np.testing.assert_allclose(average[:, seen], precision, rtol=0, atol=1e-9)
    assert (average[:, ~seen] == -1).all()
    return scores


def _annotations(items, iou_of):
    annotations = []
    for image, item in enumerate(items):
        shapes = _boxes(item) if iou_of == "boxes" else _masks(item)
        for i, shape in enumerate(shapes):
            entry = {"id": len(annotations) + 1, "image_id": image, "category_id": int(item["labels"][i]), **shape}
            entry |= {"iscrowd": int(item["crowd"][i]) if "crowd" in item else 0}
            entry |= {"area": float(item["area"][i])} if "area" in item else {}
            entry |= {"score": float(item["scores"][i])} if "scores" in item else {}
            annotations.append(entry)
    return annotations


def _size(target):
    return dict(zip(("height", "width"), np.shape(target["masks"])[1:], strict=True)) if "masks" in target else {}


def _boxes(item):
    for x1, y1, x2, y2 in np.asarray(item["boxes"], float).tolist():
        yield {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}


def _masks(item):
    for mask in item["masks"]:
        code = rle.encode(np.asfortranarray(mask, "uint8"))
        yield {"segmentation": code, "area": float(rle.area(code)), "bbox": rle.toBbox(code).tolist()}
