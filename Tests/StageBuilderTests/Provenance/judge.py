"""judge.py FILE...: checks documents with the libraries of their formats, by the ends of their names."""

import json
import sys


def spdx(path):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    return [message.validation_message for message in validate_full_spdx_document(parse_file(path))]


def cyclonedx(path):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    with open(path) as file:
        error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(file.read())
    return [str(error)] if error else []


def provenance(path):
    from google.protobuf.json_format import ParseDict
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    with open(path) as file:
        text = json.load(file)
    # Names that the specifications do not know are errors here.
    statement = ParseDict(text, statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    predicate = ParseDict(text["predicate"], provenance_pb2.Provenance())
    definition = predicate.build_definition
    problems = [] if definition.build_type and predicate.run_details.builder.id else ["lacks a required field"]
    for dependency in definition.resolved_dependencies:
        if not dependency.digest:
            problems.append(f"{dependency.name} has no digest")
    return problems


JUDGES = {".spdx.json": spdx, ".cdx.json": cyclonedx, ".provenance.json": provenance}

failed = False
for path in sys.argv[1:]:
    judge = next(judge for ending, judge in JUDGES.items() if path.endswith(ending))
    for problem in judge(path):
        print(f"{path}: {problem}")
        failed = True
sys.exit(failed)
