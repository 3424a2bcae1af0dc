"""``python -m benchmarks``: every ratio, one line each. Below 1 is faster than the peer named first in its group.

At the end, which takes minutes, our YOLO and KerasCV's after the same time of training.
"""

from benchmarks import average_precision, gallery, keras_cv_yolo, networks, nms, proposals, roi


def main():
    """Print the table."""
    for module in (roi, networks, average_precision, nms, proposals, gallery, keras_cv_yolo):
        for line in module.run():
            print(line, flush=True)


if __name__ == "__main__":
    main()
