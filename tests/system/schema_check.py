"""schema_check.py SCHEMA ANSWER: each fault of ANSWER in a line, with its place; exit code 1 for any."""
import json
import pathlib
import sys

import jsonschema


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        answer = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.FormatChecker()
    # A schema may refer to one beside it.
    resolver = jsonschema.RefResolver(pathlib.Path(sys.argv[1]).resolve().as_uri(), schema)
    validator = jsonschema.Draft202012Validator(schema, resolver=resolver, format_checker=checker)
    faults = list(validator.iter_errors(answer))
    for fault in faults:
        print("/".join(str(part) for part in fault.absolute_path) + ": " + fault.message[:300])
    return 1 if faults else 0


sys.exit(main())
