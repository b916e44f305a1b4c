"""Stands in for the partner's service, so that the example runs by itself."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(b"registered " + body)

    def log_message(self, format, *args):
        pass


_server = HTTPServer(("127.0.0.1", 0), Service)
URL = f"http://127.0.0.1:{_server.server_address[1]}/people"
threading.Thread(target=_server.serve_forever, daemon=True).start()
