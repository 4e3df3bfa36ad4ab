package asyncio.bench;

import asyncio.Asyncio;

/** Hello from a coroutine. */
final class HelloAsyncio {
  private HelloAsyncio() {}

  public static void main(String[] args) {
    Asyncio.run(() -> System.out.println("hello"));
  }
}
