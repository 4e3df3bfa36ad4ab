package asyncio;

/** An ordinary failure of the tests' own, unchecked. */
class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Failure(String message) {
    super(message);
  }
}
