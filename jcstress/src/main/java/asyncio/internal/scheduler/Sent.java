package asyncio.internal.scheduler;

/** A step that is sent and counted, and never run. */
final class Sent extends Step {
  final String name;

  /** Whether the inbox took it. Written by its sender, read by the arbiter. */
  boolean accepted;

  Sent(String name) {
    this.name = name;
  }

  @Override
  public void run(Scheduler scheduler) {
    throw new AssertionError("only counted");
  }

  /** The names of a list that the inbox gave, oldest first. */
  static String names(Step first) {
    StringBuilder names = new StringBuilder();
    for (Step step = first; step != null; step = step.next) {
      names.append(((Sent) step).name);
    }
    return names.toString();
  }
}
