"""Sends a file to each connection, in asyncio: file.py FILE sendfile|copy."""

import asyncio
import sys


async def send(reader, writer):
    try:
        with open(path, "rb") as file:
            if how == "sendfile":
                await asyncio.get_running_loop().sendfile(writer.transport, file)
            else:
                while data := await asyncio.to_thread(file.read, 256 * 1024):
                    writer.write(data)
                    await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(send, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], f"CPython {sys.version.split()[0]}", flush=True)
    await server.serve_forever()


path, how = sys.argv[1:]
asyncio.run(main())
