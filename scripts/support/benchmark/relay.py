"""Counts what goes through a connection, and holds it up as a long way does."""

import queue
import socket
import threading
import time

PIECE = 1 << 18


class Relay:
    """Stands before a program and counts the bytes to it and from it, TLS as it is.

    delay: seconds for a way there and back. Setting up a connection takes one, too.
    """

    def __init__(self, delay=0):
        self.delay = delay
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
            # The client believes that it is connected: far away it would know only now.
            connected = time.monotonic() + self.delay
            try:
                server = socket.create_connection(("127.0.0.1", target), timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, name in ((client, server, "sent"), (server, client, "received")):
                threading.Thread(target=self.pump, args=(source, sink, name, connected),
                                 daemon=True).start()

    def pump(self, source, sink, name, connected):
        deliver = self.deliver if not self.delay else self.hold_up(sink, connected)
        try:
            while piece := source.recv(PIECE):
                with self.lock:
                    setattr(self, name, getattr(self, name) + len(piece))
                deliver(sink, piece)
        except OSError:
            pass
        deliver(sink, b"")
        try:
            source.shutdown(socket.SHUT_RD)
        except OSError:
            pass

    @staticmethod
    def deliver(sink, piece):
        """Nothing is the end."""
        try:
            if piece:
                sink.sendall(piece)
            else:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def hold_up(self, sink, connected):
        """Delivers in a thread of its own, when half of the delay is over."""
        pieces = queue.SimpleQueue()

        def run():
            piece = b"first"
            while piece:
                due, piece = pieces.get()
                time.sleep(max(0, due - time.monotonic()))
                self.deliver(sink, piece)

        threading.Thread(target=run, daemon=True).start()
        return lambda _, piece: pieces.put(
            (max(time.monotonic(), connected) + self.delay / 2, piece))

    def counts(self):
        with self.lock:
            return self.sent, self.received

    def close(self):
        for listener in self.listeners:
            listener.close()
