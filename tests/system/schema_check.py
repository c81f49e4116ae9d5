"""Answers held against their schemas.

schema_check.py SCHEMA ANSWER: each fault of ANSWER in a line, with its place; exit code 1 for any.
schema_check.py -: the same of each line of the input, which has SCHEMA, a tab and ANSWER, at once: a line "good", or one
with the faults.
"""
import json
import pathlib
import sys

import jsonschema


def faults_of(schema_name, answer_name):
    with open(schema_name, encoding="utf-8") as file:
        schema = json.load(file)
    with open(answer_name, encoding="utf-8") as file:
        answer = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.FormatChecker()
    # A schema may refer to one beside it.
    resolver = jsonschema.RefResolver(pathlib.Path(schema_name).resolve().as_uri(), schema)
    validator = jsonschema.Draft202012Validator(schema, resolver=resolver, format_checker=checker)
    return [
        "/".join(str(part) for part in fault.absolute_path) + ": " + fault.message[:300]
        for fault in validator.iter_errors(answer)
    ]


def serve():
    for line in sys.stdin:
        try:
            faults = faults_of(*line.rstrip("\n").split("\t"))
        except (OSError, ValueError, TypeError, jsonschema.exceptions.SchemaError) as error:
            faults = [str(error)]
        print("; ".join(faults).replace("\n", " ") or "good", flush=True)


def main():
    if sys.argv[1:] == ["-"]:
        serve()
        return 0
    faults = faults_of(*sys.argv[1:])
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
