package asyncio.net; final class X {}
