package asyncio;

import static asyncio.ReturnWhen.ALL_COMPLETED;
import static asyncio.ReturnWhen.FIRST_COMPLETED;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What {@link Asyncio#relay} moved.
 *
 * @param there the number of bytes that went from the first connection to the second
 * @param back the number of bytes that went from the second connection to the first
 */
public record Relayed(long there, long back) {
  static Relayed between(Connection one, Connection other, Duration silence) throws IOException {
    if (silence.isNegative() || silence.isZero()) {
      throw new IllegalArgumentException(
          "relay() needs a positive time of silence after which it ends; got " + silence + ".");
    }
    if (one == other) {
      throw new IllegalArgumentException(
          "relay() connects two connections; got one of them twice.");
    }
    var there = new Way(one.reader(), other.writer());
    var back = new Way(other.reader(), one.writer());
    List<Task<?>> both = new ArrayList<>(2);
    try {
      Task<?> thither = Asyncio.createTask("relay there", there::move);
      both.add(thither);
      Task<?> hither = Asyncio.createTask("relay back", back::move);
      both.add(hither);
      Asyncio.waitUntil(FIRST_COMPLETED, both);
      boolean thereEnded = thither.isDone();
      rethrow(thereEnded ? thither : hither);
      awaitRest(thereEnded ? hither : thither, thereEnded ? back : there, silence);
    } finally {
      both.forEach(Task::cancel);
      Asyncio.gatherOutcomes(both);
    }
    return new Relayed(there.moved, back.moved);
  }

  /** Waits until the second direction ends, or nothing has come in it for long. */
  private static void awaitRest(Task<?> rest, Way way, Duration silence) throws IOException {
    EventLoop loop = Asyncio.runningLoop();
    Duration ended = loop.time();
    while (true) {
      Duration since = way.movedAt.compareTo(ended) > 0 ? way.movedAt : ended;
      Duration left = silence.minus(loop.time().minus(since));
      if (!left.isPositive() && way.from.waitsForSomethingNew()) {
        return;
      }
      if (!left.isPositive()) {
        left = silence; // the receiver is slow: that is no silence
      }
      if (Asyncio.waitUntil(ALL_COMPLETED, List.of(rest), left).pending().isEmpty()) {
        rethrow(rest);
        return;
      }
    }
  }

  private static void rethrow(Task<?> ended) throws IOException {
    ended.awaitThrowing(IOException.class);
  }

  /** One direction. */
  private static final class Way {
    private final StreamReader from;
    private final StreamWriter to;
    private long moved;
    private Duration movedAt = Duration.ZERO;

    Way(StreamReader from, StreamWriter to) {
      this.from = from;
      this.to = to;
    }

    void move() throws IOException {
      EventLoop loop = Asyncio.runningLoop();
      from.transferTo(to, count -> {
        moved += count;
        movedAt = loop.time();
      });
      to.writeEof();
    }
  }
}
