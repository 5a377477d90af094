"""Translates SAM templates with aws-sam-translator: a JSON object of templates by name comes in, one of results goes out.

A result is {"template": ...} or {"refused": [...]}. What is on this machine is put into a bucket named "local" first, as
the command `sam package` puts it into one.
"""

import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.model.exceptions import InvalidDocumentException  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402


class NoPolicies:
    def load(self):
        return {}


LOCATIONS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::Api": "DefinitionUri",
    "AWS::Serverless::HttpApi": "DefinitionUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::GraphQLApi": "SchemaUri",
}


def package(template):
    def put(owner, name):
        at = owner.get(name)
        if isinstance(at, str) and not at.startswith("s3://"):
            owner[name] = "s3://local/" + at

    for section, properties in (template.get("Globals") or {}).items():
        if "AWS::Serverless::" + section in LOCATIONS and isinstance(properties, dict):
            put(properties, LOCATIONS["AWS::Serverless::" + section])
    has_code = ((template.get("Globals") or {}).get("Function") or {}).get("CodeUri")
    for resource in template["Resources"].values():
        if not isinstance(resource, dict) or resource.get("Type") not in LOCATIONS:
            continue
        properties = resource.setdefault("Properties", {})
        put(properties, LOCATIONS[resource["Type"]])
        if resource["Type"] == "AWS::Serverless::Function" and not has_code:
            if not any(properties.get(p) for p in ("CodeUri", "InlineCode", "ImageUri", "PackageType")):
                properties["CodeUri"] = "s3://local/."
        if properties.get("PackageType") == "Image":
            properties.setdefault("ImageUri", "111122223333.dkr.ecr.us-east-1.amazonaws.com/local:latest")


def translate(template):
    package(template)
    try:
        return {"template": transform(template, {}, NoPolicies())}
    except InvalidDocumentException as e:
        return {"refused": [e.message] + [c.message for c in e.causes]}


json.dump({name: translate(t) for name, t in json.load(sys.stdin).items()}, sys.stdout)
