"""Clients of EchoServer.java, on Python's own asyncio: echo_client.py PORT."""

import asyncio
import sys

CLIENTS = 100
LINES = 20


async def client(number, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for i in range(LINES):
        line = f"client {number}, line {i}: {'x' * (i * 50)}\n".encode()
        half = len(line) // 2
        writer.write(line[:half])
        await writer.drain()
        await asyncio.sleep(0)
        writer.write(line[half:])
        await writer.drain()
        echo = await reader.readline()
        assert echo == line, (echo, line)
    # What was sent before the end of the input is still echoed.
    writer.write(b"last\nwithout an end")
    writer.write_eof()
    rest = await reader.read()
    assert rest == b"last\nwithout an end\n", rest
    writer.close()
    await writer.wait_closed()


async def main(port):
    await asyncio.gather(*(client(number, port) for number in range(CLIENTS)))
    print(f"{CLIENTS} clients, {CLIENTS * LINES} lines, all echoed")


asyncio.run(asyncio.wait_for(main(int(sys.argv[1])), 40))
