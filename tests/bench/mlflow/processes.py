"""What a server with all its workers has used, as Linux counts it."""

import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")


def tree(root):
    """A process and all that come of it."""
    parents = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        if fields := stat(int(folder.name)):
            parents[int(folder.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def stat(pid):
    """The fields behind the name, which may have any characters; nothing of a process that has ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu(root):
    """Seconds of CPU, of those that have ended and been waited for as well."""
    return sum(int(ticks) for pid in tree(root) for ticks in stat(pid)[11:15]) / TICKS


def forget_peak(root):
    """Lets the peak begin anew."""
    for pid in tree(root):
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(root):
    """The sum of the most that each has had resident, in MiB; what they share counts for each."""
    lines = [line for pid in tree(root) for line in status(pid) if line.startswith("VmHWM:")]
    return sum(int(line.split()[1]) for line in lines) / 1024


def status(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return []
