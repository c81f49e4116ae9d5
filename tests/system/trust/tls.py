#!/usr/bin/env python3
# TLS before a server of HTTP, both on the loopback.
# tls.py PORT CERTIFICATE KEY TO-PORT [VERSION]: what comes at PORT goes to TO-PORT in clear; by no later VERSION than that.
import socket
import ssl
import sys
import threading

port, to_port = int(sys.argv[1]), int(sys.argv[4])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
if len(sys.argv) > 5:
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion[sys.argv[5]]


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(plain):
    try:
        with context.wrap_socket(plain, server_side=True) as outer, \
                socket.create_connection(("127.0.0.1", to_port)) as inner:
            print(outer.version(), flush=True)
            threading.Thread(target=pump, args=(outer, inner), daemon=True).start()
            pump(inner, outer)
    except OSError as error:
        print(error, flush=True)


with socket.create_server(("127.0.0.1", port)) as listener:
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
