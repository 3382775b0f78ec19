"""A bucket that checks signatures with Amazon's own library, and everything that hands out keys for it.

    s3-stub.py PORT DIRECTORY

Keys are numbered: KEY-1, KEY-2 ... with a secret and a token of their own. What it does can be changed while
it runs, by files in DIRECTORY:

    lifetime   seconds that keys handed out from now on last (3600)
    revoked    keys up to this number are refused as expired
    broken     hands out no keys

It prints a line for each request, and each line of what it refuses says why.
"""
import datetime
import http.server
import json
import sys
import threading
import urllib.parse

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

port, directory = int(sys.argv[1]), sys.argv[2]
objects, lock, issued = {}, threading.Lock(), 0
renewals = 1


def setting(name, otherwise):
    try:
        with open(f"{directory}/{name}") as file:
            return int(file.read() or 0)
    except FileNotFoundError:
        return otherwise


def issue():
    global issued
    with lock:
        issued += 1
        number = issued
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(
        seconds=setting("lifetime", 3600))
    return {
        "Code": "Success", "AccessKeyId": f"KEY-{number}", "SecretAccessKey": f"secret-{number}",
        "Token": f"token/+={number}", "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}


class Refused(Exception):
    def __init__(self, status, code, why):
        super().__init__(why)
        self.status, self.code = status, code


def keys(name):
    if name == "STATIC":
        return Credentials("STATIC", "static-secret")
    number = int(name.removeprefix("KEY-")) if name.startswith("KEY-") else 0
    if not 0 < number <= issued:
        raise Refused(403, "InvalidAccessKeyId", f"no key {name}")
    if number <= setting("revoked", 0):
        raise Refused(400, "ExpiredToken", f"{name} has ended")
    return Credentials(name, f"secret-{number}", f"token/+={number}")


def check(handler, body, service):
    """Makes the signature again from what arrived."""
    text = handler.headers.get("authorization")
    if not text:
        raise Refused(403, "AccessDenied", "not signed")
    fields = dict(
        part.strip().split("=", 1) for part in text.split(" ", 1)[1].split(","))
    name, day, region, signed_service, _ = fields["Credential"].split("/")
    credentials = keys(name)
    if service != signed_service:
        raise Refused(403, "SignatureDoesNotMatch", f"signed for {signed_service}")
    if service == "s3" and region != "eu-west-1":
        raise Refused(400, "AuthorizationHeaderMalformed", f"signed for {region}")
    if credentials.token and handler.headers.get("x-amz-security-token") != credentials.token:
        raise Refused(403, "InvalidToken", "another token")
    signed = fields["SignedHeaders"].split(";")
    for name in handler.headers:
        if name.lower().startswith("x-amz-") and name.lower() not in signed:
            raise Refused(403, "AccessDenied", f"{name} is not signed")
    request = AWSRequest(
        method=handler.command, url=f"http://{handler.headers['host']}{handler.path}", data=body,
        headers={name: handler.headers[name] for name in signed if name != "host"})
    request.context["timestamp"] = handler.headers["x-amz-date"]
    oracle = (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, region)
    wanted = oracle.signature(
        oracle.string_to_sign(request, oracle.canonical_request(request)), request)
    if wanted != fields["Signature"]:
        raise Refused(403, "SignatureDoesNotMatch", "wrong signature")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", headers={}):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            if setting("broken", 0) and not self.path.startswith("/cache/"):
                raise Refused(500, "InternalFailure", "broken")
            self.serve(urllib.parse.urlsplit(self.path).path, body)
            print("served", self.command, self.path, flush=True)
        except Refused as refused:
            print("refused", self.command, self.path, refused, flush=True)
            region = "<Region>eu-west-1</Region>" if "Malformed" in refused.code else ""
            self.answer(
                refused.status,
                f"<Error><Code>{refused.code}</Code><Message>{self.headers.get('authorization')}"
                f"</Message>{region}</Error>")

    def serve(self, path, body):
        if path == "/latest/api/token" and self.command == "PUT":
            int(self.headers["x-aws-ec2-metadata-token-ttl-seconds"])
            self.answer(200, "session")
        elif path.startswith("/latest/meta-data/iam/security-credentials/"):
            if self.headers.get("x-aws-ec2-metadata-token") != "session":
                raise Refused(401, "Unauthorized", "no session")
            self.answer(200, "role 1" if path.endswith("/") else json.dumps(issue()))
        elif path == "/container":
            if self.headers.get("authorization") != "Basic secret":
                raise Refused(403, "AccessDenied", "wrong token of the container")
            self.answer(200, json.dumps(issue()))
        elif path == "/keys":
            self.answer(200, json.dumps(issue()))
        elif path == "/process":
            given = issue()
            given["SessionToken"] = given.pop("Token")
            self.answer(200, json.dumps({"Version": 1} | given))
        elif path == "/portal/federation/credentials":
            self.sign_on()
        elif path == "/oidc/token":
            self.renew(json.loads(body))
        elif path == "/sts/":
            self.take_role(body)
        else:
            self.serve_object(path, body)

    def sign_on(self):
        if self.headers.get("x-amz-sso_bearer_token") != "sso-token":
            raise Refused(401, "UnauthorizedException", "wrong token")
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        if asked != {"role_name": ["cache role"], "account_id": ["0001"]}:
            raise Refused(403, "ForbiddenException", f"wrong role {asked}")
        given = issue()
        end = datetime.datetime.fromisoformat(given["Expiration"].replace("Z", "+00:00"))
        self.answer(200, json.dumps({"roleCredentials": {
            "accessKeyId": given["AccessKeyId"], "secretAccessKey": given["SecretAccessKey"],
            "sessionToken": given["Token"], "expiration": int(end.timestamp()) * 1000}}))

    def renew(self, form):
        """Once with each token for it: refresh-1 gives refresh-2, and so on."""
        global renewals
        if self.headers.get("content-type") != "application/json":
            raise Refused(415, "UnsupportedMediaType", "no JSON")
        wanted = {"clientId": "client", "clientSecret": "client-secret", "grantType": "refresh_token",
                  "refreshToken": f"refresh-{renewals}"}
        if form != wanted:
            print("refused", self.command, self.path, form, flush=True)
            return self.answer(400, json.dumps(
                {"error": "invalid_grant", "error_description": f"not {form}"}))
        renewals += 1
        self.answer(200, json.dumps({
            "accessToken": "sso-token", "expiresIn": 3600, "tokenType": "Bearer",
            "refreshToken": f"refresh-{renewals}"}))

    def take_role(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        if form["Action"] == "AssumeRole":
            check(self, body, "sts")
            if form.get("ExternalId", "guest") != "guest" or "RoleSessionName" not in form:
                raise Refused(403, "AccessDenied", "wrong form")
        elif form["WebIdentityToken"] != "identity":
            raise Refused(403, "InvalidIdentityToken", "wrong token")
        if form["RoleArn"] != "arn:aws:iam::1:role/cache":
            raise Refused(403, "AccessDenied", "wrong role")
        given = issue()
        given["SessionToken"] = given.pop("Token")
        elements = "".join(f"<{name}>{value}</{name}>" for name, value in given.items())
        self.answer(200, f"<Response><Credentials>{elements}</Credentials></Response>")

    def serve_object(self, path, body):
        check(self, body, "s3")
        key = self.headers["host"] + path
        if self.command == "PUT":
            names = [n for n in self.headers if n.lower().startswith("x-amz-server-side")]
            print("stored", path, {n.lower(): self.headers[n] for n in names}, flush=True)
            objects[key] = body
            self.answer(200)
        elif self.command == "DELETE":
            objects.pop(key, None)
            self.answer(204)
        elif key in objects:
            self.answer(200, objects[key])
        else:
            raise Refused(404, "NoSuchKey", "no such key")

    do_GET = do_PUT = do_DELETE = do_POST = do

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


Server(("127.0.0.1", port), Handler).serve_forever()
