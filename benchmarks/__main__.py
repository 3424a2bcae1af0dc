"""``python -m benchmarks``: every ratio, one line each. Below 1 is faster than the peer named first in its group.

At the end, which takes minutes, our YOLO and KerasCV's, and our FCN and its DeepLabV3+, after the same time of training
each.
"""

from benchmarks import average_precision, gallery, keras_cv_deeplab, keras_cv_yolo, networks, nms, proposals, roi


def main():
    """Print the table."""
    modules = (roi, networks, average_precision, nms, proposals, gallery, keras_cv_yolo, keras_cv_deeplab)
    for module in modules:
        for line in module.run():
            print(line, flush=True)


if __name__ == "__main__":
    main()
