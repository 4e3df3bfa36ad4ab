package asyncio.bench;

/** The least a JVM can do. */
final class HelloBare {
  private HelloBare() {}

  public static void main(String[] args) {
    System.out.println("hello");
  }
}
