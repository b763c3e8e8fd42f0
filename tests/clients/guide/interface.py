"""MLflow's own user interface, as its package has it, with its questions sent to Karat; a real browser shows it.

The build is served from where it was installed, and is in no repository of ours."""

import contextlib
import html
import mimetypes
import pathlib
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# What is not of the build is a question.
ASKED = ("/ajax-api/", "/api/", "/graphql", "/version", "/get-artifact")
LONGEST = 120


class Interface(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self):
        path = self.path.split("?")[0]
        if path.startswith(ASKED):
            return self.pass_on()
        file = self.server.build / path.removeprefix("/static-files").lstrip("/")
        if not file.is_file():
            file = self.server.build / "index.html"
        self.send(200, mimetypes.guess_type(file)[0], file.read_bytes())

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)) or None
        kind = {"content-type": self.headers["content-type"]} if body else {}
        asked = urllib.request.Request(self.server.karat + self.path, body, kind, method=self.command)
        try:
            told = urllib.request.urlopen(asked, timeout=LONGEST)
        except urllib.error.HTTPError as error:
            told = error
        with told:
            self.send(told.status, told.headers["content-type"], told.read())

    def send(self, status, kind, body):
        self.send_response(status)
        self.send_header("content-type", kind or "application/octet-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer


@contextlib.contextmanager
def shown(build, karat):
    """What a page of the interface shows, as a function of its path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Interface)
    server.build, server.karat = pathlib.Path(build), karat
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser, f"there is no browser: install one of {', '.join(BROWSERS)}"

    def page(path):
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1600,1000",
                   "--virtual-time-budget=20000", "--dump-dom", f"http://127.0.0.1:{server.server_port}/#/{path}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=LONGEST).stdout

    try:
        yield page
    finally:
        server.shutdown()


def text(document):
    """What there is to read of a page, with a blank between its parts."""
    without_code = re.sub(r"<(style|script)\b.*?</\1>", "", document, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", without_code)).split())
