#!/usr/bin/env python3
"""Changes bundles by a seed, each once, and wants tandem-verify to find every change.

mutate.py VERIFY KEY SEED COUNT BUNDLE... : COUNT changes of each BUNDLE, a folder or an archive."""

import os
import random
import shutil
import subprocess
import sys
import tempfile

verify, key, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
choose = random.Random(seed)


def change_bytes(data):
    """Another content, in one of several ways."""
    way = choose.randrange(6)
    at = choose.randrange(len(data)) if data else 0
    if not data or way == 0:
        return data[:at] + bytes([choose.randrange(256)]) + data[at:]
    if way == 1:
        return data[:at] + bytes([data[at] ^ 1 << choose.randrange(8)]) + data[at + 1:]
    if way == 2:
        return data[:at]
    if way == 3:
        end = min(len(data), at + choose.randrange(1, 200))
        return data[:at] + data[end:]
    if way == 4:
        lines = data.split(b"\n")
        one, other = choose.randrange(len(lines)), choose.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        return b"\n".join(lines)
    end = min(len(data), at + choose.randrange(1, 64))
    return data[:at] + os.urandom(end - at) + data[end:]


def change_file(path):
    with open(path, "rb") as file:
        before = file.read()
    after = before
    while after == before:
        after = change_bytes(before)
    with open(path, "wb") as file:
        file.write(after)


def change_folder(folder):
    names = sorted(os.listdir(folder))
    name = os.path.join(folder, choose.choice(names))
    other = os.path.join(folder, choose.choice(names))
    way = choose.randrange(10)
    if way == 0:
        os.remove(name)
    elif way == 1 and name != other and open(name, "rb").read() != open(other, "rb").read():
        os.rename(name, name + ".swap")
        os.rename(other, name)
        os.rename(name + ".swap", other)
    elif way == 2:
        with open(os.path.join(folder, "more"), "wb") as file:
            file.write(b"more")
    else:
        change_file(name)


missed = 0
done = 0
for bundle in sys.argv[5:]:
    for turn in range(count):
        with tempfile.TemporaryDirectory() as lab:
            copy = os.path.join(lab, "copy")
            if os.path.isdir(bundle):
                shutil.copytree(bundle, copy)
                change_folder(copy)
            else:
                shutil.copy(bundle, copy)
                change_file(copy)
            code = subprocess.run([verify, "bundle", "-q", "--key", key, copy],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode
        done += 1
        if code != 1:
            missed += 1
            print(f"{bundle}: turn {turn} of seed {seed}: exit code {code}")
print(f"{'NOT ALL' if missed else 'all'} found: {done - missed} of {done}")
