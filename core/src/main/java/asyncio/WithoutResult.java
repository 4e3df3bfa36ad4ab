package asyncio;

import org.jspecify.annotations.Nullable;

/** A body without a result, where one with a result is asked for. */
record WithoutResult<X extends Exception>(Action<X> body) implements Coroutine<@Nullable Void, X> {
  @Override
  public @Nullable Void run() throws X {
    body.run();
    return null;
  }
}
