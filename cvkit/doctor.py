"""`cvkit doctor`: what this machine has, and how to mend what keeps the lessons from running."""

import json
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
OLDEST = {"tensorflow": (2, 20), "keras": (3, 12)}
PYTHON = ((3, 11), (3, 13))
MEMORY_GB, DISK_GB = 4.0, 2.0  # 1 GB is 10^9 bytes
_INSTALL = "run make lab, or python -m pip install -r requirements.txt, in the course's folder"


def problems(facts):
    """What must be mended, a sentence each with the way to mend it.

    Args:
        facts: what `collect` returns.

    Returns:
        A list of sentences, empty when all is well.

    Example:
        >>> good = {"python": "3.12.1", "versions": {"tensorflow": "2.21.0", "keras": "3.12.0", "cvkit": "0.1.0"}}
        >>> good |= {"backend": "tensorflow", "memory": 16.0, "disk": 50.0, "errors": []}
        >>> problems(good)
        []
        >>> problems(good | {"disk": 0.5})
        ['0.5 GB of disk are free, a lesson may need 2 GB: make room.']
    """
    found = []
    first, last = (".".join(map(str, version)) for version in PYTHON)
    if not PYTHON[0] <= _numbers(facts["python"]) <= PYTHON[1]:
        found.append(f"Python is {facts['python']}, expected {first} to {last}: install one of them and run make lab.")
    for name, version in facts["versions"].items():
        if version is None:
            found.append(f"{name} is not installed: {_INSTALL}.")
        elif _numbers(version) < OLDEST.get(name, (0, 0)):
            wanted = ".".join(map(str, OLDEST[name]))
            found.append(f"{name} is {version}, expected {wanted} or newer: {_INSTALL}.")
    if facts["backend"] not in BACKENDS:
        found.append(
            f"Keras is told to use the backend {facts['backend']!r}, expected one of {', '.join(BACKENDS)}: "
            "correct or unset KERAS_BACKEND, or the file keras.json in Keras' folder."
        )
    if facts["memory"] < MEMORY_GB:
        found.append(f"This machine has {facts['memory']:.1f} GB of memory, expected {MEMORY_GB:g} GB: use Colab.")
    if facts["disk"] < DISK_GB:
        found.append(f"{facts['disk']:.1f} GB of disk are free, a lesson may need {DISK_GB:g} GB: make room.")
    return found + facts["errors"]


def collect():
    """What there is to know of this machine.

    Returns:
        Dict: python, executable, versions (by package, None when missing), backend, gpus (names), cores, memory, free
        and disk (GB), data (a line), weights (a line), errors (sentences).
    """
    import psutil

    memory = psutil.virtual_memory()
    facts = {
        "python": platform.python_version(),
        "executable": sys.executable,
        "versions": {name: _version(name) for name in ("tensorflow", "keras", "cvkit")},
        "backend": _backend(),
        "gpus": [],
        "cores": os.cpu_count(),
        "memory": memory.total / 1e9,
        "free": memory.available / 1e9,
        "disk": shutil.disk_usage(_existing(Path.cwd())).free / 1e9,
        "data": "unknown",
        "weights": _weights(),
        "errors": [],
    }
    for name, look in (("gpus", _gpus), ("data", _data), ("disk", _disk)):
        try:
            facts[name] = look()
        except Exception as error:  # a doctor reports what is broken, whatever it is
            first_line = str(error).splitlines()[0] if str(error) else ""
            facts["errors"].append(f"Looking for {name} failed with {type(error).__name__}: {first_line}")
    return facts


def report(facts):
    """The facts as lines of text."""
    versions = {name: version or "missing" for name, version in facts["versions"].items()}
    return [
        f"python      {facts['python']} ({facts['executable']})",
        f"packages    {', '.join(f'{name} {version}' for name, version in versions.items())}",
        f"backend     {facts['backend']}",
        f"gpu         {', '.join(facts['gpus']) or 'none; lessons use the laptop profile'}",
        f"machine     {facts['cores']} cores, {facts['memory']:.1f} GB of memory ({facts['free']:.1f} free), "
        f"{facts['disk']:.1f} GB of disk free",
        f"data sets   {facts['data']}",
        f"weights     {facts['weights']}",
    ]


def main():
    """Print the report; returns the exit code, 1 when something must be mended."""
    facts = collect()
    print("\n".join(report(facts)))
    wrong = problems(facts)
    print("\n".join(f"MEND: {problem}" for problem in wrong) if wrong else "All is well.")
    return 1 if wrong else 0


def _numbers(version):
    """(major, minor) of a version."""
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _keras_home():
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def _backend():
    """The backend Keras will use, found as Keras finds it but without importing it."""
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    try:
        return json.loads((_keras_home() / "keras.json").read_text(encoding="utf-8")).get("backend", "tensorflow")
    except (OSError, ValueError):
        return "tensorflow"


def _gpus():
    """GPUs that Keras sees, asked in a process of its own: a backend may be chatty, or crash on an old processor."""
    code = "import json; from cvkit.devices import gpus; print(json.dumps(gpus()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise RuntimeError(f"Keras cannot be imported: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def _data():
    from cvkit.data.catalogue import catalogue
    from cvkit.data.fetch import locate

    entries = catalogue().values()
    here = [entry.name for entry in entries if entry.folder and locate(entry)[1] is not None]
    built_in = sum(not entry.folder for entry in entries)
    return f"{built_in} built in; on this machine: {', '.join(here) or 'no others'} (cvkit data list)"


def _disk():
    from cvkit.data.places import cache_folder

    return shutil.disk_usage(_existing(cache_folder())).free / 1e9


def _weights():
    folder = _keras_home() / "models"
    files = [path for path in folder.glob("*") if path.is_file()] if folder.is_dir() else []
    size = sum(path.stat().st_size for path in files) / 1e6
    return f"{len(files)} files, {size:.0f} MB in {folder}"


def _existing(path):
    """The folder itself, or the nearest one above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
