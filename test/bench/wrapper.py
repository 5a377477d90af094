import os


def handler(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": event["body"]}


if os.environ["_HANDLER"] == "index.peer":
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response

    app = APIGatewayRestResolver(cors=CORSConfig(allow_origin="https://app.example.com", extra_origins=["https://admin.example.com"]))

    @app.post("/orders")
    def orders():
        return Response(status_code=200, content_type="text/plain", body=app.current_event.body)

    def peer(event, context):
        return app.resolve(event, context)
