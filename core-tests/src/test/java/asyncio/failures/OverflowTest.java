package asyncio.failures;

import static asyncio.Asyncio.asCompleted;
import static asyncio.Asyncio.atomically;
import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.gatherOutcomes;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.runCoroutineThreadsafe;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.shield;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.staggeredRace;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.statistics;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.waitFor;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.wrapFuture;
import static asyncio.Asyncio.yieldNow;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofNanos;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.Barrier;
import asyncio.Condition;
import asyncio.Connection;
import asyncio.Context;
import asyncio.ContextVar;
import asyncio.Coroutine;
import asyncio.Event;
import asyncio.Future;
import asyncio.LifoQueue;
import asyncio.Lock;
import asyncio.PriorityQueue;
import asyncio.Queue;
import asyncio.ReturnWhen;
import asyncio.Semaphore;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.TaskOptions;
import asyncio.Timeout;
import asyncio.flow.FlowEmitter;
import asyncio.flow.Flows;
import asyncio.internal.scheduler.Current;
import asyncio.support.ChildJvm;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.FutureTask;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/**
 * A recursion that runs away and ends in the library: its task gets a StackOverflowError, and
 * nobody else is harmed. Each operation is called at each of the last depths before the stack ends.
 */
class OverflowTest {
  @Test
  void noOverflowHarmsAnybodyElseWhenCompiled() throws Exception {
    sweepWith("-XX:TieredStopAtLevel=4");
  }

  @Test
  void noOverflowHarmsAnybodyElseWhenInterpreted() throws Exception {
    sweepWith("-Xint");
  }

  private static void sweepWith(String option) throws Exception {
    try (var child = new ChildJvm(
        Sweep.class,
        option,
        "-Xss400k",
        "-XX:MaxJavaStackTraceDepth=20",
        "-Dasyncio.slowStepMillis=5000")) {
      int code = child.exitCode();
      assertEquals(
          "all is well", child.lines().isEmpty() ? "" : child.lines().getLast(), child::output);
      assertEquals(0, code);
    }
  }

  static final class Sweep {
    private static final int NEAR = 40;
    private static final int FAR = 600;
    private static final int STEP = 30;
    private static final int AROUND = 4;

    private static int unwound;
    private static int at;
    private static boolean ran;
    private static boolean overflowed;
    private static Action<Exception> operation = () -> {};

    private Sweep() {}

    /** Goes down to the end of the stack and, so many frames up from there, does the operation. */
    @SuppressWarnings("InfiniteRecursion")
    private static void down() {
      try {
        down();
      } catch (StackOverflowError end) {
        if (++unwound < at) {
          throw end;
        }
        operate();
      }
    }

    private static void operate() {
      ran = true;
      try {
        operation.run();
      } catch (StackOverflowError here) {
        overflowed = true;
      } catch (Exception failed) {
        throw new IllegalStateException(failed);
      }
    }

    /** What a trial works with, new for each. */
    private static final class Things {
      final Lock lock = new Lock();
      final Semaphore semaphore = new Semaphore(2);
      final Event event = new Event();
      final Event other = new Event();
      final Queue<Integer> queue = new Queue<>();
      final Condition condition = new Condition();
      final Future<Integer> future = new Future<>();
      final ContextVar<Integer> variable = new ContextVar<>("x");
      final List<Task<?>> helpers = new ArrayList<>();
      final List<AutoCloseable> open = new ArrayList<>();

      /** What is so at the end, by what went wrong where it is not. */
      final Map<String, BooleanSupplier> soAtTheEnd = new LinkedHashMap<>();

      /** The other end of {@link #connection}. */
      private Socket peer;

      private <C extends AutoCloseable> C closedAtTheEnd(C what) {
        open.add(what);
        return what;
      }

      /** A port of this machine that takes a client. */
      private ServerSocket listening() throws IOException {
        return closedAtTheEnd(new ServerSocket(0, 10, InetAddress.getLoopbackAddress()));
      }

      /** To a peer that has sent a line. It stands in the backlog, so nothing here blocks. */
      private Connection connection() throws IOException {
        ServerSocket listening = listening();
        var client = openConnection(HOST, listening.getLocalPort());
        open.add(() -> client.abort());
        peer = closedAtTheEnd(listening.accept());
        peer.getOutputStream().write("a line\n".getBytes(UTF_8));
        return client;
      }

      /** Does something for who waits, at the latest when the trial is over. */
      private void helper(Action<Exception> help) {
        helpers.add(createTask(() -> {
          other.await();
          help.run();
        }));
      }

      /** A child of a group that the stack was too small to wait for. */
      Task<?> ofAGroup;
    }

    private static final String HOST = "127.0.0.1";

    private interface Operation {
      Action<Exception> of(Things things) throws Exception;
    }

    private static final Map<String, Operation> OPERATIONS = new LinkedHashMap<>();

    static {
      OPERATIONS.put("yieldNow", _ -> () -> yieldNow());
      OPERATIONS.put("sleep", _ -> () -> sleep(ofNanos(1)));
      OPERATIONS.put("set an event", t -> () -> t.event.set());
      OPERATIONS.put("await an event", t -> () -> t.other.await());
      OPERATIONS.put("a lock", t -> () -> {
        try (var _ = t.lock.acquire()) {
          t.event.isSet();
        }
      });
      OPERATIONS.put("a semaphore", t -> () -> {
        try (var _ = t.semaphore.acquire()) {
          t.event.isSet();
        }
      });
      OPERATIONS.put("try a lock", t -> () -> {
        try (var _ = t.lock.tryAcquire()) {
          t.event.isSet();
        }
      });
      OPERATIONS.put("try a semaphore", t -> () -> {
        try (var _ = t.semaphore.tryAcquire()) {
          t.event.isSet();
        }
      });
      OPERATIONS.put("try a condition's lock", t -> () -> {
        try (var _ = t.condition.tryAcquire()) {
          t.condition.signal();
        }
      });
      OPERATIONS.put("a lock that is held", t -> {
        t.helpers.add(createTask(() -> {
          try (var _ = t.lock.acquire()) {
            t.other.await();
          }
        }));
        yieldNow();
        return () -> {
          try (var _ = t.lock.acquire()) {
            t.event.isSet();
          }
        };
      });
      OPERATIONS.put("put", t -> () -> t.queue.put(1));
      OPERATIONS.put("get", t -> {
        t.queue.putNowait(1);
        return () -> t.queue.get();
      });
      OPERATIONS.put("get from an empty queue", t -> {
        t.helpers.add(createTask(() -> {
          t.other.await();
          t.queue.putNowait(1);
          t.queue.shutdown();
        }));
        return () -> t.queue.get();
      });
      OPERATIONS.put("a condition", t -> {
        t.helpers.add(createTask(() -> {
          t.other.await();
          try (var _ = t.condition.acquire()) {
            t.condition.signalAll();
          }
        }));
        return () -> {
          try (var _ = t.condition.acquire()) {
            t.condition.await();
          }
        };
      });
      OPERATIONS.put("createTask", _ -> () -> createTask(() -> yieldNow()));
      OPERATIONS.put(
          "an eager task",
          _ -> () -> createTask(TaskOptions.defaults().withEagerStart(true), () -> yieldNow()));
      OPERATIONS.put("gather", _ -> () -> gather(() -> 1, () -> 2));
      OPERATIONS.put("a group", _ -> () -> {
        var group = new TaskGroup();
        group.run(() -> group.createTask(() -> yieldNow()));
      });
      OPERATIONS.put("a group that waits", t -> () -> {
        var group = new TaskGroup();
        group.run(() -> {
          t.ofAGroup = group.createTask(() -> t.other.await());
        });
        t.ofAGroup = null;
      });
      OPERATIONS.put("a time limit", _ -> () -> timeout(ofDays(1), () -> yieldNow()));
      OPERATIONS.put("waitFor", t -> () -> waitFor(() -> t.other.await(), ofDays(1)));
      OPERATIONS.put("complete a future", t -> () -> t.future.trySetResult(1));
      OPERATIONS.put("await a future", t -> {
        t.helpers.add(createTask(() -> {
          t.other.await();
          t.future.trySetResult(1);
        }));
        return () -> t.future.await();
      });
      OPERATIONS.put("addDoneCallback", t -> () -> t.future.addDoneCallback(_ -> {}));
      OPERATIONS.put("callSoon", t -> () -> runningLoop().callSoon(() -> t.event.set()));
      OPERATIONS.put(
          "callLater", t -> () -> runningLoop().callLater(ofNanos(1), () -> t.event.set()));
      OPERATIONS.put("toThread", _ -> () -> toThread(() -> 1));
      OPERATIONS.put("blocking", _ -> () -> blocking(() -> 1));
      OPERATIONS.put("cancel", t -> {
        Task<?> victim = createTask(() -> t.other.await());
        t.helpers.add(victim);
        yieldNow();
        return () -> victim.cancel();
      });
      OPERATIONS.put("shield", t -> () -> shield(createTask(() -> t.other.await())));
      OPERATIONS.put(
          "waitUntil",
          _ -> () -> waitUntil(ReturnWhen.ALL_COMPLETED, List.of(createTask(() -> yieldNow()))));
      OPERATIONS.put("asCompleted", _ -> () -> {
        for (Task<?> task : asCompleted(List.of(createTask(() -> yieldNow())))) {
          task.isDone();
        }
      });
      OPERATIONS.put(
          "staggeredRace",
          _ -> () -> staggeredRace(List.<Coroutine<Integer, RuntimeException>>of(() -> 1)));
      OPERATIONS.put("a context", t -> () -> new Context().run(() -> t.variable.set(1)));
      OPERATIONS.put("atomically", t -> () -> atomically(() -> t.event.set()));
      OPERATIONS.put("write", t -> {
        var client = t.connection();
        return () -> client.writer().write("hello\n");
      });
      OPERATIONS.put("drain", t -> {
        var client = t.connection();
        return () -> {
          client.writer().write("hello\n");
          client.writer().drain();
        };
      });
      OPERATIONS.put("read", t -> {
        var client = t.connection();
        return () -> client.reader().read(4);
      });
      OPERATIONS.put("readExactly", t -> {
        var client = t.connection();
        return () -> client.reader().readExactly(4);
      });
      OPERATIONS.put("readLine", t -> {
        var client = t.connection();
        return () -> client.reader().readLine();
      });
      OPERATIONS.put("close a connection", t -> {
        var client = t.connection();
        return () -> client.close();
      });
      OPERATIONS.put("openConnection", t -> {
        var listening = t.listening();
        return () -> {
          var client = openConnection(HOST, listening.getLocalPort());
          client.abort();
        };
      });
      OPERATIONS.put("startServer", t -> () -> {
        var server = startServer(client -> {}, HOST, 0);
        t.open.add(server);
      });
      OPERATIONS.put("close a server", t -> {
        var server = t.closedAtTheEnd(startServer(client -> {}, HOST, 0));
        return () -> server.close();
      });
      OPERATIONS.put("the last one at a barrier", t -> {
        var barrier = new Barrier(2);
        t.helpers.add(createTask(() -> barrier.await()));
        comeWhereOneWaits(t, barrier);
        yieldNow();
        return () -> barrier.await();
      });
      OPERATIONS.put("the first one at a barrier", t -> {
        var barrier = new Barrier(2);
        comeWhereOneWaits(t, barrier);
        return () -> barrier.await();
      });
      OPERATIONS.put("join a queue", t -> {
        t.queue.putNowait(1);
        t.helper(() -> t.queue.taskDone());
        return () -> t.queue.join();
      });
      OPERATIONS.put("put in order", t -> {
        var queue = new PriorityQueue<Integer>();
        List.of(5, 1, 4).forEach(queue::putNowait);
        t.soAtTheEnd.put("the priority queue lost an item or is out of order", () -> {
          List<Integer> left = all(queue);
          boolean put = ran && !overflowed;
          return left.equals(List.of(1, 3, 4, 5)) || !put && left.equals(List.of(1, 4, 5));
        });
        return () -> queue.put(3);
      });
      OPERATIONS.put("get the last", t -> {
        var queue = new LifoQueue<Integer>();
        List.of(1, 2).forEach(queue::putNowait);
        t.soAtTheEnd.put(
            "the LIFO queue lost an item",
            () -> all(queue).equals(ran && !overflowed ? List.of(1) : List.of(2, 1)));
        return () -> queue.get();
      });
      OPERATIONS.put(
          "runInExecutor", _ -> () -> runningLoop().runInExecutor(() -> 1).await());
      OPERATIONS.put(
          "runInExecutor of others",
          _ -> () -> runningLoop().runInExecutor(Runnable::run, () -> 1).await());
      OPERATIONS.put(
          "runCoroutineThreadsafe",
          _ -> () -> runCoroutineThreadsafe(() -> yieldNow(), runningLoop()).await());
      OPERATIONS.put("await a stage", t -> {
        var stage = new CompletableFuture<Integer>();
        t.helper(() -> stage.complete(1));
        return () -> Asyncio.await(stage);
      });
      OPERATIONS.put("wrap a future", t -> {
        var plain = new FutureTask<>(() -> 1);
        t.helper(() -> plain.run());
        return () -> wrapFuture((java.util.concurrent.Future<Integer>) plain).await();
      });
      OPERATIONS.put("take an item of a publisher", t -> taking(t, true));
      OPERATIONS.put("wait for an item of a publisher", t -> taking(t, false));
      OPERATIONS.put("emit", t -> emitting(t, true));
      OPERATIONS.put("emit without demand", t -> emitting(t, false));
      OPERATIONS.put("gatherOutcomes", _ -> () -> gatherOutcomes(() -> 1, () -> 2));
      OPERATIONS.put("reschedule a time limit", t -> {
        var limit = Timeout.none();
        t.helpers.add(createTask(() -> limit.run(() -> t.other.await())));
        yieldNow();
        return () -> limit.reschedule(ofDays(1));
      });
      OPERATIONS.put("readUntil", t -> {
        var client = t.connection();
        t.helper(() -> {
          if (!t.peer.isClosed()) {
            t.peer.getOutputStream().write('!');
          }
        });
        return () -> client.reader().readUntil("!".getBytes(UTF_8));
      });
      OPERATIONS.put("writeEof", t -> {
        var client = t.connection();
        return () -> client.writer().writeEof();
      });
      OPERATIONS.put("waitClosed", t -> {
        var client = t.connection();
        t.helper(() -> client.abort());
        return () -> client.writer().waitClosed();
      });
      OPERATIONS.put("serveForever", t -> {
        var server = t.closedAtTheEnd(startServer(client -> {}, HOST, 0));
        t.helper(() -> server.close());
        return () -> server.serveForever();
      });
    }

    private static List<Integer> all(Queue<Integer> queue) {
      List<Integer> all = new ArrayList<>();
      while (queue.size() > 0) {
        all.add(queue.getNowait());
      }
      return all;
    }

    /** Nobody is left at a barrier of two, and it lets the next two through. */
    private static void comeWhereOneWaits(Things t, Barrier barrier) {
      t.helper(() -> {
        if (barrier.waiting() > 0) {
          barrier.await();
        }
      });
      t.soAtTheEnd.put("two do not meet at the barrier any more", () -> {
        List<Task<Integer>> two =
            List.of(createTask(() -> barrier.await()), createTask(() -> barrier.await()));
        for (int i = 0; i < 4; i++) {
          yieldNow();
        }
        boolean met = two.stream().allMatch(Task::isDone);
        two.forEach(Task::cancel);
        return met;
      });
    }

    private static Action<Exception> taking(Things t, boolean isThere) {
      Flow.Subscriber<?>[] subscriber = {null};
      Flow.Publisher<Integer> publisher = to -> {
        subscriber[0] = to;
        to.onSubscribe(new Flow.Subscription() {
          @Override
          public void request(long n) {
            if (isThere) {
              to.onNext(1);
            }
          }

          @Override
          public void cancel() {}
        });
      };
      var items = Flows.subscribe(publisher, 1);
      t.closedAtTheEnd(items);
      t.helper(() -> subscriber[0].onComplete());
      yieldNow();
      yieldNow();
      yieldNow();
      var iterator = items.iterator();
      return () -> {
        if (iterator.hasNext()) {
          iterator.next();
        }
      };
    }

    private static Action<Exception> emitting(Things t, boolean wanted) {
      var emitter = new ArrayList<FlowEmitter<Integer>>();
      Flow.Subscription[] subscription = {null};
      boolean[] complete = {false};
      Flow.Publisher<Integer> publisher = Flows.publisher(out -> {
        emitter.add(out);
        t.other.await();
        yieldNow();
        yieldNow();
      });
      publisher.subscribe(new Flow.Subscriber<>() {
        @Override
        public void onSubscribe(Flow.Subscription given) {
          subscription[0] = given;
          if (wanted) {
            given.request(1);
          }
        }

        @Override
        public void onNext(Integer item) {}

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onComplete() {
          complete[0] = true;
        }
      });
      t.helper(() -> subscription[0].request(1));
      t.soAtTheEnd.put("the subscriber was not told of the end", () -> complete[0]);
      yieldNow();
      return () -> emitter.getFirst().emit(1);
    }

    public static void main(String[] arguments) {
      List<String> wrong = new ArrayList<>();
      try {
        Asyncio.run(() -> {
          warmUp();
          OPERATIONS.forEach((name, each) -> sweep(wrong, name, each));
        });
      } catch (Throwable escaped) {
        escaped.printStackTrace();
        wrong.add("run threw " + escaped);
      }
      wrong.forEach(System.out::println);
      System.out.println(wrong.isEmpty() ? "all is well" : "harm was done");
    }

    /** Each operation once where there is room: classes are loaded, call sites linked. */
    private static void warmUp() {
      OPERATIONS.forEach((_, each) -> {
        var things = new Things();
        createTask(() -> each.of(things).run());
        yieldNow();
        yieldNow();
        end(things);
      });
    }

    private static void end(Things things) {
      things.other.set();
      for (AutoCloseable open : things.open) {
        try {
          open.close();
        } catch (Exception failed) {
          throw new IllegalStateException(failed);
        }
      }
      for (Task<?> helper : things.helpers) {
        waitUntil(ReturnWhen.ALL_COMPLETED, List.of(helper));
      }
    }

    /**
     * At the last depths of all, at some further up, and round the one at which the operation
     * begins to find room: there it has just as much as it needs. A wait finds none before the
     * stack is half empty, since the JVM needs room to put away what is on it.
     */
    private static void sweep(List<String> wrong, String name, Operation each) {
      int overflows = 0;
      int tooDeep = 1;
      for (int back = 1; back < FAR && wrong.isEmpty(); back += back < NEAR ? 1 : STEP) {
        if (overflowsAt(wrong, name, each, back)) {
          overflows++;
          tooDeep = back;
        }
      }
      int fits = tooDeep + STEP;
      while (wrong.isEmpty() && overflowsAt(wrong, name, each, fits)) {
        tooDeep = fits;
        fits *= 2;
      }
      while (wrong.isEmpty() && fits - tooDeep > 1) {
        int middle = (fits + tooDeep) / 2;
        if (overflowsAt(wrong, name, each, middle)) {
          tooDeep = middle;
        } else {
          fits = middle;
        }
      }
      for (int back = Math.max(1, fits - AROUND); back < fits + AROUND && wrong.isEmpty(); back++) {
        overflows += overflowsAt(wrong, name, each, back) ? 1 : 0;
      }
      if (wrong.isEmpty() && overflows == 0) {
        wrong.add(name + " never overflowed: the sweep misses the end of the stack");
      }
      System.out.println(name + ": " + overflows + " overflows; room " + fits);
    }

    private static boolean overflowsAt(List<String> wrong, String name, Operation each, int back) {
      String harm;
      try {
        harm = trial(each, back);
      } catch (Throwable failed) {
        harm = failed.toString();
      }
      if (harm != null) {
        wrong.add(name + ", " + back + " frames before the end: " + harm);
      }
      return overflowed;
    }

    private static String trial(Operation each, int back) throws Exception {
      var things = new Things();
      List<String> harm = new ArrayList<>();
      Task<?> waiter = createTask("waiter", () -> things.event.await());
      yieldNow();
      int tasks = runningLoop().allTasks().size();
      Task<?> deep = createTask("deep", () -> {
        operation = each.of(things);
        unwound = 0;
        at = back;
        ran = false;
        overflowed = false;
        down();
        Task<?> self = currentTask();
        if (self == null || !self.name().equals("deep")) {
          harm.add("it runs beside the loop");
        }
        nextWait(harm);
      });
      things.helpers.add(deep);
      for (int i = 0; i < 6; i++) {
        yieldNow();
      }
      boolean uncancelled = things.ofAGroup != null && !things.ofAGroup.isDone() && overflowed;
      things.other.set();
      waitUntil(ReturnWhen.ALL_COMPLETED, List.of(deep), ofSeconds(5));
      if (!deep.isDone()) {
        return "it hangs: " + deep + " " + Asyncio.waitGraph();
      }
      if (!ran) {
        assertInstanceOf(StackOverflowError.class, deep.exception(), "the stack has fewer frames");
      } else if (deep.isCancelled() || deep.exception() != null) {
        harm.add("it ended with " + deep);
      }
      if (uncancelled) {
        harm.add("a task of the group goes on without it");
      }
      end(things);
      things.event.set();
      waitUntil(ReturnWhen.ALL_COMPLETED, List.of(waiter), ofSeconds(5));
      if (!waiter.isDone()) {
        harm.add("who waited for the event hangs");
      }
      for (int i = 0; i < 4; i++) {
        yieldNow();
      }
      things.soAtTheEnd.forEach((otherwise, so) -> {
        if (!so.getAsBoolean()) {
          harm.add(otherwise);
        }
      });
      if (things.lock.locked() || things.condition.locked()) {
        harm.add("a lock is locked for ever");
      }
      if (things.semaphore.available() != 2) {
        harm.add("permits: " + things.semaphore.available());
      }
      while (statistics().helpers() > 0 || statistics().timers() > 0) {
        sleep(ofNanos(1)); // a call on a helper is on its way back
        if (statistics().timers() > 0) {
          harm.add("timers are left");
          break;
        }
      }
      if (Current.scheduler().openHandles() > 0) {
        harm.add("sockets are left open");
      }
      if (runningLoop().allTasks().size() > tasks - 1) {
        harm.add("tasks are left: " + runningLoop().allTasks());
      }
      return harm.isEmpty() ? null : harm.toString();
    }

    /** The next wait ends when it is to, and not before. */
    private static void nextWait(List<String> harm) {
      var event = new Event();
      createTask(() -> {
        yieldNow();
        yieldNow();
        event.set();
      });
      event.await();
      if (!event.isSet()) {
        harm.add("its next wait ended at once");
      }
    }
  }
}
