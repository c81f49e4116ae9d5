#!/usr/bin/env python3
"""rows.py TABLE: the rows of a table of Kamailio's db_text, oldest first, as lines of JSON."""
import json
import re
import sys

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


def fields(line):
    """The columns of a row: ':' separates them, '\\' escapes."""
    out, field, at = [], "", 0
    while at < len(line):
        char = line[at]
        if char == "\\" and at + 1 < len(line):
            at += 1
            field += ESCAPES.get(line[at], line[at])
        elif char == ":":
            out.append(field)
            field = ""
        else:
            field += char
        at += 1
    return out + [field]


with open(sys.argv[1], encoding="utf-8", newline="\n") as table:
    names = [re.sub(r"\(.*", "", word) for word in table.readline().split()]
    # db_text puts the newest row first
    for row in reversed([line.rstrip("\n") for line in table if line.strip()]):
        print(json.dumps(dict(zip(names, fields(row)))))
