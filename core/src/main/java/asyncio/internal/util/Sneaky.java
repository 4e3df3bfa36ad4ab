package asyncio.internal.util;

/** Throws a checked exception where a signature's type variable has been erased. */
public final class Sneaky {
  private Sneaky() {}

  /**
   * Throws {@code failure} unchanged. Declared to return something, so that callers can write
   * {@code throw}.
   */
  public static RuntimeException rethrow(Throwable failure) {
    throw Sneaky.<RuntimeException>unchecked(failure);
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <X extends Throwable> X unchecked(Throwable failure) throws X {
    throw (X) failure;
  }
}
