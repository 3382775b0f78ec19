"""Google's token servers and a bucket that wants their tokens.

    gcs-stub.py PORT DIRECTORY [CERTIFICATE KEY]

Tokens that service accounts sign are checked with Google's own library against DIRECTORY/public.pem. See
serving.py for the files that change what it does.
"""
import sys
import urllib.parse

from google.auth import jwt

import serving

SCOPES = "https://www.googleapis.com/auth/devstorage."
objects = {}


class GCS(serving.Stub):
    def answer(self):
        path, _, text = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(text))
        if path.startswith(("/storage/v1/b/box/o/", "/upload/storage/v1/b/box/o")):
            return self.object(path, query)
        form = {}
        if self.headers.get("content-type") == "application/x-www-form-urlencoded":
            form = dict(urllib.parse.parse_qsl(self.body.decode()))
        if path == "/subject":
            allowed = self.headers.get("x-sub") == "yes"
            return self.reply(200 if allowed else 403, {"inner": "federated.jwt"})
        try:
            allowed = getattr(self, path.rsplit("/", 1)[1].replace(":", "_"))(form, query)
        except Exception as error:
            print("  ", type(error), error, flush=True)
            allowed = False
        if not allowed:
            return self.reply(400, {"error": "invalid_grant", "error_description": self.body.decode()})
        issued = self.issue()
        if issued is None:
            return self.reply(500, {"error": "server_error"})
        print("  issued", path, flush=True)
        if allowed == "camel":
            import datetime
            end = datetime.datetime.fromtimestamp(self.ends[issued[0]], datetime.timezone.utc)
            return self.reply(
                200, {"accessToken": issued[0], "expireTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")})
        self.reply(200, {"access_token": issued[0], "expires_in": issued[1], "token_type": "Bearer"})

    def object(self, path, query):
        if not self.has_token():
            return self.reply(401, b"no such token")
        if path.startswith("/upload/"):
            assert query["uploadType"] == "media"
            objects[query["name"]] = self.body
            return self.reply(200, {"name": query["name"]})
        name = urllib.parse.unquote(path.removeprefix("/storage/v1/b/box/o/"))
        if name not in objects:
            return self.reply(404, b"Not Found")
        if self.command == "DELETE":
            del objects[name]
            return self.reply(204)
        self.reply(200, objects[name])

    def signed(self, form, query):
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        with open(f"{self.directory}/public.pem") as file:
            claims = jwt.decode(
                form["assertion"], certs={"key-1": file.read()},
                audience=f"http://{self.headers['host']}{self.path}")
        print("  scope", claims["scope"], flush=True)
        return claims["iss"] == "build@project.example" and claims["exp"] - claims["iat"] == 3600 and (
            claims["scope"] in (SCOPES + "read_only", SCOPES + "read_write"))

    def refreshed(self, form, query):
        return form == {
            "grant_type": "refresh_token", "client_id": "id", "client_secret": "s&=+",
            "refresh_token": "1//r"}

    def exchanged(self, form, query):
        return form["subject_token"] == "federated.jwt" and form["audience"] == "//iam/pool" and (
            form["subject_token_type"] == "urn:ietf:params:oauth:token-type:jwt"
            and form["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange")

    def sa_generateAccessToken(self, form, query):
        return "camel" if self.has_token() and b"devstorage.read_write" in self.body else False

    def token(self, form, query):
        return self.headers.get("metadata-flavor") == "Google" and (
            "/service-accounts/default/" in self.path or "/service-accounts/ci@x.example/" in self.path)

    def given(self, form, query):
        return "camel"


serving.Stub.directory = sys.argv[2]
serving.serve(GCS, int(sys.argv[1]), *sys.argv[3:5])
