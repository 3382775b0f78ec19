"""A bucket that checks the signatures of Alibaba's or Tencent's requests with their own libraries.

    bucket-stub.py PORT DIRECTORY oss|cos

The bucket is `cache`; keys are AK with the secret static/secret, or TEMP with the secret temporary and the
token to+ken=. It prints a line for each request, and each line of what it refuses says why.
"""
import email.utils
import http.server
import sys
import time
import types
import urllib.parse

port, kind = int(sys.argv[1]), sys.argv[3]
KEYS = {"AK": ("static/secret", None), "TEMP": ("temporary", "to+ken=")}
objects = {}


class Refused(Exception):
    pass


def known(name):
    if name not in KEYS:
        raise Refused("no such key")
    return KEYS[name]


def check_oss(handler, path):
    import oss2

    text = handler.headers["authorization"] or ""
    if not text.startswith("OSS "):
        raise Refused("not signed")
    name = text.removeprefix("OSS ").split(":")[0]
    secret, token = known(name)
    date = handler.headers["date"]
    if abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) > 900:
        raise Refused("the time is wrong")
    headers = {k.lower(): v for k, v in handler.headers.items() if k.lower() != "authorization"}
    request = types.SimpleNamespace(method=handler.command, headers=headers, params={})
    oss2.utils.http_date = lambda: date
    headers.pop("x-oss-security-token", None)
    auth = oss2.StsAuth(name, secret, token) if token else oss2.Auth(name, secret)
    auth._sign_request(request, "cache", path.lstrip("/"))
    if request.headers["authorization"] != text:
        raise Refused("wrong signature")


def check_cos(handler, path):
    from qcloud_cos import CosConfig, cos_auth

    text = handler.headers["authorization"]
    if not text:
        raise Refused("not signed")
    fields = dict(part.split("=", 1) for part in text.split("&"))
    secret, token = known(fields["q-ak"])
    start, end = map(int, fields["q-sign-time"].split(";"))
    if not start < time.time() < end:
        raise Refused("the time is wrong")
    if handler.headers["x-cos-security-token"] != token:
        raise Refused("another token")
    signed = fields["q-header-list"].split(";")
    if "host" not in signed or (token and "x-cos-security-token" not in signed):
        raise Refused("something important is not signed")
    request = types.SimpleNamespace(
        method=handler.command, url=f"http://{handler.headers['host']}{handler.path}",
        headers={name: handler.headers[name] for name in signed})
    # The library begins a minute before now.
    cos_auth.time = types.SimpleNamespace(time=lambda: start + 60)
    config = CosConfig(Region="ap-test", SecretId=fields["q-ak"], SecretKey=secret)
    cos_auth.CosS3Auth(config, path, expire=end - start - 60)(request)
    if request.headers["Authorization"] != text:
        raise Refused("wrong signature")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b""):
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = urllib.parse.unquote(self.path)
        try:
            # By any port: it may be reached through something that speaks TLS for it.
            if self.headers["host"].partition(":")[0] != "cache.localhost":
                raise Refused("another host")
            (check_oss if kind == "oss" else check_cos)(self, path)
        except Refused as refused:
            print("refused", self.command, self.path, refused, flush=True)
            text = f"<Error><Code>Refused</Code><Message>{self.headers['authorization']}</Message></Error>"
            return self.answer(403, text.encode())
        print("served", self.command, self.path, flush=True)
        if self.command == "PUT":
            objects[path] = body
            self.answer(200)
        elif self.command == "DELETE":
            objects.pop(path, None)
            self.answer(204)
        elif path in objects:
            self.answer(200, objects[path])
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    do_GET = do_PUT = do_DELETE = do

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


Server(("127.0.0.1", port), Handler).serve_forever()
