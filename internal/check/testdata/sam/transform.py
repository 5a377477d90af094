"""Transforms templates of SAM: pip install aws-sam-translator==1.115.0; python transform.py *.yaml"""

import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoPolicies:
    """Stands for AWS's managed policies, which no template here uses."""

    def load(self):
        return {}


for name in sys.argv[1:]:
    with open(name) as source:
        made = transform(yaml_parse(source), {}, NoPolicies())
    with open(name.replace(".yaml", ".transformed.json"), "w") as out:
        json.dump(made, out, indent=1)
        out.write("\n")
