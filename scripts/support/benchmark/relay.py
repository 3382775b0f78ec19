"""Counts what goes through a connection."""

import socket
import threading

PIECE = 1 << 18


class Relay:
    """Stands before a program and counts the bytes to it and from it, TLS as it is."""

    def __init__(self):
        self.sent, self.received = 0, 0
        self.lock = threading.Lock()
        self.listeners = []

    def listen(self, target):
        """Gives the port on which to reach the program on port `target`."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.listeners.append(listener)
        threading.Thread(target=self.accept, args=(listener, target), daemon=True).start()
        return listener.getsockname()[1]

    def accept(self, listener, target):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", target), timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, name in ((client, server, "sent"), (server, client, "received")):
                threading.Thread(target=self.pump, args=(source, sink, name), daemon=True).start()

    def pump(self, source, sink, name):
        try:
            while piece := source.recv(PIECE):
                with self.lock:
                    setattr(self, name, getattr(self, name) + len(piece))
                sink.sendall(piece)
        except OSError:
            pass
        for side in (source, sink):
            try:
                side.shutdown(socket.SHUT_WR if side is sink else socket.SHUT_RD)
            except OSError:
                pass

    def counts(self):
        with self.lock:
            return self.sent, self.received

    def close(self):
        for listener in self.listeners:
            listener.close()
