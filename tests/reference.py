"""Slow oracles in plain NumPy, written from the definitions with loops: what the fast code is tested against."""

import numpy as np


def iou(boxes1, boxes2):
    """Pair by pair, from the definition."""
    result = np.zeros((len(boxes1), len(boxes2)))
    for i, (ax1, ay1, ax2, ay2) in enumerate(boxes1):
        for j, (bx1, by1, bx2, by2) in enumerate(boxes2):
            area_a = max(ax2 - ax1, 0) * max(ay2 - ay1, 0)
            area_b = max(bx2 - bx1, 0) * max(by2 - by1, 0)
            overlap = max(min(ax2, bx2) - max(ax1, bx1), 0) * max(min(ay2, by2) - max(ay1, by1), 0)
            if area_a > 0 and area_b > 0:
                result[i, j] = overlap / (area_a + area_b - overlap)
    return result
