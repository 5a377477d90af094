"""Evaluates mapping templates with airspeed-ext as LocalStack's API Gateway does.

The requests and answers are those of Driver.java. What LocalStack does around the
engine, in localstack/utils/aws/templating.py and in
services/apigateway/next_gen/execute_api/template_mapping.py:

- the template is stripped, and "# set" and "x#$" in it are rewritten. A template
  that has either is an error here;
- strings in dictionaries are of a class of their own, which has no matches and no
  length; so the engine's additional methods of strings are not found on them;
- headers come in a mapping that is no dictionary, and tells no cases apart. MODE
  "stock" has that, "empty" a dictionary;
- an expression that is None is the empty string.
"""

import base64
import re
import sys

import airspeed

calculate = airspeed.operators.VariableExpression.calculate


def calculate_or_empty(self, *args, **kwargs):
    value = calculate(self, *args, **kwargs)
    return "" if value is None else value


airspeed.operators.VariableExpression.calculate = calculate_or_empty


class String(str):
    def contains(self, what):
        return what in self

    def replaceAll(self, regex, replacement):
        return String(re.sub(regex, replacement.replace("$", "\\"), self))


class Headers:
    def __init__(self, pairs):
        self.pairs = pairs

    def get(self, name, default=None):
        return next((v for n, v in self.pairs if n.lower() == name.lower()), default)


class Input:
    def __init__(self, params):
        self.parameters = params
        self.body = "{}"

    def params(self, name=None):
        if not name:
            return self.parameters
        for kind in ("path", "querystring", "header"):
            if value := self.parameters[kind].get(name):
                return value
        return ""


class Overrides(dict):
    """The headers: API Gateway answers 5XX where one is set twice."""

    def __setitem__(self, name, value):
        if name in self:
            raise ValueError(f"override of {name} set twice")
        super().__setitem__(name, value)


def decode(field):
    return base64.b64decode(field[1:]).decode("utf-8", "replace")


def encode(text):
    return "+" + base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def pairs(fields):
    texts = [decode(f) for f in fields]
    return list(zip(texts[::2], texts[1::2]))


def parse(text):
    text = text.strip()
    if re.search(r"#\s+set|\S#\$", text):
        return ValueError("LocalStack would rewrite this template")
    template = airspeed.Template(text)
    try:
        template.ensure_compiled()
    except Exception as e:  # the answer to its evaluations
        return e
    return template


def evaluate(template, variables, mode, headers):
    if isinstance(template, Exception):
        raise template
    header = Headers(headers) if mode == "stock" else {n: String(v) for n, v in headers}
    overrides = Overrides()
    text = template.merge(
        {
            "input": Input({"path": {}, "querystring": {}, "header": header}),
            "context": {"responseOverride": {"status": 0, "header": overrides}},
            "stageVariables": {n: String(v) for n, v in variables},
        }
    )
    out = [text]
    for name, value in overrides.items():
        out += [name, str(value)]
    return out


def main():
    templates = {}
    variables = []
    while line := sys.stdin.readline():
        fields = line.rstrip("\n").split(" ")
        if fields[0] == "template":
            templates[fields[1]] = parse(decode(fields[2]))
        elif fields[0] == "vars":
            variables = [] if fields[1:] == ["-"] else pairs(fields[1:])
        elif fields[0] == "eval":
            try:
                out = evaluate(templates[fields[2]], variables, fields[1], pairs(fields[3:]))
                answer = "ok " + " ".join(encode(t) for t in out)
            except Exception as e:
                answer = "error " + encode(f"{type(e).__name__}: {e}")
            print(answer, flush=True)
        else:
            raise ValueError(fields[0])


main()
