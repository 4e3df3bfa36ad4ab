package asyncio;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofNanos;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where the JVM has no memory left, wherever that shows, a run ends with the error, or the program
 * catches it and all goes on; nothing hangs and nothing is lost in silence.
 */
class OutOfMemoryTest {
  /** Allocations come one by one, so that any of them can be the one that fails. */
  private static final String[] SMALL_HEAP = {
    "-Xmx10m", "-Xint", "-XX:-UseTLAB", "-XX:MaxJavaStackTraceDepth=20"
  };

  private static ChildJvm child(Class<?> main, String... more) throws Exception {
    List<String> options = new ArrayList<>(List.of(SMALL_HEAP));
    options.addAll(List.of(more));
    return new ChildJvm(main, options.toArray(new String[0]));
  }

  private static void print(String line) {
    System.out.println(line);
    System.out.flush();
  }

  // ---- a real one, out of code of the user's ----

  /** The JVM throws it, and there is memory enough for all else. */
  private static void throwIt() {
    int[] much = new int[Integer.MAX_VALUE];
    print("it has " + much.length);
  }

  /** Throws in one loop; another one, of another thread, goes on. Nobody catches it. */
  static final class Uncaught {
    public static void main(String[] arguments) throws Exception {
      var failed = new CountDownLatch(1);
      var went = new CountDownLatch(1);
      var started = new CountDownLatch(1);
      Thread.ofPlatform()
          .start(
              () ->
                  run(
                      () -> {
                        started.countDown();
                        while (failed.getCount() > 0) {
                          sleep(ofNanos(1));
                        }
                        createTask(() -> sleep(ofNanos(1))).await();
                        toThread(() -> 1);
                        print("the other loop goes on");
                        went.countDown();
                      }));
      started.await();
      try {
        run(Uncaught::fail);
        print("run returned");
      } finally {
        failed.countDown();
        went.await();
      }
    }

    private static void fail() throws Exception {
      switch (System.getProperty("where")) {
        case "main task" -> throwIt();
        case "task" -> createTask(() -> throwIt());
        case "callback" -> runningLoop().callSoon(() -> throwIt());
        case "timer" -> runningLoop().callLater(ofNanos(1), () -> throwIt());
        case "done callback" -> createTask(() -> yieldNow()).addDoneCallback(_ -> throwIt());
        case "helper" -> createTask(() -> toThread(() -> throwIt()));
        case "group" -> {
          var group = new TaskGroup();
          group.run(() -> group.createTask(() -> throwIt()));
        }
        case "shield" -> Asyncio.shield(createTask(() -> throwIt()));
        default -> throw new IllegalArgumentException(System.getProperty("where"));
      }
      sleep(ofDays(1));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "main task",
        "task",
        "callback",
        "timer",
        "done callback",
        "helper",
        "group",
        "shield"
      })
  void oneThatNobodyCatchesEndsItsRunAndTheProcessTellsButOtherLoopsGoOn(String where)
      throws Exception {
    try (var child = new ChildJvm(Uncaught.class, "-Xmx32m", "-Dwhere=" + where)) {
      int code = child.exitCode();
      List<String> lines = child.lines();
      assertEquals(1, code, lines::toString);
      assertTrue(lines.contains("the other loop goes on"), lines::toString);
      assertTrue(
          lines.stream().anyMatch(line -> line.contains("java.lang.OutOfMemoryError: Requested")),
          lines::toString);
      assertTrue(!lines.contains("run returned"), lines::toString);
    }
  }

  // ---- memory that is full ----

  @Test
  void anyAllocationThatFailsInTheLibraryHarmsNobodyWhoCatchesIt() throws Exception {
    sweep("caught");
  }

  @Test
  void memoryThatStaysFullEndsTheRunWithTheError() throws Exception {
    sweep("kept");
  }

  private static void sweep(String what) throws Exception {
    Only.mounted(
        "on the portable carrier a coroutine that the JVM has no memory to put away keeps one of"
            + " the JVM's own threads, which the loop may need");
    try (var child = child(Sweep.class, "-Dwhat=" + what)) {
      int code = child.exitCode();
      assertEquals(
          "all is well",
          child.lines().isEmpty() ? "" : child.lines().getLast(),
          () -> String.join("\n", child.lines()));
      assertEquals(0, code);
    }
  }

  /** Each operation with a little more memory each time, until it is enough. */
  static final class Sweep {
    private static final int[] BYTES = {0, 128, 512, 1_024, 2_048, 4_096, 8_192, 12_288};

    private static final boolean KEPT = "kept".equals(System.getProperty("what"));

    /** What fills the memory. */
    private static Object[] big = new Object[4_000];

    private static int bigs;
    private static Node small;

    private static volatile int trials;
    private static volatile String trial = "";
    private static boolean failed;
    private static String harm;

    private record Node(Node next) {}

    private Sweep() {}

    private static void fill() {
      for (int size : new int[] {1 << 20, 1 << 16, 1 << 12}) {
        try {
          while (true) {
            big[bigs] = new byte[size];
            bigs++;
          }
        } catch (OutOfMemoryError full) {
          // The next smaller ones.
        }
      }
      try {
        while (true) {
          small = new Node(small);
        }
      } catch (OutOfMemoryError full) {
        // To the brim.
      }
    }

    /** Frees so many bytes. */
    private static void free(int bytes) {
      int left = bytes;
      for (; left > 4_112; left -= 4_112) {
        big[--bigs] = null;
      }
      for (; left > 0 && small != null; left -= 16) {
        small = small.next;
      }
    }

    private static void empty() {
      small = null;
      while (bigs > 0) {
        big[--bigs] = null;
      }
    }

    private static final class Things {
      final Lock lock = new Lock();
      final Event event = new Event();
      final Event other = new Event();
      final Queue<Integer> queue = new Queue<>();
    }

    private interface Operation {
      void on(Things things) throws Exception;
    }

    private static final Map<String, Operation> OPERATIONS = new LinkedHashMap<>();

    static {
      OPERATIONS.put("await an event", t -> t.other.await());
      OPERATIONS.put(
          "a lock",
          t -> {
            try (var _ = t.lock.acquire()) {
              yieldNow();
            }
          });
      OPERATIONS.put(
          "a queue",
          t -> {
            createTask(() -> t.queue.put(1));
            t.queue.get();
          });
      OPERATIONS.put("createTask", _ -> createTask(() -> yieldNow()).await());
    }

    public static void main(String[] arguments) throws Exception {
      Thread.currentThread().getStackTrace(); // what the JDK makes at the first one
      Thread guard = Thread.ofPlatform().daemon().start(Sweep::guard);
      for (int round = 0; round < 2; round++) {
        for (Operation each : OPERATIONS.values()) { // classes are loaded, call sites linked
          trial(each, -1);
        }
      }
      for (var each : OPERATIONS.entrySet()) {
        int failures = 0;
        for (int bytes : BYTES) {
          trial = each.getKey() + ", " + bytes + " bytes";
          trials++;
          trial(each.getValue(), bytes);
          failures += failed ? 1 : 0;
          if (harm != null) {
            print(trial + ": " + harm);
            Runtime.getRuntime().halt(1);
          }
        }
        print(each.getKey() + ": " + failures + " failures");
        if (failures == 0) {
          print("the memory is never full");
          Runtime.getRuntime().halt(1);
        }
      }
      print(guard.isAlive() ? "all is well" : "nobody looked");
    }

    /** Ends the process when a trial hangs. */
    private static void guard() {
      int seen = -1;
      int quiet = 0;
      while (quiet < 40) {
        try {
          Thread.sleep(100);
        } catch (InterruptedException e) {
          return;
        }
        quiet = trials == seen ? quiet + 1 : 0;
        seen = trials;
      }
      empty();
      print(trial + ": it hangs");
      Runtime.getRuntime().halt(2);
    }

    private static void trial(Operation each, int bytes) {
      failed = false;
      harm = null;
      try {
        try (var runner = new Runner(RunOptions.defaults().withCloseTimeout(ofMillis(100)))) {
          runner.run(() -> body(each, bytes));
        }
      } catch (OutOfMemoryError bare) {
        failed = true;
      } catch (IllegalStateException kept) { // of a wait that there was no memory for
        empty();
        failed = true;
        if (!String.valueOf(kept.getMessage()).contains("no memory left")) {
          harm = kept.toString();
        }
      } catch (Throwable other) {
        empty();
        failed = true;
        if (!isCausedByIt(other)) {
          harm = "run threw " + other;
          other.printStackTrace();
        }
      } finally {
        empty();
      }
    }

    /** A call site or a class that the JVM needs first on such a day tells it in its own way. */
    private static boolean isCausedByIt(Throwable thrown) {
      for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
        if (cause instanceof OutOfMemoryError) {
          return true;
        }
      }
      return false;
    }

    private static void body(Operation each, int bytes) {
      var things = new Things();
      Task<?> waiter = createTask(() -> things.event.await());
      Task<?> other =
          createTask(
              () -> {
                yieldNow();
                yieldNow();
                things.other.set();
              });
      try {
        if (bytes >= 0) {
          fill();
          free(bytes);
        }
        each.on(things);
      } catch (OutOfMemoryError here) {
        failed = true;
        if (KEPT) {
          throw here;
        }
      } catch (Exception unexpected) {
        throw new IllegalStateException(unexpected);
      } finally {
        if (!KEPT) {
          empty();
        }
      }
      if (KEPT) {
        return;
      }
      things.other.set();
      things.event.set();
      waiter.await();
      other.await();
      createTask(() -> sleep(ofNanos(1))).await();
      toThread(() -> 1);
      if (things.lock.locked()) {
        harm = "a lock is locked for ever";
      }
    }
  }
}
