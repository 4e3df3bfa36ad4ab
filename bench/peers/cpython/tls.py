"""TLS echo in asyncio: tls.py asyncio|uvloop CHAIN KEY."""

import asyncio
import ssl
import sys


async def echo(reader, writer):
    try:
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def main(chain, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=4096, ssl=context)
    print(server.sockets[0].getsockname()[1], version, flush=True)
    await server.serve_forever()


library, chain, key = sys.argv[1:]
version = f"CPython {sys.version.split()[0]}, {ssl.OPENSSL_VERSION}"
if library == "uvloop":
    import uvloop

    version += ", uvloop " + uvloop.__version__
    uvloop.run(main(chain, key))
else:
    asyncio.run(main(chain, key))
