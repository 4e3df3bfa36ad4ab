"""A client of CPython's asyncio with TLS: echoes, starts TLS on the way, ends in both ways."""
import asyncio
import ssl
import sys

host, port, starttls, ca = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]


async def ask(reader, writer, line):
    writer.write(line + b"\n")
    await writer.drain()
    return (await reader.readline()).rstrip()


async def main():
    context = ssl.create_default_context(cafile=ca)
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    assert await ask(reader, writer, b"hello") == b"hello"
    big = b"x" * 60_000
    for _ in range(20):
        assert await ask(reader, writer, big) == big
    print(writer.get_extra_info("ssl_object").version())
    writer.close()
    await writer.wait_closed()

    reader, writer = await asyncio.open_connection(host, starttls)
    assert await ask(reader, writer, b"plain") == b"plain"
    assert await ask(reader, writer, b"STARTTLS") == b"go ahead"
    await writer.start_tls(context, server_hostname=host)
    assert await ask(reader, writer, b"secret") == b"secret"
    writer.close()
    await writer.wait_closed()

    try:
        await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="other")
    except ssl.SSLCertVerificationError as refused:
        print("refused:", refused.verify_message)


asyncio.run(main())
