"""Writes the answers of AWS that the tests of preflight use as they come over the
wire.

    .venv/e2e/bin/python scripts/wire.py          write internal/environment/preflight/testdata/wire.json
    .venv/e2e/bin/python scripts/wire.py --check  fail if it is not what it would write

testdata/answers.json has the answers by service, operation and variant. They are
held against the models of the API, strictly: a member that the API does not have,
or of another type, is an error. CloudWatch speaks CBOR, which the tests encode.
"""

import json
import pathlib
import sys
from datetime import datetime

import botocore.loaders

import botocore.validate
from moto.core.model import ServiceModel
from moto.core.serialize import get_serializer_class

FOLDER = pathlib.Path(__file__).parent.parent / "internal/environment/preflight/testdata"

def typed(value, shape):
    """The value with times in the place of their texts."""
    if shape.type_name == "structure":
        return {name: typed(v, shape.members[name]) for name, v in value.items()}
    if shape.type_name == "list":
        return [typed(v, shape.member) for v in value]
    if shape.type_name == "map":
        return {k: typed(v, shape.value) for k, v in value.items()}
    if shape.type_name == "timestamp":
        return datetime.fromisoformat(value)
    return value

def wire(key, answer):
    service, rest = key.split(".", 1)
    operation = rest.split("#")[0]
    loader = botocore.loaders.Loader()
    model = ServiceModel(loader.load_service_model(service, "service-2"), service)
    shape = model.operation_model(operation).output_shape
    report = botocore.validate.ParamValidator().validate(answer, shape)
    unknown = unknown_members(answer, shape, key)
    problems = [str(p) for p in [report.generate_report()] if p] + unknown
    if problems:
        sys.exit(f"{key}: " + "\n".join(problems))
    if service == "cloudwatch":
        return {"cbor": answer}
    protocol = next(p for p in ("ec2", "query", "json", "rest-json", "rest-xml") if p in model.metadata.get("protocols", [model.metadata["protocol"]]))
    serialized = get_serializer_class(service, protocol)(model.operation_model(operation)).serialize(typed(answer, shape))
    body = serialized["body"]
    return {"body": body.decode() if isinstance(body, bytes) else body, "type": serialized["headers"].get("Content-Type", "text/xml")}

def unknown_members(value, shape, path):
    if shape.type_name == "structure":
        found = []
        for name, v in value.items():
            if name not in shape.members:
                found.append(f"{path}: the API has no {name}, but {', '.join(shape.members)}")
            else:
                found += unknown_members(v, shape.members[name], f"{path}.{name}")
        return found
    if shape.type_name == "list":
        return [u for v in value for u in unknown_members(v, shape.member, path + "[]")]
    if shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        return [f"{path}: {value} is none of {', '.join(shape.enum)}"]
    return []

answers = json.loads((FOLDER / "answers.json").read_text())
text = json.dumps({key: wire(key, answer) for key, answer in sorted(answers.items())}, indent=1, ensure_ascii=False) + "\n"
file = FOLDER / "wire.json"
if "--check" in sys.argv:
    if file.read_text() != text:
        sys.exit(f"{file} is not what scripts/wire.py writes of answers.json")
else:
    file.write_text(text)
