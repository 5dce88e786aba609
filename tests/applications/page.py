"""
A WSGI application for real clients: a page with a style sheet, two images, a script and a form, and
places to send much to, and to get much from.

It stands alone.  C{/page.css} and C{/picture.png} are meant to be static files; C{/drawn.png} is
the application's own.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import struct
import zlib
from urllib.parse import parse_qsl

#: What the page's script writes into the form before it sends it: what the browser has made of it.
PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>page</title>
<link rel="stylesheet" href="/page.css"></head>
<body>
<h1 id="title">A page</h1>
<img id="static" src="/picture.png"><img id="drawn" src="/drawn.png?width=7&amp;height=5">
<form id="form" method="post" action="/seen">
<input name="typed" value="gr&uuml;n &amp; 100%">
<input name="static"><input name="drawn"><input name="color"><input name="size">
</form>
<script>
addEventListener("load", function () {
  var field = document.getElementById("form").elements;
  ["static", "drawn"].forEach(function (name) {
    var image = document.getElementById(name);
    field[name].value = image.naturalWidth + "x" + image.naturalHeight;
  });
  var style = getComputedStyle(document.getElementById("title"));
  field.color.value = style.color;
  field.size.value = style.fontSize;
  document.getElementById("form").submit();
});
</script>
</body></html>
"""


def application(environ, start_response):
    """The WSGI callable."""
    page = PAGES.get(environ["PATH_INFO"], missing)
    status, kind, body = page(environ)
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response(status, [*headers, ("X-App", str(os.getpid()))])
    return [body]


def missing(environ):
    """There is no such page."""
    return "404 Not Found", "text/plain", b"no such page"


def page(environ):
    """C{/}: the page."""
    return "200 OK", "text/html; charset=utf-8", PAGE.encode()


def seen(environ):
    """C{/seen}: the fields of the form that was sent, one element each."""
    fields = parse_qsl(environ["wsgi.input"].read().decode("ascii"), keep_blank_values=True)
    rows = [f'<li id="{html.escape(name)}">{html.escape(value)}</li>' for name, value in fields]
    text = f"<!DOCTYPE html><title>seen</title><ul>{''.join(rows)}</ul>"
    return "200 OK", "text/html; charset=utf-8", text.encode()


def drawn(environ):
    """C{/drawn.png?width=W&height=H}: an image."""
    size = dict(parse_qsl(environ["QUERY_STRING"]))
    return "200 OK", "image/png", png(int(size["width"]), int(size["height"]))


def sent(environ):
    """C{/sent}: what came, as JSON: method, protocol, and of the body length and SHA-256."""
    body = environ["wsgi.input"].read()
    told = {
        "method": environ["REQUEST_METHOD"],
        "protocol": environ["SERVER_PROTOCOL"],
        "fields": {name: value for name, value in environ.items() if name.startswith("HTTP_")},
        "length": len(body),
        "CONTENT_LENGTH": environ.get("CONTENT_LENGTH"),
        "sha256": hashlib.sha256(body).hexdigest(),
        "port": environ["REMOTE_PORT"],
    }
    return "200 OK", "application/json", json.dumps(told).encode()


def much(environ):
    """C{/much?BYTES}: so many bytes, of which no two stretches are alike."""
    return "200 OK", "application/octet-stream", noise(int(environ["QUERY_STRING"]))


def noise(count):
    """C{count} bytes, always the same."""
    blocks = range(count // 32 + 1)
    return b"".join(hashlib.sha256(b"%d" % block).digest() for block in blocks)[:count]


def png(width, height):
    """A grey image."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x80" * width) * height
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


PAGES = {
    "/": page,
    "/seen": seen,
    "/drawn.png": drawn,
    "/sent": sent,
    "/much": much,
}
