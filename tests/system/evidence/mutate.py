#!/usr/bin/env python3
"""Changes bundles by a seed, each once, and wants tandem-verify to find every change.

mutate.py [--sealer KEY] VERIFY KEY SEED COUNT BUNDLE... [-- WORD...]

COUNT changes of each BUNDLE, a folder or an archive, which is good before. WORDs are further ones of `tandem-verify bundle`: who
stamps, and who cosigns.

With WORDs a change that is not found may be without effect: tandem-verify says then what it says of the bundle that nobody changed, as
where a witness that nobody asked for is left out.

With --sealer the bundles are folders, and who changes them has the log's private key, in the PEM file KEY: he changes what others
said of the log, makes the sums anew, and signs that he gave the bundle so. No sum finds that."""

import argparse
import base64
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

SUMS, EXPORT, EXPORT_PROOF = "SHA256SUMS", "export.json", "export.proof"
# What others said of the log, and the keys that it was handed over to.
VOUCHED = re.compile(r"(?!export)(.*\.proof|stamp\..*|checkpoint|handover\..*)$")
DASH = "\u2014"


class Lab:
    """The verifier, and the changes that a seed chooses."""

    def __init__(self, options, words):
        self.options = options
        self.words = words
        self.choose = random.Random(options.seed)

    def verify(self, *words):
        return subprocess.run([self.options.verify, "bundle", *words, "--key", self.options.key, *self.words],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=False)

    def change_bytes(self, data):
        """Another content, in one of several ways."""
        choose = self.choose
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
        return data[:at] + choose.randbytes(end - at) + data[end:]

    def change_file(self, path):
        before = read(path)
        after = before
        while after == before:
            after = self.change_bytes(before)
        write(path, after)

    def change_folder(self, folder, names):
        """One change of one of NAMES, or of two; what it was."""
        choose = self.choose
        name, other = choose.choice(names), choose.choice(names)
        path, other_path = os.path.join(folder, name), os.path.join(folder, other)
        way = choose.randrange(10)
        if way == 0:
            os.remove(path)
            return f"{name} removed"
        if way == 1 and read(path) != read(other_path):
            os.rename(path, path + ".swap")
            os.rename(other_path, path)
            os.rename(path + ".swap", other_path)
            return f"{name} and {other} swapped"
        if way == 2:
            write(os.path.join(folder, "more"), b"more")
            return "a file more"
        self.change_file(path)
        return f"{name} changed"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf, index, size, path):
    """RFC 9162 2.1.3.2: the root that the hashes PATH lead to."""
    last, root = size - 1, leaf
    for sibling in path:
        if index & 1 or index == last:
            root = node(sibling, root)
            while not index & 1 and index > 0:
                index, last = index >> 1, last >> 1
        else:
            root = node(root, sibling)
        index, last = index >> 1, last >> 1
    return root


class Sealer:
    """Who has the private key of the log, and signs a tree that has another record of the export in its place."""

    def __init__(self, key, origin):
        self.key = key
        self.origin = origin
        der = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], stdout=subprocess.PIPE,
                             check=True).stdout
        # C2SP signed-note: of the name and the key
        self.id = hashlib.sha256(origin.encode() + b"\n\x01" + der[-32:]).digest()[:4]

    def sign(self, text):
        with tempfile.NamedTemporaryFile() as file:
            file.write(text)
            file.flush()
            return subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", file.name],
                                  stdout=subprocess.PIPE, check=True).stdout

    def prove(self, record, proof):
        """C2SP tlog-proof of RECORD, where PROOF has another one."""
        head, checkpoint = proof.decode().split("\n\n")[:2]
        index = int(re.search("^index ([0-9]+)$", head, re.MULTILINE).group(1))
        path = [base64.b64decode(line) for line in head.split("\n")[2:]]
        size = int(checkpoint.split("\n")[1])
        root = base64.b64encode(root_of(hashlib.sha256(b"\0" + record).digest(), index, size, path)).decode()
        text = f"{self.origin}\n{size}\n{root}\n"
        signature = base64.b64encode(self.id + self.sign(text.encode())).decode()
        return f"{head}\n\n{text}\n{DASH} {self.origin} {signature}\n".encode()

    def seal(self, folder):
        lines = []
        for line in read(os.path.join(folder, SUMS)).decode().splitlines():
            path = os.path.join(folder, line[66:])
            if os.path.exists(path):
                lines.append(f"{hashlib.sha256(read(path)).hexdigest()}  {line[66:]}\n")
        sums = "".join(lines).encode()
        write(os.path.join(folder, SUMS), sums)
        export, proof = os.path.join(folder, EXPORT), os.path.join(folder, EXPORT_PROOF)
        record = re.sub(rb'"sums":"[0-9a-f]{64}"', b'"sums":"' + hashlib.sha256(sums).hexdigest().encode() + b'"',
                        read(export))
        write(export, record)
        write(proof, self.prove(record.rstrip(b"\n"), read(proof)))


def says(lab, bundle):
    """The exit code, and what is claimed of the bundle."""
    result = lab.verify("--json", bundle)
    return result.returncode, json.loads(result.stdout or b"{}")


def judge(lab, copy, claims, what):
    """Whether the change was found (1, 0), or has no effect (0, 1), or neither."""
    code, after = says(lab, copy)
    if code == 1:
        return 1, 0
    if code == 0 and lab.words and after == claims:
        print(f"{what}: without effect")
        return 0, 1
    print(f"{what}: exit code {code}: {after}")
    return 0, 0


def run_plain(lab, bundle, turn, claims):
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy")
        if os.path.isdir(bundle):
            shutil.copytree(bundle, copy)
            what = lab.change_folder(copy, sorted(os.listdir(copy)))
        else:
            shutil.copy(bundle, copy)
            lab.change_file(copy)
            what = "the archive changed"
        return judge(lab, copy, claims, f"{bundle}: turn {turn}: {what}")


def run_sealed(lab, bundle, turn, claims, sealer):
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy")
        shutil.copytree(bundle, copy)
        what = lab.change_folder(copy, sorted(name for name in os.listdir(copy) if VOUCHED.match(name)))
        sealer.seal(copy)
        return judge(lab, copy, claims, f"{bundle}: turn {turn}: {what}, sealed anew")


def is_sealed_well(lab, bundle, claims, sealer):
    """What nobody changed is good when it is sealed anew: else nothing would be found by what was changed."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy")
        shutil.copytree(bundle, copy)
        sealer.seal(copy)
        code, after = says(lab, copy)
    if code == 0 and after == claims:
        return True
    print(f"{bundle} is not good when it is sealed anew: {after}")
    return False


def run(lab, bundle):
    """How many changes were found, and how many have no effect."""
    found = idle = 0
    sealer = None
    code, claims = says(lab, bundle)
    if code != 0:
        # what is refused as it is would be refused with any change
        print(f"{bundle} is not good before it is changed: {claims}")
        return 0, 0
    if lab.options.sealer:
        sealer = Sealer(lab.options.sealer, claims["log"])
        if not is_sealed_well(lab, bundle, claims, sealer):
            return 0, 0
    for turn in range(lab.options.count):
        one_found, one_idle = (run_sealed(lab, bundle, turn, claims, sealer) if sealer else
                               run_plain(lab, bundle, turn, claims))
        found += one_found
        idle += one_idle
    return found, idle


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sealer")
    parser.add_argument("verify")
    parser.add_argument("key")
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("bundles", nargs="+")
    own = sys.argv[1:]
    words = own[own.index("--") + 1:] if "--" in own else []
    lab = Lab(parser.parse_args(own[:own.index("--")] if "--" in own else own), words)
    found = idle = done = 0
    for bundle in lab.options.bundles:
        some_found, some_idle = run(lab, bundle)
        found += some_found
        idle += some_idle
        done += lab.options.count
    print(f"{'all' if found + idle == done else 'NOT ALL'} found: {found} of {done}" +
          (f", {idle} without effect" if idle else "") + f" (seed {lab.options.seed})")


main()
