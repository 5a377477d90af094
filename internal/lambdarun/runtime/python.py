# The Lambda runtime of Python functions, as far as corsgate runs them: it takes
# events from the Runtime API and calls the handler, as
# https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html says.
import http.client
import importlib
import json
import os
import sys
import time
import traceback

env = os.environ
api = http.client.HTTPConnection(env["AWS_LAMBDA_RUNTIME_API"])


class RuntimeFault(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def call(method, name, body=None, headers={}):
    api.request(method, "/2018-06-01/runtime/" + name, body, headers)
    response = api.getresponse()
    data = response.read()
    if response.status >= 300:
        raise ConnectionError("the Runtime API refuses %s: %d %s" % (name, response.status, data.decode(errors="replace")))
    return response, data


def report(name, error, request_id=""):
    kind = error.kind if isinstance(error, RuntimeFault) else type(error).__name__
    trace = [] if isinstance(error, RuntimeFault) else traceback.format_list(traceback.extract_tb(error.__traceback__))
    what = {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}
    print("[ERROR] %s: %s\n%s" % (kind, error, "".join(trace)), file=sys.stderr)
    call("POST", name, json.dumps(what).encode(), {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": kind.encode("ascii", "replace").decode()})


class Context:
    function_name = env.get("AWS_LAMBDA_FUNCTION_NAME")
    function_version = env.get("AWS_LAMBDA_FUNCTION_VERSION")
    memory_limit_in_mb = env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    log_group_name = env.get("AWS_LAMBDA_LOG_GROUP_NAME")
    log_stream_name = env.get("AWS_LAMBDA_LOG_STREAM_NAME")
    identity = None
    client_context = None

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))


# load gives the function that _HANDLER names: "dir/module.function".
def load(name):
    module, dot, function = name.rpartition(".")
    if not dot:
        raise RuntimeFault("Runtime.MalformedHandlerName", "Bad handler '%s': want module.function, such as index.handler" % name)
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as e:
        raise RuntimeFault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module, e))
    except SyntaxError as e:
        raise RuntimeFault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module, e))
    if not hasattr(loaded, function):
        raise RuntimeFault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, module))
    return getattr(loaded, function)


def main():
    # Not the folder of this script, where it would look first otherwise.
    sys.path[0] = env["LAMBDA_TASK_ROOT"]
    try:
        handler = load(env["_HANDLER"])
    except Exception as e:
        report("init/error", e)
        sys.exit(1)
    while True:
        response, event = call("GET", "invocation/next")
        request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        env["_X_AMZN_TRACE_ID"] = response.headers.get("Lambda-Runtime-Trace-Id", "")
        name = "invocation/" + request_id
        try:
            answer = handler(json.loads(event), Context(response.headers))
            try:
                body = json.dumps(answer).encode()
            except (TypeError, ValueError) as e:
                raise RuntimeFault("Runtime.MarshalError", "Unable to marshal response: %s" % e)
        except Exception as e:
            report(name + "/error", e, request_id)
            continue
        call("POST", name + "/response", body, {"Content-Type": "application/json"})


try:
    main()
except (ConnectionError, http.client.HTTPException) as e:
    # The Runtime API is gone, and so is whoever asked.
    print(e, file=sys.stderr)
    sys.exit(1)
