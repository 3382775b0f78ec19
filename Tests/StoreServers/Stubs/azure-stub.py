"""A container of Azure's, one account, and everything that hands out tokens for it.

    azure-stub.py PORT DIRECTORY [CERTIFICATE KEY]

Shared keys and shared access signatures are checked with Azure's own library. DIRECTORY/sas gets a signature
for the container. Answers under /ACCOUNT/CONTAINER, as Azure's emulator does. See serving.py for the files
that change what it does.
"""
import datetime
import email.utils
import hmac
import sys
import types
import urllib.parse

from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob import generate_container_sas
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy

import serving

ACCOUNT, CONTAINER = "acct", "box"
KEY = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudC1mb3ItdGVzdHM="
blobs = {}


class Request:
    """What SharedKeyCredentialPolicy wants of a pipeline's request."""

    def __init__(self, method, url, headers):
        self.http_request = HttpRequest(method, url, headers=headers)
        self.context = types.SimpleNamespace(transport=None)


def signature(stub):
    headers = {
        name.lower(): value for name, value in stub.headers.items() if name.lower() != "authorization"}
    if headers.get("content-length") == "0":
        del headers["content-length"]
    request = Request(stub.command, f"http://{stub.headers['host']}{stub.path}", headers)
    SharedKeyCredentialPolicy(ACCOUNT, KEY).on_request(request)
    return request.http_request.headers["Authorization"]


def is_signed(query):
    made = generate_container_sas(
        ACCOUNT, CONTAINER, account_key=KEY, permission=query.get("sp"), expiry=query.get("se"))
    fields = dict(urllib.parse.parse_qsl(made))
    return hmac.compare_digest(fields["sig"], query.get("sig", "")) and (
        query["se"] > datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))


class Azure(serving.Stub):
    def answer(self):
        path, _, text = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(text))
        if path.startswith("/tenant/") or "identity" in path:
            return self.token(path, query)
        if not path.startswith(f"/{ACCOUNT}/"):
            return self.error(400, "InvalidUri")
        why = self.refusal(query)
        if why:
            return self.error(403, why)
        if not path.startswith(f"/{ACCOUNT}/{CONTAINER}/"):
            return self.error(404, "ContainerNotFound")
        if self.headers.get("x-ms-version") != "2022-11-02":
            return self.error(400, "InvalidHeaderValue")
        self.blob(urllib.parse.unquote(path))

    def blob(self, path):
        if self.command == "PUT":
            if self.headers.get("x-ms-blob-type") != "BlockBlob":
                return self.error(400, "InvalidHeaderValue")
            blobs[path] = self.body
            return self.reply(201)
        if path not in blobs:
            return self.error(404, "BlobNotFound")
        if self.command == "DELETE":
            del blobs[path]
            return self.reply(202)
        self.reply(200, blobs[path])

    def refusal(self, query):
        if "sig" in query:
            return None if is_signed(query) else "AuthenticationFailed"
        authorization = self.headers.get("authorization", "")
        if authorization.startswith("Bearer "):
            return None if self.has_token() else "InvalidAuthenticationInfo"
        if "x-ms-date" not in self.headers:
            return "NoAuthenticationInformation"
        date = email.utils.parsedate_to_datetime(self.headers["x-ms-date"])
        if abs((datetime.datetime.now(datetime.timezone.utc) - date).total_seconds()) > 900:
            return "AuthenticationFailed"
        return None if hmac.compare_digest(signature(self), authorization) else "AuthenticationFailed"

    def error(self, status, code):
        self.reply(
            status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{self.path}</Message></Error>"
            .encode())

    def token(self, path, query):
        form = dict(urllib.parse.parse_qsl(self.body.decode()))
        print("  fields:", sorted({**query, **form}), flush=True)
        if path.startswith("/tenant/"):
            allowed = (
                path == "/tenant/oauth2/v2.0/token" and form.get("client_id") == "client"
                and form.get("grant_type") == "client_credentials"
                and form.get("scope") == "https://storage.azure.com/.default"
                and (form.get("client_secret") == "s3cret&+=/"
                     or form.get("client_assertion") == "federated.jwt"
                     and form.get("client_assertion_type")
                     == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
        else:
            allowed = query.get("resource") == "https://storage.azure.com" and (
                path == "/metadata/identity/oauth2/token" and self.headers.get("metadata") == "true"
                and query.get("api-version") == "2018-02-01"
                or path == "/msi/identity" and self.headers.get("x-identity-header") == "app-header"
                and query.get("api-version") == "2019-08-01")
        if not allowed:
            return self.reply(401, {"error": "invalid_client", "error_description": self.body.decode()})
        issued = self.issue()
        if issued is None:
            return self.reply(500, {"error": "server_error"})
        token, lifetime = issued
        if path.startswith("/tenant/"):
            return self.reply(200, {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"})
        end = int(self.ends[token])
        self.reply(200, {"access_token": token, "expires_on": str(end), "resource": "x"})


serving.Stub.directory = sys.argv[2]
end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
with open(f"{sys.argv[2]}/sas", "w") as file:
    file.write(generate_container_sas(
        ACCOUNT, CONTAINER, account_key=KEY, permission="rwd", expiry=end))
serving.serve(Azure, int(sys.argv[1]), *sys.argv[3:5])
