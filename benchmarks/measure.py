"""Time candidates fairly: warmed up, in turns, in one process; and measure memory in a process of its own."""

import statistics
import subprocess
import sys
import time

ROUNDS = 31


def times(candidates, arguments):
    """Seconds of each candidate, round by round.

    The candidates take turns, so that whatever else the machine does falls on all of them alike.

    Args:
        candidates: dict of name to a function that returns when its work is done.
        arguments: what each is called with.

    Returns:
        Dict of name to a list of seconds, one a round.
    """
    seconds = {name: [] for name in candidates}
    for function in candidates.values():
        function(*arguments)
    for _ in range(ROUNDS):
        for name, function in candidates.items():
            start = time.perf_counter()
            function(*arguments)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def ratios(seconds, peer):
    """Of each candidate over the peer: the median of the rounds' ratios, and their quartiles.

    Example:
        >>> ratios({"ours": [1.0, 2.0, 3.0], "peer": [2.0, 2.0, 2.0]}, "peer")["ours"]
        (0.5, 1.0, 1.5)
    """
    found = {}
    for name, values in seconds.items():
        quotients = [ours / theirs for ours, theirs in zip(values, seconds[peer], strict=True)]
        found[name] = (
            tuple(statistics.quantiles(quotients, n=4, method="inclusive"))
            if len(values) > 3
            else tuple(sorted(quotients))
        )
    return found


def peak_memory(code):
    """Bytes by which the peak memory of a fresh process grows while it runs ``work()``, which `code` defines."""
    code += (
        "\nimport resource"
        "\npeak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024"
        "\nbefore = peak(); work(); print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)
