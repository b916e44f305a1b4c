"""Ready-made events of the common sources, with markers where a request's own data goes."""

from __future__ import annotations

import json
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-west-1"


def _apigw() -> Any:
    return {
        "version": "2.0",
        "routeKey": "POST /items",
        "rawPath": "/items",
        "rawQueryString": "q={{unique}}",
        "headers": {
            "Content-Type": "application/json",
            "Host": "api.example.com",
            "X-Forwarded-For": "192.0.2.1",
            "content-type": "application/json",
            "host": "api.example.com",
            "user-agent": "leaklint",
            "x-forwarded-for": "192.0.2.1",
            "x-request": "{{unique}}",
        },
        "queryStringParameters": {"q": "{{unique}}"},
        "pathParameters": {"id": "{{unique}}"},
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "api",
            "authorizer": {"jwt": {"claims": {"sub": "{{unique}}", "email": "{{unique}}@example.com"}, "scopes": []}},
            "domainName": "api.example.com",
            "http": {
                "method": "POST",
                "path": "/items",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "leaklint",
            },
            "requestId": "request-{{unique}}",
            "routeKey": "POST /items",
            "stage": "$default",
            "time": "01/Jan/2030:00:00:00 +0000",
            "timeEpoch": 1893456000000,
        },
        "httpMethod": "POST",
        "path": "/items",
        "resource": "/items",
        "body": json.dumps({"id": "{{unique}}", "name": "name {{unique}}"}),
        "isBase64Encoded": False,
    }


def _sqs() -> Any:
    return {
        "Records": [
            {
                "messageId": "message-{{unique}}",
                "receiptHandle": "receipt-{{unique}}",
                "body": json.dumps({"id": "{{unique}}", "name": "name {{unique}}"}),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1893456000000",
                    "SenderId": ACCOUNT,
                    "ApproximateFirstReceiveTimestamp": "1893456000001",
                },
                "messageAttributes": {},
                "md5OfBody": "{{unique}}",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue",
                "awsRegion": REGION,
            }
        ]
    }


def _s3() -> Any:
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": REGION,
                "eventTime": "2030-01-01T00:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "{{unique}}"},
                "requestParameters": {"sourceIPAddress": "192.0.2.1"},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "leaklint",
                    "bucket": {
                        "name": "bucket",
                        "arn": "arn:aws:s3:::bucket",
                        "ownerIdentity": {"principalId": "owner"},
                    },
                    "object": {"key": "folder/{{unique}}.csv", "size": 1024, "eTag": "{{unique}}", "sequencer": "0A"},
                },
            }
        ]
    }


def _sns() -> Any:
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic:subscription",
                "Sns": {
                    "Type": "Notification",
                    "MessageId": "message-{{unique}}",
                    "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic",
                    "Subject": "subject {{unique}}",
                    "Message": json.dumps({"id": "{{unique}}", "name": "name {{unique}}"}),
                    "Timestamp": "2030-01-01T00:00:00.000Z",
                    "MessageAttributes": {},
                },
            }
        ]
    }


def _eventbridge() -> Any:
    return {
        "version": "0",
        "id": "event-{{unique}}",
        "detail-type": "Item Created",
        "source": "com.example.items",
        "account": ACCOUNT,
        "time": "2030-01-01T00:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": {"id": "{{unique}}", "name": "name {{unique}}"},
    }


def _schedule() -> Any:
    return {
        "version": "0",
        "id": "event-{{unique}}",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": "2030-01-01T00:00:00Z",
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/rule"],
        "detail": {},
    }


SAMPLES = {
    "apigw": _apigw,
    "sqs": _sqs,
    "s3": _s3,
    "sns": _sns,
    "eventbridge": _eventbridge,
    "schedule": _schedule,
}
"""The sources that ``--sample`` knows."""


def sample(source: str) -> str:
    """The event of a source, as JSON text."""
    return json.dumps(SAMPLES[source]())
