"""A running Vedette, as tests talk to it: VEDETTE_DATA names its data folder."""

import hashlib
import json
import os
import secrets
import time
import urllib.error
import urllib.request

DATA = os.environ["VEDETTE_DATA"]
with open(os.path.join(DATA, "run", "server.json"), encoding="utf-8") as file:
    LOCAL = json.load(file)
URL = LOCAL["url"]


def send(method, path, body=None, headers=None):
    """Status, headers and bytes of an answer."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, method=method)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    for name, value in (headers or {"Authorization": f"Bearer {LOCAL['token']}"}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def own(method, path, body=None):
    """The JSON of an answer of Vedette's own API that must work."""
    status, _, text = send(method, "/api/v1" + path, body)
    assert 200 <= status < 300, (method, path, status, text[:500])
    return json.loads(text) if text else None


def lines(path):
    status, _, text = send("GET", "/api/v1" + path)
    assert status == 200, (path, status, text[:500])
    return [json.loads(line) for line in text.splitlines()]


class Key:
    """An API key of the Cortex API."""

    def __init__(self, kind="advanced", role="analyst"):
        made = own("POST", "/api-keys", {"name": f"conformance {secrets.token_hex(4)}", "kind": kind, "role": role})
        self.id, self.secret, self.kind = made["api_key"]["id"], made["key"], kind

    def headers(self):
        if self.kind == "standard":
            return {"x-xdr-auth-id": str(self.id), "Authorization": self.secret}
        nonce, stamp = secrets.token_hex(32), str(int(time.time() * 1000))
        text = f"{self.secret}{nonce}{stamp}".encode()
        return {
            "x-xdr-auth-id": str(self.id),
            "x-xdr-nonce": nonce,
            "x-xdr-timestamp": stamp,
            "Authorization": hashlib.sha256(text).hexdigest(),
        }

    def call(self, path, data=None, headers=None):
        """Status and JSON of a call; `headers` instead of freshly signed ones."""
        status, _, text = send("POST", "/public_api/v1/" + path, {"request_data": data or {}}, headers or self.headers())
        return status, json.loads(text) if text else None

    def query(self, xql):
        """The reply of a query that has run, whatever came of it."""
        status, answer = self.call("xql/start_xql_query", {"query": xql, "tenants": [], "timeframe": {"from": 0, "to": 4102444800000}})
        if status != 200:
            return {"status": "REFUSED", "error": answer}
        wanted = {"query_id": answer["reply"], "pending_flag": False, "limit": 1000, "format": "json"}
        return self.call("xql/get_query_results", wanted)[1]["reply"]


def wait_for(find, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        found = find()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds} s in vain")
