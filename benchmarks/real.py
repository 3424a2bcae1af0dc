"""``python -m benchmarks.real``: accuracies on real photographs and videos, a line each.

The sets are read from the folder that CVKIT_DATA names, the ImageNet weights (2 MB) from Keras' cache. Where a folder
`keras_home` lies beside CVKIT_DATA, a copy of it serves as that cache.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path


def main(names):
    """Print a line a set, all of them or those named; returns 1 when one falls short of what is wanted."""
    folder = os.environ.get("CVKIT_DATA")
    if not folder:
        print("real sets skipped: CVKIT_DATA names no folder of data sets")
        return 0
    with tempfile.TemporaryDirectory() as place:
        shared = Path(folder).parent / "keras_home"
        if shared.is_dir():  # Keras writes into its cache, so it gets a copy; it looks for it when it is imported
            os.environ["KERAS_HOME"] = shutil.copytree(shared, f"{place}/keras")
        from benchmarks import blood_cells, camvid, linear_heads, orl_faces, tracking

        runs = {name: lambda name=name: linear_heads.run(name) for name in linear_heads.SETS}
        runs["blood_cells"] = blood_cells.run
        runs["blood_cells_yolo"] = lambda: blood_cells.run("YOLO")
        runs["camvid"] = camvid.run
        runs["orl_faces"] = orl_faces.run
        runs |= {name: lambda name=name: tracking.run(name) for name in tracking.PUBLISHED}
        unknown = set(names) - set(runs)
        if unknown:
            print(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(runs)}")
            return 2
        held = [_held(name, runs[name]) for name in names or runs]
    return int(not all(held))


def _held(name, run):
    from cvkit.data.error import DataError

    try:
        line, held = run()
    except DataError as error:
        line, held = f"{name} skipped: {error}", True
    print(line, flush=True)
    return held


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
