"""What every row in Python does: prints what came of one request."""

import sys

url, method, kept = sys.argv[1], sys.argv[2], sys.argv[3] == "kept"
headers = {"Idempotency-Key": "0b0f5b2e-0000-4000-8000-0000000000aa", "Accept-Language": "ja"}
body = {"title": "Pump 3"} if method == "POST" else None


def is_maintenance(status, headers):
    return status == 503 and headers.get("X-Maintenance-Mode") == "on"


def said(status, headers):
    print(f"maintenance {headers.get('Retry-After')}" if is_maintenance(status, headers) else status)
