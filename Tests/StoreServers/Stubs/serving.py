"""What the stubs of stores have in common: an HTTP server whose handler answers with `reply`.

Files in the directory that a stub is given change what it does while it runs:

    lifetime   seconds that tokens handed out from now on last (3600)
    revoked    tokens up to this number are refused
    broken     no tokens are handed out
"""
import http.server
import json
import os
import socketserver
import ssl
import sys
import threading
import time


class Stub(http.server.BaseHTTPRequestHandler):
    """`answer` is called for each request, with its body read."""

    protocol_version = "HTTP/1.1"
    directory = "."
    issued = 0
    ends = {}
    lock = threading.Lock()

    def log_message(self, *arguments):
        pass

    def handle_any(self):
        self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
        print(self.command, self.path.split("?")[0], flush=True)
        self.answer()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = handle_any

    def reply(self, status, body=b"", kind="application/octet-stream", **headers):
        if not isinstance(body, bytes):
            body, kind = json.dumps(body).encode(), "application/json"
        if status >= 400:
            print("  refused:", status, body[:300], flush=True)
        self.send_response(status)
        self.send_header("content-type", kind)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    @classmethod
    def setting(cls, name, otherwise=0):
        try:
            with open(os.path.join(cls.directory, name)) as file:
                return int(file.read() or 1)
        except FileNotFoundError:
            return otherwise

    @classmethod
    def issue(cls):
        """A new token and the seconds that it lasts; None when none are handed out."""
        if cls.setting("broken"):
            return None
        with cls.lock:
            cls.issued += 1
            token, lifetime = f"token-{cls.issued}", cls.setting("lifetime", 3600)
            cls.ends[token] = time.time() + lifetime
        return token, lifetime

    def has_token(self):
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token not in self.ends or self.ends[token] < time.time():
            return False
        return int(token.removeprefix("token-")) > self.setting("revoked")


def serve(stub, port, certificate=None, key=None):
    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def server_bind(self):
            # Without HTTPServer's look-up of our name, which takes long where no name server answers.
            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = self.server_address

    server = Server(("127.0.0.1", port), stub)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
