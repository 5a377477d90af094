# Another one, in Python.
import json

stock = {"kettle": 12, "cup": 60}


def handler(event, context):
    body = {"inStock": stock.get(event["pathParameters"]["id"], 0)}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
