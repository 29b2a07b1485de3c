"""Takes 20 ms for an answer, so that there is always something in flight, and tells who has asked."""
import http.server
import json
import socket
import time


class Catalog(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path != "/health":
            time.sleep(0.02)
        told = {
            "name": socket.gethostname(),
            "caller": self.headers.get("x-forwarded-for"),
            "host": self.headers.get("host"),
            "peer": self.client_address[0],
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("0.0.0.0", 9000), Catalog).serve_forever()
