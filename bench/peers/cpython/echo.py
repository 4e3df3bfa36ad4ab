"""TCP echo in asyncio: echo.py streams|protocol asyncio|uvloop."""

import asyncio
import sys


# asyncio and uvloop set TCP_NODELAY themselves.
async def echo(reader, writer):
    try:
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def main(style):
    if style == "streams":
        server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=4096)
    else:
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    print(port, version, flush=True)
    await server.serve_forever()


style, library = sys.argv[1:]
version = "CPython " + sys.version.split()[0]
if library == "uvloop":
    import uvloop

    version += ", uvloop " + uvloop.__version__
    uvloop.run(main(style))
else:
    asyncio.run(main(style))
