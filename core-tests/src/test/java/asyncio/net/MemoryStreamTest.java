package asyncio.net;

import asyncio.ConnectOptions;
import asyncio.ConnectionPair;

class MemoryStreamTest extends StreamContract {
  @Override
  ConnectionPair open(ConnectOptions options) {
    return ConnectionPair.open(options);
  }
}
