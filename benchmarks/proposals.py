"""Seconds of selective search on images of 160 x 160, and how many objects its boxes meet."""

import statistics
import time

import numpy as np

from cvkit.data.scenes import SceneOptions, draw_scene
from cvkit.detection import SELECTIVE_SEARCH_MODES, iou, selective_search

IMAGES = 12
OPTIONS = SceneOptions(image_size=160, num_objects=(1, 6), texture="textured", noise=16)


def run():
    """Lines of the table: median and largest seconds an image, boxes an image, recall at IoU .5."""
    scenes = [draw_scene(OPTIONS, "test", index) for index in range(IMAGES)]
    selective_search(scenes[0].image)  # imports and first calls are not what is timed
    for mode in SELECTIVE_SEARCH_MODES:
        seconds, counts, met = [], [], []
        for scene in scenes:
            start = time.perf_counter()
            boxes = selective_search(scene.image, mode)
            seconds.append(time.perf_counter() - start)
            counts.append(len(boxes))
            met += list(np.max(iou(scene.boxes, boxes), axis=1) >= 0.5)
        times = f"{statistics.median(seconds):6.2f} s, at most {max(seconds):.2f} s"
        found = f"{statistics.mean(counts):5.0f} boxes, recall {np.mean(met):.2f}"
        yield f"{'proposals':16}{mode:12}160 x 160  {times}, {found}"
