package asyncio.sync;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.Barrier;
import asyncio.BoundedSemaphore;
import asyncio.BrokenBarrierException;
import asyncio.CancelledError;
import asyncio.Condition;
import asyncio.Event;
import asyncio.LifoQueue;
import asyncio.Lock;
import asyncio.PriorityQueue;
import asyncio.Queue;
import asyncio.QueueShutDownException;
import asyncio.Semaphore;
import asyncio.testing.AsyncTest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;

/** Each primitive against a sequential {@link Model} of it, under random operations and cancels. */
class ModelTest {
  private static final int SEEDS = 1000;

  @AsyncTest
  void aLockDoesWhatItsModelDoes() {
    Model.run(SEEDS, LockModel::new);
  }

  @AsyncTest
  void aSemaphoreDoesWhatItsModelDoes() {
    Model.run(SEEDS, seed -> new SemaphoreModel(seed, false));
  }

  @AsyncTest
  void aBoundedSemaphoreDoesWhatItsModelDoes() {
    Model.run(SEEDS, seed -> new SemaphoreModel(seed, true));
  }

  @AsyncTest
  void anEventDoesWhatItsModelDoes() {
    Model.run(SEEDS, EventModel::new);
  }

  @AsyncTest
  void aConditionDoesWhatItsModelDoes() {
    Model.run(SEEDS, ConditionModel::new);
  }

  @AsyncTest
  void aBarrierDoesWhatItsModelDoes() {
    Model.run(SEEDS, BarrierModel::new);
  }

  @AsyncTest
  void aQueueDoesWhatItsModelDoes() {
    Model.run(SEEDS, seed -> new QueueModel(seed, Queue::new, Kind.FIRST_IN));
  }

  @AsyncTest
  void aLifoQueueDoesWhatItsModelDoes() {
    Model.run(SEEDS, seed -> new QueueModel(seed, LifoQueue::new, Kind.LAST_IN));
  }

  @AsyncTest
  void aPriorityQueueDoesWhatItsModelDoes() {
    Model.run(
        SEEDS,
        seed -> new QueueModel(
            seed,
            maxSize -> new PriorityQueue<>(maxSize, Comparator.comparingInt(Item::rank)),
            Kind.SMALLEST));
  }

  /** Those who ask for permits: strictly first in first out, but for those who were cancelled. */
  private abstract static class Asking extends Model {
    final List<Actor> asking = new ArrayList<>();

    Asking(long seed) {
      super(seed);
    }

    final void askingFor(Actor actor, boolean free, Action<RuntimeException> acquire) {
      asking.add(actor);
      try {
        call(actor, "acquire", free && asking.size() == 1, () -> {
          acquire.run();
          int left = take(actor);
          require(left >= 0, actor + " got what was not there");
          List<Actor> before = new ArrayList<>(asking.subList(0, asking.indexOf(actor)));
          before.removeIf(other -> other.doomed);
          require(before.isEmpty(), actor + " overtook one of " + before);
        });
      } finally {
        asking.remove(actor);
      }
    }

    /** The actor has a permit; returns how many are left. */
    abstract int take(Actor actor);
  }

  private static final class LockModel extends Asking {
    private final Lock lock = new Lock();
    private Actor holder;

    LockModel(long seed) {
      super(seed);
    }

    @Override
    void operate(Actor actor) {
      if (holder == actor) {
        release(actor);
        return;
      }
      if (random.nextInt(4) == 0) {
        note(actor + " tries");
        boolean got = lock.tryAcquire() != null;
        require(!got || (holder == null && noneLive()), "tryAcquire took a lock that was not free");
        require(got || holder != null || !asking.isEmpty(), "tryAcquire did not take a free lock");
        if (got) {
          holder = actor;
        }
        return;
      }
      askingFor(actor, holder == null, lock::acquire);
    }

    @Override
    int take(Actor actor) {
      int left = holder == null ? 0 : -1;
      holder = actor;
      return left;
    }

    private boolean noneLive() {
      return asking.stream().allMatch(actor -> actor.doomed);
    }

    private void release(Actor actor) {
      note(actor + " release");
      holder = null;
      lock.release();
    }

    @Override
    void rescue() {
      require(holder != null && holder.task.isDone(), "all wait for a lock held by " + holder);
      releaseForEnded();
    }

    @Override
    void checkQuiet() {
      require(lock.locked() == (holder != null || !asking.isEmpty()), "locked: " + lock);
    }

    /** A task that ended while it held the lock leaves it locked; a callback may release it. */
    private void releaseForEnded() {
      note("callback releases for " + holder);
      holder = null;
      Asyncio.runningLoop().callSoon(lock::release);
      Asyncio.yieldNow();
    }

    @Override
    void checkEnd() {
      if (holder != null) {
        releaseForEnded();
      }
      require(lock.toString().equals("Lock[unlocked]"), "left: " + lock);
    }
  }

  private static final class SemaphoreModel extends Asking {
    private final int initial = random.nextInt(3);
    private final boolean bounded;
    private final Semaphore semaphore;
    private int permits = initial;

    SemaphoreModel(long seed, boolean bounded) {
      super(seed);
      this.bounded = bounded;
      semaphore = bounded ? new BoundedSemaphore(initial) : new Semaphore(initial);
    }

    @Override
    void operate(Actor actor) {
      if (bounded ? permits < initial && random.nextInt(2) == 0 : random.nextInt(5) < 2) {
        release(actor.name);
      } else if (random.nextInt(4) == 0) {
        note(actor + " tries");
        if (semaphore.tryAcquire() != null) {
          permits--;
          require(permits >= 0, "a permit too many");
        }
      } else {
        askingFor(actor, permits > 0, semaphore::acquire);
      }
    }

    @Override
    int take(Actor actor) {
      return --permits;
    }

    private void release(String who) {
      note(who + " release");
      permits++;
      try {
        semaphore.release();
      } catch (IllegalStateException tooMany) {
        // Permits on their way to somebody count as out, in the semaphore and not in the model.
        throw new AssertionError("a release was refused", tooMany);
      }
    }

    @Override
    void rescue() {
      if (bounded && permits == initial) {
        require(initial == 0, "all wait, and all permits are free");
        cancelAll();
      } else {
        release("director");
      }
    }

    private void cancelAll() {
      for (Actor actor : actors) {
        if (!actor.task.isDone()) {
          note("cancel " + actor);
          actor.cancelPending = true;
          cancelled(actor);
          actor.task.cancel();
        }
      }
    }

    @Override
    void checkQuiet() {
      require(asking.isEmpty() || permits == 0, "some wait while a permit is free: " + semaphore);
      require(semaphore.available() == permits, permits + " permits, not " + semaphore);
      if (bounded && permits == initial) {
        try {
          semaphore.release();
          throw new AssertionError("a release too many was not refused");
        } catch (IllegalStateException expected) {
          note("a release too many is refused");
        }
      }
    }

    @Override
    void checkEnd() {
      require(semaphore.available() == permits, permits + " permits, not " + semaphore);
    }
  }

  private static final class EventModel extends Model {
    private final Event event = new Event();
    private final Set<Actor> mayGo = new HashSet<>();
    private final ArrayDeque<Actor> going = new ArrayDeque<>();
    private final List<Actor> order = new ArrayList<>();
    private boolean set;

    EventModel(long seed) {
      super(seed);
    }

    @Override
    void operate(Actor actor) {
      switch (random.nextInt(6)) {
        case 0 -> set(actor.name);
        case 1 -> {
          note(actor + " clear");
          set = false;
          event.clear();
        }
        default -> await(actor);
      }
    }

    private void set(String who) {
      note(who + " set");
      set = true;
      event.set();
      for (Actor actor : order) {
        if (mayGo.add(actor)) {
          going.add(actor);
        }
      }
    }

    private void await(Actor actor) {
      boolean wasSet = set;
      if (!wasSet) {
        order.add(actor);
      }
      try {
        call(actor, "await", wasSet, () -> {
          event.await();
          require(wasSet || mayGo.contains(actor), actor + " went on before the event was set");
          if (!wasSet) {
            going.removeIf(before -> before.doomed);
            require(going.peek() == actor, actor + " went on before " + going.peek());
          }
        });
      } finally {
        order.remove(actor);
        mayGo.remove(actor);
        going.remove(actor);
      }
    }

    @Override
    void rescue() {
      set("director");
    }

    @Override
    void checkQuiet() {
      require(mayGo.isEmpty(), mayGo + " wait though the event was set");
      require(event.isSet() == set, "set: " + event);
      int waiting = waiting().size();
      require(event.toString().contains("waiters:" + waiting) == waiting > 0, "waiters: " + event);
    }

    @Override
    void checkEnd() {
      require(!event.toString().contains("waiters"), "left: " + event);
    }
  }

  private static final class ConditionModel extends Model {
    private final Condition condition = new Condition();
    private Actor holder;

    /** Who waits for a signal, in order; and who has got one and has not gone on. */
    private final List<Actor> unsignalled = new ArrayList<>();

    private final Set<Actor> signalled = new HashSet<>();

    ConditionModel(long seed) {
      super(seed);
    }

    @Override
    void operate(Actor actor) {
      call(actor, "acquire", false, () -> {
        condition.acquire();
        hold(actor);
      });
      try {
        switch (random.nextInt(5)) {
          case 0 -> signal(actor, random.nextInt(3));
          case 1 -> {
            Asyncio.yieldNow();
            require(holder == actor, "another has the lock");
            signal(actor, Integer.MAX_VALUE);
          }
          default -> await(actor);
        }
      } finally {
        require(holder == actor, actor + " left without the lock");
        note(actor + " release");
        holder = null;
        condition.release();
      }
    }

    private void hold(Actor actor) {
      require(holder == null, "two hold the lock");
      holder = actor;
    }

    private void signal(Actor actor, int n) {
      note(actor + " signal " + n);
      if (n == Integer.MAX_VALUE) {
        condition.signalAll();
      } else {
        condition.signal(n);
      }
      for (int i = 0; i < n && signalFirst(); i++) {}
    }

    private boolean signalFirst() {
      for (Actor actor : unsignalled) {
        if (!actor.doomed) {
          unsignalled.remove(actor);
          signalled.add(actor);
          return true;
        }
      }
      return false;
    }

    private void await(Actor actor) {
      unsignalled.add(actor);
      holder = null;
      try {
        call(actor, "await", false, () -> {
          condition.await();
          require(signalled.remove(actor), actor + " went on without a signal");
          hold(actor);
        });
      } catch (CancelledError cancel) {
        hold(actor);
        unsignalled.remove(actor);
        if (signalled.remove(actor)) {
          signalFirst();
        }
        throw cancel;
      }
    }

    @Override
    void rescue() {
      try (var _ = condition.acquire()) {
        note("director signals all");
        condition.signalAll();
        while (signalFirst()) {}
      }
    }

    @Override
    void checkQuiet() {
      // Nobody rests with the lock in hand, so all who wait do so for a signal.
      require(!condition.locked(), "locked while nobody holds it");
      require(signalled.isEmpty(), "a lost signal: " + signalled);
      require(unsignalled.size() == waiting().size(), "wait for the lock: " + waiting());
      int waiting = unsignalled.size();
      require(
          condition.toString().contains("waiters:" + waiting) == waiting > 0,
          "waiters: " + condition);
    }

    @Override
    void checkEnd() {
      require(condition.toString().equals("Condition[unlocked]"), "left: " + condition);
    }
  }

  private static final class BarrierModel extends Model {
    private final int parties = 1 + random.nextInt(3);
    private final Barrier barrier = new Barrier(parties);

    /** The places given to those who met last; they leave before the next ones can meet. */
    private final Set<Integer> places = new HashSet<>();

    /** What has been broken or reset so far, and how much of it when each came. */
    private int breaks;

    private final Map<Actor, Integer> breaksBefore = new HashMap<>();
    private boolean broken;

    BarrierModel(long seed) {
      super(seed);
    }

    @Override
    void operate(Actor actor) {
      switch (random.nextInt(20)) {
        case 0 -> {
          note(actor + " abort");
          breaks++;
          broken = true;
          barrier.abort();
        }
        case 1, 2 -> reset(actor.name);
        default -> await(actor);
      }
    }

    private void reset(String who) {
      note(who + " reset");
      breaks++;
      broken = false;
      barrier.reset();
    }

    private void await(Actor actor) {
      breaksBefore.put(actor, breaks);
      boolean wasBroken = broken;
      call(actor, "await", wasBroken || parties == 1, () -> {
        try {
          int place = barrier.await();
          require(!wasBroken, "a broken barrier let it pass");
          if (place == parties - 1) {
            places.clear();
          }
          require(place >= 0 && place < parties, "a place that is not there");
          require(places.add(place), "a place given twice");
          require(places.contains(parties - 1), "one went on before the last one came");
        } catch (BrokenBarrierException told) {
          require(wasBroken || breaks > breaksBefore.get(actor), "told of a break that was not");
        }
      });
    }

    @Override
    void rescue() {
      reset("director");
    }

    @Override
    void checkQuiet() {
      require(barrier.broken() == broken, "broken: " + barrier);
      int waiting = waiting().size();
      require(waiting < parties, waiting + " wait, enough to go on");
      require(!broken || waiting == 0, "some wait in a broken barrier");
      require(barrier.waiting() == waiting, waiting + " wait, not " + barrier);
    }

    @Override
    void checkEnd() {
      require(barrier.waiting() == 0, "left: " + barrier);
    }
  }

  /** Numbered as they are put: of equal ones, that which was put first comes first. */
  private record Item(int rank, int number) {}

  private static final Comparator<Item> BY_RANK_AND_PUT =
      Comparator.comparingInt(Item::rank).thenComparingInt(Item::number);

  private enum Kind {
    FIRST_IN,
    LAST_IN,
    SMALLEST
  }

  private static final class QueueModel extends Model {
    private final int maxSize = random.nextInt(3);
    private final Queue<Item> queue;
    private final Kind kind;
    private final List<Item> items = new ArrayList<>();
    private final List<Actor> putting = new ArrayList<>();
    private final Map<Actor, Item> outside = new HashMap<>();

    /** For whom room is kept: where items are compared, each puts its own in. */
    private final Set<Actor> promised = new HashSet<>();

    private final Set<Actor> joining = new HashSet<>();
    private int numbers;
    private int unfinished;
    private boolean shutDown;

    QueueModel(long seed, IntFunction<Queue<Item>> queues, Kind kind) {
      super(seed);
      queue = queues.apply(maxSize);
      this.kind = kind;
    }

    @Override
    void cancelled(Actor actor) {
      // One whose item is in has put; who joins may have been let go, and is cancelled all the
      // same.
      if (!putting.contains(actor) || outside.containsKey(actor)) {
        super.cancelled(actor);
      }
    }

    @Override
    void operate(Actor actor) {
      switch (random.nextInt(20)) {
        case 0, 1, 2, 3, 4, 5 -> put(actor);
        case 6, 7, 8, 9, 10, 11 -> get(actor);
        case 12, 13 -> tryPut(actor.name);
        case 14, 15 -> tryGet(actor.name);
        case 16, 17 -> taskDone(actor);
        case 18 -> join(actor);
        default -> {
          if (random.nextInt(5) == 0) {
            shutDown(actor.name, random.nextBoolean());
          }
        }
      }
    }

    private Item make() {
      return new Item(random.nextInt(4), numbers++);
    }

    private boolean full() {
      return maxSize > 0 && items.size() + promised.size() >= maxSize;
    }

    private void added(Item item) {
      items.add(item);
      unfinished++;
    }

    private void put(Actor actor) {
      Item item = make();
      boolean atOnce = shutDown || !full();
      boolean wasShutDown = shutDown;
      putting.add(actor);
      if (!atOnce) {
        outside.put(actor, item);
      }
      try {
        call(actor, "put " + item, atOnce, () -> {
          try {
            queue.put(item);
            require(!wasShutDown, "an item was put after the shutdown");
            if (atOnce || promised.remove(actor)) {
              added(item);
            } else {
              require(!outside.containsKey(actor), "put returned before there was room");
            }
          } catch (QueueShutDownException refused) {
            require(wasShutDown || outside.containsKey(actor), "refused for no reason");
            require(shutDown, "refused before the shutdown");
          }
        });
      } catch (CancelledError cancel) {
        require(outside.containsKey(actor), "cancelled although the item is in");
        if (promised.remove(actor)) {
          putting.remove(actor);
          letNextIn();
        }
        throw cancel;
      } finally {
        putting.remove(actor);
        promised.remove(actor);
        outside.remove(actor);
      }
    }

    /** The item that has to come out now, which is taken; who waits first puts his in. */
    private Item take() {
      Item next = switch (kind) {
        case FIRST_IN -> items.getFirst();
        case LAST_IN -> items.getLast();
        case SMALLEST -> items.stream().min(BY_RANK_AND_PUT).orElseThrow();
      };
      items.remove(next);
      letNextIn();
      return next;
    }

    private void letNextIn() {
      for (Actor actor : putting) {
        if (!shutDown && outside.containsKey(actor) && !promised.contains(actor) && !actor.doomed) {
          if (kind == Kind.SMALLEST) {
            promised.add(actor);
          } else {
            added(outside.remove(actor));
          }
          break;
        }
      }
    }

    private void get(Actor actor) {
      call(actor, "get", !items.isEmpty() || shutDown, () -> {
        try {
          Item item = queue.get();
          taken(item);
        } catch (QueueShutDownException end) {
          require(shutDown && items.isEmpty(), "refused for no reason");
        }
      });
    }

    private void taken(Item item) {
      require(!items.isEmpty(), item + " came out of an empty queue");
      Item expected = take();
      require(item == expected, item + " came out, and not " + expected);
    }

    private void tryPut(String who) {
      Item item = make();
      note(who + " tries to put " + item);
      boolean put = queue.tryPut(item);
      require(put == (!shutDown && !full()), "tryPut returned " + put);
      if (put) {
        added(item);
      }
    }

    private void tryGet(String who) {
      note(who + " tries to get");
      Optional<Item> item = queue.tryGet();
      require(item.isPresent() == !items.isEmpty(), "tryGet returned " + item);
      item.ifPresent(this::taken);
    }

    private void taskDone(Actor actor) {
      note(actor + " has done one");
      try {
        queue.taskDone();
        require(--unfinished >= 0, "one too many");
        settleJoiners();
      } catch (IllegalStateException tooMany) {
        require(unfinished == 0, "refused for no reason");
      }
    }

    private void settleJoiners() {
      if (unfinished == 0) {
        joining.clear();
      }
    }

    private void join(Actor actor) {
      joining.add(actor);
      settleJoiners();
      try {
        call(actor, "join", unfinished == 0, () -> {
          queue.join();
          require(!joining.contains(actor), "join returned before all was done");
        });
      } finally {
        joining.remove(actor);
      }
    }

    private void shutDown(String who, boolean now) {
      note(who + (now ? " shuts down now" : " shuts down"));
      shutDown = true;
      if (now) {
        queue.shutdownNow();
        unfinished = Math.max(0, unfinished - items.size());
        items.clear();
        settleJoiners();
      } else {
        queue.shutdown();
      }
    }

    @Override
    void rescue() {
      shutDown("director", true);
      while (unfinished > 0) {
        queue.taskDone();
        unfinished--;
      }
      settleJoiners();
    }

    @Override
    void checkQuiet() {
      require(queue.size() == items.size(), items + " are in, and not " + queue);
      for (Actor actor : waiting()) {
        if (putting.contains(actor)) {
          require(outside.containsKey(actor), actor + " waits although its item is in");
          require(full() && !shutDown, actor + " waits to put without need");
        } else if (!joining.contains(actor)) {
          require(items.isEmpty() && !shutDown, actor + " waits to get without need");
        }
      }
    }

    @Override
    void checkEnd() {
      require(queue.size() == items.size(), items + " are in, and not " + queue);
      String text = queue.toString();
      require(!text.contains("getters") && !text.contains("putters"), "left: " + text);
    }
  }
}
