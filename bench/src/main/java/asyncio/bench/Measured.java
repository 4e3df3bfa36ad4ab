package asyncio.bench;

import java.util.Map;

/** A part of the run, with tables and numbers to hold of its own. */
public interface Measured {
  /** Measures all who take part, in turn. */
  void run() throws InterruptedException;

  /** Whether somebody who took part failed. */
  boolean failed();

  /** The tables and, if {@code judged}, whether the numbers are held. */
  String table(boolean judged);

  /** Everything measured, in maps, lists, strings and numbers. */
  Map<String, Object> toJson();
}
