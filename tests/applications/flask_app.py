"""A Flask application: a session, a form, an upload, a file, a streamed response, an error."""

from __future__ import annotations

import hashlib
import os

from flask import Flask, Response, jsonify, redirect, request, send_file, session, url_for

application = app = Flask(__name__)
app.secret_key = "for tests alone"


@app.route("/")
def index():
    """Who has logged in, by the session's cookie."""
    return f"hello {session.get('name', 'nobody')}"


@app.route("/login", methods=["POST"])
def login():
    """Takes a form, and goes on to C{/}."""
    session["name"] = request.form["name"]
    return redirect(url_for("index"))


@app.route("/upload", methods=["POST"])
def upload():
    """Says what came."""
    file = request.files["file"]
    data = file.read()
    return jsonify([file.filename, len(data), hashlib.sha256(data).hexdigest()])


@app.route("/raw", methods=["PUT"])
def raw():
    """The length of a body of any kind, chunked ones too."""
    return str(len(request.get_data()))


@app.route("/stream")
def stream():
    """A hundred lines, one by one."""
    return Response((f"line {number}\n" for number in range(100)), mimetype="text/plain")


@app.route("/file")
def file():
    """A file, or the part of it that is asked for, by C{wsgi.file_wrapper}."""
    path = os.path.join(os.environ["MEET_DIRECTORY"], "sent.bin")
    return send_file(path, conditional=True)


@app.route("/raise")
def fail():
    """An exception, which Flask logs to C{wsgi.errors}."""
    raise RuntimeError("raised because the test asked for it")
