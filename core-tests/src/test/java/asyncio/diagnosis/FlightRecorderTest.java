package asyncio.diagnosis;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runCoroutineThreadsafe;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.statistics;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertNoneContains;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.EventLoop;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.support.CapturedLog;
import asyncio.support.ChildJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the JDK's flight recorder is told. */
class FlightRecorderTest {
  private static final List<String> ALL =
      List.of("asyncio.TaskStart", "asyncio.TaskEnd", "asyncio.Step", "asyncio.SlowStep");

  @TempDir
  Path folder;

  private int dumps;

  private List<RecordedEvent> dump(Recording recording) throws IOException {
    Path file = folder.resolve(dumps++ + ".jfr");
    recording.dump(file);
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().startsWith("asyncio."))
        .toList();
  }

  /**
   * Lets a recording begin, and loops run until the library has noticed: it looks now and then.
   * Loops that are made from then on are recorded whole.
   */
  private Recording record(String... events) throws IOException {
    var recording = new Recording();
    for (String event : events) {
      recording.enable(event);
    }
    recording.start();
    long limit = System.nanoTime() + ofSeconds(20).toNanos();
    do {
      assertTrue(System.nanoTime() < limit, "the recording was not noticed");
      try (var runner = new Runner(RunOptions.defaults().withName("warm"))) {
        runner.run(() -> sleep(ofMillis(30)));
      }
    } while (dump(recording).isEmpty());
    return recording;
  }

  private List<RecordedEvent> events(Recording recording, String type, String loop)
      throws IOException {
    Predicate<RecordedEvent> wanted = event -> event.getEventType().getName().equals(type)
        && event.getString("eventLoop").equals(loop);
    // A file has them by thread.
    return dump(recording).stream()
        .filter(wanted)
        .sorted(Comparator.comparing(RecordedEvent::getStartTime))
        .toList();
  }

  private static Runner loop(String name) {
    return new Runner(RunOptions.defaults().withName(name));
  }

  private static RecordedEvent ofTask(List<RecordedEvent> events, String task) {
    List<RecordedEvent> its =
        events.stream().filter(event -> event.getString("task").equals(task)).toList();
    assertEquals(1, its.size(), its::toString);
    return its.getFirst();
  }

  @Test
  void startsAndEndsOfTasksAreEvents() throws IOException {
    try (var recording = record("asyncio.TaskStart", "asyncio.TaskEnd");
        var runner = loop("tasks")) {
      runner.run(() -> {
        createTask("parent", () -> {
              createTask("child", () -> "fine").await();
              var never = createTask("never", () -> sleep(ofSeconds(100)));
              yieldNow();
              never.cancel();
              var fails = createTask("fails", () -> {
                throw new IOException("no");
              });
              assertEquals(IOException.class, failureOf(fails).getClass());
              assertEquals(CancelledError.class, failureOf(never).getClass());
            })
            .await();
      });
      List<RecordedEvent> starts = events(recording, "asyncio.TaskStart", "tasks");
      assertEquals("parent", ofTask(starts, "child").getString("creator"));
      assertTrue(
          ofTask(starts, "child").getStackTrace().getFrames().stream()
              .anyMatch(frame -> frame.getMethod().getName().contains("startsAndEndsOfTasks")),
          "the stack is that of the creator");
      List<RecordedEvent> ends = events(recording, "asyncio.TaskEnd", "tasks");
      assertEquals("finished", ofTask(ends, "child").getString("outcome"));
      assertEquals("cancelled", ofTask(ends, "never").getString("outcome"));
      assertEquals("failed: java.io.IOException", ofTask(ends, "fails").getString("outcome"));
      assertEquals(5, starts.size(), starts::toString); // with the main task
      assertEquals(5, ends.size(), ends::toString);
      assertNull(starts.getFirst().getString("creator"));
      assertEquals(List.of(), events(recording, "asyncio.Step", "tasks"), "was not asked for");
    }
  }

  private static Throwable failureOf(Task<?> task) {
    try {
      task.await();
    } catch (CancelledError cancelled) {
      return cancelled;
    } catch (RuntimeException wrapper) {
      return wrapper.getCause();
    }
    throw new AssertionError("it did not fail");
  }

  @Test
  void noStepOfManyIsLost() throws Exception {
    try (var recording = record(ALL.toArray(String[]::new));
        var runner = loop("many")) {
      EventLoop loop = runner.loop();
      runner.run(() -> {
        var group = new TaskGroup();
        group.run(() -> {
          for (int i = 0; i < 10; i++) {
            group.createTask(() -> {
              for (int j = 0; j < 99; j++) {
                yieldNow();
              }
            });
          }
        });
        toThread(() -> runCoroutineThreadsafe(() -> yieldNow(), loop).get());
      });
      Map<String, Long> steps = events(recording, "asyncio.Step", "many").stream()
          .collect(Collectors.groupingBy(step -> step.getString("task"), Collectors.counting()));
      steps.remove("a callback");
      assertEquals(10, steps.values().stream().filter(count -> count == 100).count());
      assertEquals(12, steps.size(), steps::toString);
      assertEquals(12, events(recording, "asyncio.TaskStart", "many").size());
      assertEquals(12, events(recording, "asyncio.TaskEnd", "many").size());
    }
  }

  @Test
  void eachStepIsAnEventWithItsLength() throws IOException {
    try (var recording = record("asyncio.Step");
        var runner = loop("steps")) {
      runner.run(() -> {
        createTask("stepper", () -> {
              yieldNow();
              yieldNow();
            })
            .await();
        runningLoop().callSoon(() -> {});
        runningLoop().callSoon(() -> {});
        yieldNow();
      });
      List<RecordedEvent> steps = events(recording, "asyncio.Step", "steps");
      assertEquals(3, count(steps, "stepper"), steps::toString);
      assertEquals(2, count(steps, "a callback"), steps::toString);
      assertEquals(
          3, steps.size() - count(steps, "stepper") - count(steps, "a callback"), steps::toString);
      RecordedEvent before = null;
      for (RecordedEvent step : steps) {
        assertFalse(step.getDuration().isNegative(), step::toString);
        assertTrue(
            before == null || !before.getEndTime().isAfter(step.getStartTime()),
            () -> "two at once: " + steps);
        before = step;
      }
    }
  }

  @Test
  void aStepThatEndsInForeignCodeIsAnEventToo() throws IOException {
    try (var recording = record("asyncio.Step");
        var runner = loop("foreign")) {
      runner.run(() -> {
        var latch = new CountDownLatch(1);
        var waits = createTask("waits", () -> {
          blocking(() -> latch.await());
          yieldNow();
        });
        yieldNow();
        latch.countDown();
        waits.await();
      });
      List<RecordedEvent> steps = events(recording, "asyncio.Step", "foreign");
      assertEquals(3, count(steps, "waits"), steps::toString);
    }
  }

  private static long count(List<RecordedEvent> steps, String task) {
    return steps.stream().filter(step -> step.getString("task").equals(task)).count();
  }

  @Test
  void aSlowStepIsAnEventWithTheStackThatHeldTheLoop() throws IOException {
    try (var log = new CapturedLog("asyncio.watchdog");
        var recording = record(ALL.toArray(String[]::new));
        var runner = new Runner(RunOptions.defaults().withName("slow").withSlowStep(ofMillis(4)))) {
      runner.run(() -> {
        createTask("hog", () -> log.spinUntil("'hog'")).await();
        // The watchdog has seen the end of that step when it sees this one.
        createTask("next", () -> log.spinUntil("'next'")).await();
      });
      List<RecordedEvent> hog = events(recording, "asyncio.SlowStep", "slow").stream()
          .filter(event -> event.getString("task").equals("hog"))
          .toList();
      assertFalse(hog.getFirst().getBoolean("ended"));
      assertTrue(hog.getLast().getBoolean("ended"));
      for (RecordedEvent event : hog) {
        assertTrue(event.getString("stack").contains("spinUntil"), event::toString);
        Duration held = event.getDuration("held");
        assertTrue(held.compareTo(ofMillis(4)) >= 0, event::toString);
      }
    }
  }

  @Test
  void aRecordingThatDoesNotAskGetsNothing() throws IOException {
    // The library knows its events, from a recording before.
    try (var _ = record("asyncio.TaskStart")) {
      assertTrue(names(FlightRecorder.getFlightRecorder().getEventTypes()).containsAll(ALL));
    }
    try (var recording = new Recording();
        var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(4)))) {
      recording.start();
      runner.run(() -> {
        createTask("worker", () -> yieldNow()).await();
        while (statistics().busy().isZero()) { // the watchdog has looked
          Thread.onSpinWait();
        }
        createTask("worker", () -> yieldNow()).await();
      });
      assertEquals(List.of(), dump(recording));
    }
  }

  private static List<String> names(List<EventType> types) {
    return types.stream().map(EventType::getName).toList();
  }

  @Test
  void anEventSaysWhatItIs() throws IOException {
    try (var _ = record(ALL.toArray(String[]::new))) {
      List<EventType> ours = FlightRecorder.getFlightRecorder().getEventTypes().stream()
          .filter(type -> type.getName().startsWith("asyncio."))
          .toList();
      assertEquals(ALL.size(), ours.size());
      for (EventType type : ours) {
        assertEquals(List.of("Asyncio"), type.getCategoryNames());
        assertFalse(type.getLabel().isBlank());
        assertFalse(type.getDescription().isBlank());
      }
    }
  }

  static final class Lives {
    public static void main(String[] arguments) {
      System.out.println("recorder: " + ModuleLayer.boot().findModule("jdk.jfr").isPresent());
      run(() -> {
        while (statistics().worstSteps().isEmpty()) { // the watchdog has looked, and works
          Thread.onSpinWait();
        }
        createTask(() -> sleep(ofMillis(1))).await();
      });
      System.out.println("well");
    }
  }

  @Test
  void theLibraryNeedsNoFlightRecorder() throws Exception {
    try (var child = new ChildJvm(
        Lives.class,
        "--limit-modules",
        "java.base,jdk.unsupported",
        "-Dasyncio.slowStepMillis=4")) {
      child.assertExitCode(0);
      assertEquals("recorder: false", child.lines().getFirst());
      assertEquals("well", child.lines().getLast());
      assertNoneContains(child.lines(), "failed");
    }
  }

  @Test
  void theLibraryNeedsNothingButJavaBase() throws Exception {
    try (var child =
        new ChildJvm(Lives.class, "--limit-modules", "java.base", "-Dasyncio.slowStepMillis=4")) {
      child.assertExitCode(0);
      assertEquals("well", child.lines().getLast());
    }
  }
}
