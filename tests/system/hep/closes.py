#!/usr/bin/env python3
"""closes.py PORT WHAT: takes connections at PORT of the loopback, and with WHAT "end" ends them at once, with "keep" says and
reads nothing."""
import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
while True:
    connection, _ = listener.accept()
    if sys.argv[2] == "end":
        connection.close()
    else:
        kept.append(connection)
