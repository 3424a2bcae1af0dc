"""``python -m benchmarks``: every ratio, one line each. Below 1 is faster than the peer named first in its group."""

from benchmarks import average_precision, networks, nms, proposals, roi


def main():
    """Print the table."""
    for module in (roi, networks, average_precision, nms, proposals):
        for line in module.run():
            print(line, flush=True)


if __name__ == "__main__":
    main()
