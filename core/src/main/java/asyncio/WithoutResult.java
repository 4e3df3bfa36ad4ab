package asyncio;

import org.jspecify.annotations.Nullable;

/** Adapts a body without a result to a coroutine. */
record WithoutResult<X extends Exception>(Action<X> body) implements Coroutine<@Nullable Void, X> {
  @Override
  public @Nullable Void run() throws X {
    body.run();
    return null;
  }
}
