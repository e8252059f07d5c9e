"""Google Cloud Storage on 127.0.0.1, as TensorFlow's own gs:// code meets it.

TensorFlow's client cannot be told another address, but it honours a proxy and a certificate authority. So the proxy
here ends TLS with a throw-away authority and hands every request to gcp-storage-emulator; it connects to nothing else.
`LocalGCS.environment` is for child processes: TensorFlow reads it when a process first uses gs://.
"""

import contextlib
import http.client
import http.server
import json
import os
import re
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import trustme
from gcp_storage_emulator.server import create_server

HOSTS = ("www.googleapis.com", "storage.googleapis.com")
TOKEN = "local"
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "expect", "host", "accept-encoding"}


class LocalGCS:
    """An emulator, a proxy before it, and the faults that a test asks for.

    `asked` is called with method and path of every request; a status that it returns is the answer. `refused` maps
    buckets to the status that they answer; `busy` to the number of requests that they answer with 503. `requests` lists
    method, path, status and length of all answers, `turned_away` what was meant for other hosts.
    """

    def __init__(self, folder: Path):
        self.asked: Callable[[str, str], int | None] = lambda *_: None
        self.refused: dict[str, int] = {}
        self.busy: dict[str, int] = {}
        self.requests: list[tuple[str, str, int, int]] = []
        self.turned_away: list[str] = []
        self._port = free_port()
        self._emulator = create_server("127.0.0.1", self._port, in_memory=True)
        self._proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
        self._proxy.gcs, self._proxy.tls = self, self._authority(folder / "ca.pem")
        proxy = f"http://127.0.0.1:{self._proxy.server_address[1]}"
        self.environment = {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "CURL_CA_BUNDLE": str(folder / "ca.pem"),
            "GOOGLE_AUTH_TOKEN_FOR_TESTING": TOKEN,
            "NO_GCE_CHECK": "true",  # nobody asks for the metadata server of a cloud machine
            "CLOUDSDK_CONFIG": str(folder),  # nor for the developer's own credentials
            "GCS_RETRY_CONFIG_MAX_RETRIES": "2",
            "GCS_RETRY_CONFIG_INIT_DELAY_TIME_US": "0",
        }

    @staticmethod
    def _authority(path: Path) -> ssl.SSLContext:
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.cert_pem.write_to_path(str(path))
        authority.issue_cert(*HOSTS).configure_cert(context)
        return context

    def __enter__(self):
        self._emulator.start()
        threading.Thread(target=self._proxy.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._proxy.shutdown()
        self._proxy.server_close()
        self._emulator.stop()

    def child(self, **more: str) -> dict[str, str]:
        """The environment of a child process that is to use these buckets."""
        own = {name: value for name, value in os.environ.items() if name != "GOOGLE_APPLICATION_CREDENTIALS"}
        return {**own, **self.environment, **more}

    def make_bucket(self, name: str) -> None:
        self.forward("POST", "/storage/v1/b?project=test", json.dumps({"name": name}).encode(), _JSON)
        # The emulator writes down all that it keeps at each request: what was deleted would slow it down.
        forget = {"softDeletePolicy": {"retentionDurationSeconds": "0"}}
        self.forward("PATCH", f"/storage/v1/b/{name}", json.dumps(forget).encode(), _JSON)

    def put(self, bucket: str, name: str, data: bytes) -> None:
        name = urllib.parse.quote(name, "")
        self.forward("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}", data)

    def names(self, bucket: str) -> list[str]:
        """All objects of a bucket, without the empty ones that stand for folders."""
        answer = json.loads(self.forward("GET", f"/storage/v1/b/{bucket}/o")[2])
        return sorted(item["name"] for item in answer.get("items", []) if not item["name"].endswith("/"))

    def read(self, bucket: str, name: str) -> bytes:
        status, _, body = self.forward("GET", f"/download/storage/v1/b/{bucket}/o/{urllib.parse.quote(name, '')}")
        assert status == 200, (name, status)
        return body

    def forward(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None):
        """Status, headers and body of the emulator's answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, body, {**(headers or {}), "Content-Length": str(len(body))})
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def answer(self, request: "_Proxy", body: bytes):
        """Status, headers and body for a request of TensorFlow's."""
        fault = self.fault(request.command, request.path, request.headers["Authorization"])
        if fault is None and "uploadType=media" in request.path and not body:
            status, headers, found = self._upload_nothing(request.path)
        elif fault is None:
            kept = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
            status, headers, found = self.forward(request.command, request.path, body, kept)
        if fault is None and status == 404 and not found:
            fault = 404, self._what_is_missing(request.path)
        if fault:
            message = {"error": {"code": fault[0], "message": fault[1]}}
            return fault[0], list(_JSON.items()), json.dumps(message).encode()
        return status, headers, found

    def _what_is_missing(self, path: str) -> str:
        """The emulator answers 404 without a word; Google's service says what it is that it does not find."""
        bucket = bucket_of(path)
        if self.forward("GET", f"/storage/v1/b/{bucket}")[0] == 404:
            return "The specified bucket does not exist."
        return f"No such object: {bucket}/{urllib.parse.unquote(path.partition('/o/')[2].partition('?')[0])}"

    def _upload_nothing(self, path: str):
        """The emulator takes empty objects, such as TensorFlow's for folders, in the multipart form alone."""
        path = path.replace("uploadType=media", "uploadType=multipart")
        name = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)["name"][0]
        parts = f"--x\r\nContent-Type: application/json\r\n\r\n{json.dumps({'name': name})}\r\n--x\r\n"
        body = f"{parts}Content-Type: application/octet-stream\r\n\r\n\r\n--x--".encode()
        return self.forward("POST", path, body, {"Content-Type": "multipart/related; boundary=x"})

    def fault(self, method: str, path: str, authorization: str | None) -> tuple[int, str] | None:
        """Status and message of a request that is not to reach the emulator."""
        if authorization != f"Bearer {TOKEN}":
            return 401, "Anonymous caller does not have storage.objects.get access to the Google Cloud Storage object."
        name = bucket_of(path)
        if status := self.asked(method, path):
            return status, "tester asked for it."
        if self.busy.get(name, 0) > 0:
            self.busy[name] -= 1
            return 503, "We encountered an internal error. Please try again."
        if name in self.refused:
            return self.refused[name], f"tester does not have storage.objects.list access to {name}."
        return None


_JSON = {"Content-Type": "application/json"}


class _Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        if self.path.rpartition(":")[0] not in HOSTS:
            self.server.gcs.turned_away.append(self.path)
            self.send_error(403)
            return
        self.send_response_only(200)
        self.end_headers()
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.setup()  # what follows on this connection are the requests inside the tunnel
        self.close_connection = False

    def do_GET(self):
        if not isinstance(self.request, ssl.SSLSocket):
            self.server.gcs.turned_away.append(self.path)  # plain requests are for other hosts
            self.send_error(403)
            return
        answer = self.server.gcs.answer(self, self._body())
        self.server.gcs.requests.append((self.command, self.path, answer[0], len(answer[2])))
        self._answer(*answer)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_GET

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() == "location":  # where an upload goes on: through this proxy again
                value = urllib.parse.urlsplit(value)._replace(scheme="https", netloc=HOSTS[0]).geturl()
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle(self):
        with contextlib.suppress(ssl.SSLError, ConnectionError):  # from a child process that was killed
            super().handle()

    def finish(self):
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            super().finish()
        self.request.close()

    def log_message(self, *_):
        pass


def bucket_of(path: str) -> str:
    """The bucket of a request, of the JSON interface or of a plain download."""
    found = re.search(r"/b/([^/?]+)", path) or re.match(r"/([^/?]+)", path)
    return found[1] if found else ""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
