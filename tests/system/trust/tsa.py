#!/usr/bin/env python3
# A time stamping authority (RFC 3161 3.4) of openssl ts, behind HTTP on the loopback.
# tsa.py PORT CONFIG MODE-FILE: what MODE-FILE says decides how it answers: good, or one of the ways of a bad one.
import http.server
import subprocess
import sys
import tempfile

port, config, mode_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def reply(query):
    with tempfile.NamedTemporaryFile() as asked, tempfile.NamedTemporaryFile() as made:
        asked.write(query)
        asked.flush()
        subprocess.run(["openssl", "ts", "-reply", "-config", config, "-queryfile", asked.name,
                        "-out", made.name], check=True, stderr=subprocess.DEVNULL)
        return made.read()


class Handler(http.server.BaseHTTPRequestHandler):
    first = None

    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        mode = open(mode_file).read().strip()
        kind, status = "application/timestamp-reply", 200
        assert self.headers["Content-Type"] == "application/timestamp-query"
        if mode == "silent":
            # who asked gives up, and closes
            self.rfile.read()
            self.close_connection = True
            return
        body = reply(query)
        if mode == "error":
            status = 500
        elif mode == "html":
            kind = "text/html"
        elif mode == "noise":
            body = bytes(b ^ 0x5a for b in body)
        elif mode == "large":
            body = body * 100
        elif mode == "again":
            body = Handler.first
        Handler.first = Handler.first or body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *args):
        print(form % args, flush=True)


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
