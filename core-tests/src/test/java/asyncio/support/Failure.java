package asyncio.support;

/** An ordinary failure of the tests' own, unchecked. */
public class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public Failure(String message) {
    super(message);
  }
}
