"""The cache service of GitHub Actions, both protocols: entries that never change, and are found by their name
or how it begins, newest first.

    gha-stub.py PORT DIRECTORY

Takes the token `job-token`. Addresses of entries hold a signature and number. See serving.py; beside these:

    limited    every question to the service is answered with 429 and this Retry-After
    revoked    addresses up to this number are refused
    readonly   nothing new is taken
    gone       nothing is found any more
"""
import json
import sys
import urllib.parse

import serving

entries, reserved, addresses = [], {}, [0]


def fields(message):
    found, position = {}, 0

    def number():
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(message):
        tag = number()
        if tag & 7 == 2:
            length = number()
            found[tag >> 3] = message[position:position + length].decode()
            position += length
        else:
            assert tag & 7 == 0
            found[tag >> 3] = number()
    return found


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def text(field, value):
    return bytes([field << 3 | 2]) + varint(len(value.encode())) + value.encode()


class Actions(serving.Stub):
    def answer(self):
        path, _, query = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        if path.startswith("/blob/"):
            return self.blob(path, query)
        if self.headers.get("authorization") != "Bearer job-token":
            return self.reply(401, b'{"message": "job-token is needed"}')
        limit = self.setting("limited")
        if limit:
            return self.reply(429, b"slow down", retry_after=str(limit))
        with self.lock:
            if "/twirp/" in path:
                self.second(path.rsplit("/", 1)[1], fields(self.body))
            else:
                self.first(path, query)

    def address(self, kind, number):
        addresses[0] += 1
        scheme = self.headers.get("x-forwarded-proto", "http")
        return f"{scheme}://{self.headers['host']}/blob/{kind}/{number}?n={addresses[0]}&sig=topsecret"

    def find(self, name, scope):
        if self.setting("gone"):
            return None
        known = [number for number, entry in enumerate(entries) if entry["scope"] == scope]
        exact = [number for number in known if entries[number]["name"] == name]
        close = [number for number in known if entries[number]["name"].startswith(name)]
        return (exact or close or [None])[-1]

    def reserve(self, name, scope):
        if self.setting("readonly") or "," in name or len(name) > 512:
            return None
        if any(e["name"] == name and e["scope"] == scope for e in [*entries, *reserved.values()]):
            return None
        number = len(reserved) + len(entries) + 1000
        reserved[number] = {"name": name, "scope": scope, "data": b""}
        return number

    def seal(self, number, size):
        if number not in reserved or len(reserved[number]["data"]) != size:
            return False
        entries.append(reserved.pop(number))
        print("  created", len(entries), flush=True)
        return True

    def first(self, path, query):
        path = path.removeprefix("/_apis/artifactcache/")
        assert self.headers["accept"] == "application/json;api-version=6.0-preview.1"
        if path == "cache":
            number = self.find(query["keys"], query["version"])
            if number is None:
                return self.reply(204)
            return self.reply(200, {
                "archiveLocation": self.address("down", number), "cacheKey": entries[number]["name"]})
        if path == "caches":
            wish = json.loads(self.body)
            number = self.reserve(wish["key"], wish["version"])
            return self.reply(409 if not self.setting("readonly") else 403, b"{}") if number is None else (
                self.reply(201, {"cacheId": number}))
        number = int(path.removeprefix("caches/"))
        if self.command == "PATCH":
            start, end = self.headers["content-range"].removeprefix("bytes ").removesuffix("/*").split("-")
            data = reserved[number]["data"]
            assert int(start) == len(data) and int(end) + 1 - int(start) == len(self.body)
            reserved[number]["data"] = data + self.body
            return self.reply(204)
        self.reply(204 if self.seal(number, json.loads(self.body)["size"]) else 400)

    def second(self, method, message):
        assert self.headers["content-type"] == "application/protobuf"
        kind = "application/protobuf"
        if method == "GetCacheEntryDownloadURL":
            number = self.find(message[2], message[4])
            if number is None:
                return self.reply(200, b"", kind)
            return self.reply(
                200, b"\x08\x01" + text(2, self.address("down", number)) + text(3, entries[number]["name"]),
                kind)
        if method == "CreateCacheEntry":
            number = self.reserve(message[2], message[3])
            if number is None:
                return self.reply(403 if self.setting("readonly") else 409, b"{}")
            return self.reply(200, b"\x08\x01" + text(2, self.address("up", number)), kind)
        if method == "FinalizeCacheEntryUpload":
            number = next((n for n, e in reserved.items() if e["name"] == message[2]), None)
            done = self.seal(number, message[3])
            return self.reply(200, b"\x08\x01\x10\x07" if done else b"", kind)
        self.reply(404, b"{}")

    def blob(self, path, query):
        assert "authorization" not in self.headers
        if query.get("sig") != "topsecret" or int(query["n"]) <= self.setting("revoked"):
            return self.reply(403, b"<Error><Code>AuthenticationFailed</Code></Error>")
        _, _, kind, number = path.split("/")
        if kind == "up":
            assert self.headers["x-ms-blob-type"] == "BlockBlob"
            reserved[int(number)]["data"] = self.body
            return self.reply(201)
        data = entries[int(number)]["data"]
        if self.setting("whole"):
            return self.reply(200, data)
        start, end = self.headers["range"].removeprefix("bytes=").split("-")
        self.reply(206, data[int(start):int(end) + 1])


serving.Stub.directory = sys.argv[2]
serving.serve(Actions, int(sys.argv[1]))
