#!/usr/bin/env python3
"""same.py MESSAGES PORT EXPORTED: each message of sipp's log, which was at PORT, against those that were exported, lines of
JSON: the same ones in the same order, byte for byte but for keys."""
import json
import re
import sys


def logged(path):
    with open(path, encoding="utf-8", newline="") as log:
        text = log.read()
    # "----- TIME\nUDP message sent (N bytes):\n\n" and N bytes
    head = re.compile(r"(?:UDP|TCP) message (?:sent|received) (?:\((\d+) bytes\)|\[(\d+)\] bytes ?:?):?\s*\n\n")
    at = 0
    while match := head.search(text, at):
        size = int(match.group(1) or match.group(2))
        yield text[match.end():match.end() + size]
        at = match.end() + size


def masked(text):
    return re.sub(r"(inline:)([^|\s]+)", lambda m: m.group(1) + "x" * len(m.group(2)), text)


port = ":" + sys.argv[2]
theirs = [masked(text) for text in logged(sys.argv[1])]
with open(sys.argv[3], encoding="utf-8") as lines:
    rows = [json.loads(line) for line in lines]
ours = [row["text"] for row in rows
        if row["type"] == 1 and (row["from"].endswith(port) or row["to"].endswith(port))]
if not theirs or theirs != ours:
    print(f"{len(theirs)} of sipp, {len(ours)} exported")
    for left, right in zip(theirs, ours):
        if left != right:
            print(repr(left), repr(right), sep="\n")
            break
    sys.exit(1)
