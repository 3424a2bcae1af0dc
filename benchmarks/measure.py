"""Time candidates fairly: warmed up, in turns, in one process; and measure memory in a process of its own."""

import statistics
import subprocess
import sys
import time

ROUNDS = 31


def times(candidates, arguments, rounds=ROUNDS):
    """Seconds of each candidate, round by round.

    The candidates take turns, so that whatever else the machine does falls on all of them alike.

    Args:
        candidates: dict of name to a function that returns when its work is done.
        arguments: what each is called with.
        rounds: turns.

    Returns:
        Dict of name to a list of seconds, one a round.
    """
    seconds = {name: [] for name in candidates}
    for function in candidates.values():
        function(*arguments)
    for _ in range(rounds):
        for name, function in candidates.items():
            start = time.perf_counter()
            function(*arguments)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def ratios(seconds, peer):
    """Quartiles of the rounds' ratios, each candidate over the peer: dict of name to (lower, median, upper)."""
    return {
        name: tuple(statistics.quantiles([a / b for a, b in zip(values, seconds[peer], strict=True)], n=4))
        for name, values in seconds.items()
    }


def peak_memory(setup, work):
    """Bytes by which a fresh process grows at most while it runs the statement `work`, after `setup`."""
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED.format(setup, work)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


_WATCHED = """\
import threading, time, psutil
{}
memory, peak, done = psutil.Process().memory_info, 0, False
def watch():
    global peak
    while not done:
        peak = max(peak, memory().rss)
        time.sleep(0.0005)
watcher = threading.Thread(target=watch)
before = memory().rss
watcher.start()
{}
done = True
watcher.join()
print(peak - before)
"""
