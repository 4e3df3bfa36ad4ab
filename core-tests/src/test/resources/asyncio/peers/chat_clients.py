"""Members of ChatServer.java, on Python's own asyncio: chat_clients.py PORT."""

import asyncio
import socket
import sys

PORT = int(sys.argv[1])
LINES = 20_000
BATCH = 50
PADDING = "x" * 1000


class Member:
    """A member of the room; one with a small receive buffer is soon too slow when it does not read."""

    @classmethod
    async def join(cls, name, receive_buffer=None):
        self = cls()
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", PORT))
        self.reader, self.writer = await asyncio.open_connection(sock=sock)
        await self.expect("your name?")
        self.say(name)
        assert (await self.line()).startswith("* here: ")
        return self

    def say(self, line):
        self.writer.write((line + "\n").encode())

    async def line(self):
        return (await self.reader.readline()).decode().removesuffix("\n")

    async def expect(self, line):
        got = await self.line()
        assert got == line, (got, line)

    async def leave(self):
        self.writer.close()
        await self.writer.wait_closed()


async def talk():
    ann = await Member.join("Ann")
    bob = await Member.join("Bob")
    cid = await Member.join("Cid")
    await ann.expect("* Bob joined")
    await ann.expect("* Cid joined")
    await bob.expect("* Cid joined")
    # Many lines at once are nobody's fault: all come, in order.
    for i in range(1000):
        bob.say(f"line {i}")
    for i in range(1000):
        await ann.expect(f"Bob: line {i}")
        await cid.expect(f"Bob: line {i}")
    await bob.leave()
    await ann.expect("* Bob left")
    await cid.expect("* Bob left")
    # Without a goodbye.
    cid.writer.transport.abort()
    await ann.expect("* Cid left")
    await ann.leave()


async def slow_reader():
    """Slow does not read. Fast gets everything all the same, and Slow is put out."""
    fast = await Member.join("Fast")
    slow = await Member.join("Slow", receive_buffer=4096)
    await fast.expect("* Slow joined")
    slow.reader._transport.pause_reading()
    speaker = await Member.join("Speaker")
    await fast.expect("* Speaker joined")

    slow_left = False
    i = 0
    while i < LINES:
        # Fewer lines than an outbox holds, so that Fast is never too slow, however busy the machine is.
        for j in range(i, i + BATCH):
            speaker.say(f"{j} {PADDING}")
        await speaker.writer.drain()
        end = i + BATCH
        while i < end:
            line = await fast.line()
            if line == "* Slow left":
                slow_left = True
            else:
                assert line == f"Speaker: {i} {PADDING}", (i, line)
                i += 1
    assert slow_left, "a reader that does not read was not put out"
    slow.writer.transport.abort()
    await speaker.leave()
    await fast.expect("* Speaker left")
    await fast.leave()


async def main():
    await talk()
    await slow_reader()


asyncio.run(asyncio.wait_for(main(), 40))
