#!/usr/bin/env python3
"""The smallest other side of the HTTP channel: a terminal is the customer. Needs nothing but Python 3.

    SECRET=... python3 http-channel.py http://127.0.0.1:8080/webhooks/acme-app 8081
"""

import hashlib
import hmac
import json
import os
import sys
import threading
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["SECRET"].encode()
SEEN = set()


def signature(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()


def post(address: str, event: dict) -> int:
    body = json.dumps(event).encode()
    request = urllib.request.Request(address, body, {"X-Deskwire-Signature": signature(body)})
    with urllib.request.urlopen(request) as answer:
        return answer.status


class Replies(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        claimed = self.headers.get("X-Deskwire-Signature", "")
        if not hmac.compare_digest(claimed, signature(body)):
            return self.answer(401, {"error": "wrong signature"})
        call = json.loads(body)
        if call["type"] != "reply":
            return self.answer(404, {"error": "not known here"})
        if call["key"] not in SEEN:
            SEEN.add(call["key"])
            print("operator:", call["text"], flush=True)
        self.answer(200, {"id": "r-" + call["key"]})

    def answer(self, status: int, content: dict):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    address, port = sys.argv[1], int(sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", port), Replies)
    print("listening on", server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin:
        post(address, {"type": "message", "id": str(uuid.uuid4()), "visitor": "me", "text": line.strip()})
    threading.Event().wait()


if __name__ == "__main__":
    main()
