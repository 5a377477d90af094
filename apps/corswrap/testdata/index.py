import os
import signal
import time


def handler(event, context):
    path = event.get("path")
    response = {"statusCode": 200, "headers": {"access-control-allow-origin": "*", "Vary": "Accept"}, "body": "hello"}
    if path == "/error":
        raise RuntimeError("no such table")
    if path == "/exit":
        os._exit(7)
    if path == "/killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if path == "/hangs":
        print("pid %d" % os.getpid(), flush=True)
        time.sleep(600)
    if path == "/large":
        response["body"] = '"' * 2_900_000
    if path == "/binary":
        response.update(body="AP8=", isBase64Encoded=True)
    if path == "/env":
        response["body"] = ",".join(sorted("%s=%s" % (k, v) for k, v in os.environ.items() if k.startswith("TEST_")))
    if path == "/fd":
        os.write(int(os.environ["TEST_FD"]), b"from the function")
    return response
