package asyncio.internal.diagnosis;

import asyncio.SlowStep;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Recorder;
import asyncio.internal.scheduler.Scheduler;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.StringJoiner;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/**
 * Reports to the JDK's Flight Recorder. Only this class, with its nested classes, knows the module
 * jdk.jfr, which is not in every image of the JDK and not resolved for every program. The watchdog
 * is always the first to touch this class, and finds out.
 *
 * <p><b>Who commits.</b> A coroutine commits the events of its own steps, on its own thread, when
 * it suspends in one of our waits or ends. A step that ends in foreign code is committed at the
 * next such point of the same coroutine, and so is the start of a task that no coroutine started.
 * The loop's own thread never commits: the JDK (25.0.3) drops the first event that a carrier
 * commits after a virtual thread that it carried has committed one. A commit never suspends: it
 * writes to a buffer of its thread, and if it takes a lock, around the recorder's table of long
 * strings and inside the JVM, the JDK pins the virtual thread for that time. So no coroutine is
 * ever suspended while holding such a lock, and none parks here, where it may already have told the
 * loop that it waits.
 */
final class JfrRecorder extends Recorder {
  private final Scheduler scheduler;

  // Loop-confined: the current step.
  private @Nullable StepEvent step;
  private @Nullable Fiber fiber;

  /** Events created elsewhere, until their coroutine commits them. Loop-confined. */
  private final IdentityHashMap<Fiber, List<Event>> parked = new IdentityHashMap<>();

  private JfrRecorder(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  // Typed as its superclass: to check an assignment, the JVM would otherwise load this class with
  // the watchdog.
  static Recorder of(Scheduler scheduler) {
    return new JfrRecorder(scheduler);
  }

  /**
   * Whether a recording is running that wants one of the events. Reads only two fields if the
   * recorder was never used; asking does not start it, nor are the events registered before it is
   * started.
   */
  static boolean wanted() {
    if (!FlightRecorder.isInitialized()) {
      return false;
    }
    for (EventType type : Types.ALL) {
      if (type.isEnabled()) {
        return true;
      }
    }
    return false;
  }

  private static final class Types {
    static final EventType[] ALL = {
      EventType.getEventType(TaskStartEvent.class),
      EventType.getEventType(TaskEndEvent.class),
      EventType.getEventType(StepEvent.class),
      EventType.getEventType(SlowStepEvent.class),
    };
  }

  @Override
  public void stepBegan(Fiber running) {
    try {
      var event = new StepEvent();
      if (event.isEnabled()) {
        fiber = running;
        step = event;
        scheduler.afterStep().add(this);
        event.begin();
      }
    } catch (Throwable notOurs) {
      step = null; // better a step without its record than a loop that ends
    }
  }

  @Override
  public void stepEnds(Fiber ending) {
    try {
      StepEvent event = step;
      if (event != null && fiber == ending) {
        step = null;
        event.end();
      }
      List<Event> before = parked.remove(ending);
      if (before != null) {
        for (Event earlier : before) {
          earlier.commit();
        }
      }
      if (event != null && event.shouldCommit()) {
        fill(event, ending).commit();
      }
    } catch (Throwable notOurs) {
      // As above.
    }
  }

  @Override
  protected void stepEnded() {
    StepEvent event = step;
    Fiber ran = fiber;
    step = null;
    fiber = null;
    if (event == null || ran == null) {
      return;
    }
    try {
      event.end();
      if (!event.shouldCommit()) {
        return;
      }
      fill(event, ran);
      if (ran.thread() == Thread.currentThread()) {
        event.commit();
      } else {
        park(event, ran);
      }
    } catch (Throwable notOurs) {
      // As above.
    }
  }

  private StepEvent fill(StepEvent event, Fiber of) {
    event.eventLoop = scheduler.name();
    event.task = of.label();
    return event;
  }

  private void park(Event event, Fiber until) {
    List<Event> waiting = parked.get(until);
    if (waiting == null) { // no lambda: the loop's own thread would load its class, holding locks
      waiting = new ArrayList<>();
      parked.put(until, waiting);
    }
    waiting.add(event);
  }

  @Override
  public void taskStarted(Fiber started) {
    try {
      var event = new TaskStartEvent();
      if (event.shouldCommit()) {
        Fiber creator = scheduler.currentFiber();
        event.eventLoop = scheduler.name();
        event.task = started.label();
        if (creator != null) {
          event.creator = creator.label();
          event.commit();
        } else {
          event.begin();
          event.end();
          park(event, started);
        }
      }
    } catch (Throwable notOurs) {
      // As above.
    }
  }

  @Override
  public void taskEnded(Fiber ended) {
    try {
      var event = new TaskEndEvent();
      if (event.shouldCommit()) {
        String outcome = ended.outcome();
        if (outcome != null) {
          event.eventLoop = scheduler.name();
          event.task = ended.label();
          event.outcome = outcome;
          event.commit();
        }
      }
    } catch (Throwable notOurs) {
      // As above.
    }
  }

  @Override
  public void slowStep(SlowStep slow, boolean ended) {
    try {
      var event = new SlowStepEvent();
      if (event.shouldCommit()) {
        var stack = new StringJoiner("\n");
        for (StackTraceElement element : slow.stack()) {
          stack.add(element.toString());
        }
        event.eventLoop = scheduler.name();
        event.task = slow.task();
        event.held = slow.held().toNanos();
        event.ended = ended;
        event.stack = stack.toString();
        event.commit();
      }
    } catch (Throwable notOurs) {
      // As above.
    }
  }

  // Only enabled by name: otherwise a recording that is left running all the time would get some
  // millions of these per second.

  @Name("asyncio.TaskStart")
  @Label("Task Start")
  @Description(
      "A task was started. The stack is that of its creator or, without one, of the task itself at"
          + " its first wait")
  @Category("Asyncio")
  @Enabled(false)
  static final class TaskStartEvent extends Event {
    @Label("Event Loop")
    @Nullable
    String eventLoop;

    @Label("Task")
    @Nullable
    String task;

    @Label("Creator")
    @Description("The task or callback that started it; null if neither did")
    @Nullable
    String creator;
  }

  @Name("asyncio.TaskEnd")
  @Label("Task End")
  @Description("A task ended")
  @Category("Asyncio")
  @Enabled(false)
  @StackTrace(false)
  static final class TaskEndEvent extends Event {
    @Label("Event Loop")
    @Nullable
    String eventLoop;

    @Label("Task")
    @Nullable
    String task;

    @Label("Outcome")
    @Description("finished, cancelled, or failed with the class of the failure")
    @Nullable
    String outcome;
  }

  @Name("asyncio.Step")
  @Label("Step")
  @Description("What ran between two switches of the event loop")
  @Category("Asyncio")
  @Enabled(false)
  @StackTrace(false)
  static final class StepEvent extends Event {
    @Label("Event Loop")
    @Nullable
    String eventLoop;

    @Label("Task")
    @Description("The task, or what else ran, such as a callback")
    @Nullable
    String task;
  }

  @Name("asyncio.SlowStep")
  @Label("Slow Step")
  @Description(
      "A step held the event loop too long. Recorded each time the watchdog reports it, and when it"
          + " ends")
  @Category("Asyncio")
  @Enabled(false)
  @StackTrace(false)
  static final class SlowStepEvent extends Event {
    @Label("Event Loop")
    @Nullable
    String eventLoop;

    @Label("Task")
    @Description("The task, or what else ran, such as a callback")
    @Nullable
    String task;

    @Label("Held")
    @Description("How long it has held the event loop, as precisely as the watchdog measures")
    @Timespan(Timespan.NANOSECONDS)
    long held;

    @Label("Ended")
    @Description("Whether the step has ended; false while it is still running")
    boolean ended;

    @Label("Stack")
    @Description("Where the step was when it was last reported, innermost frame first")
    @Nullable
    String stack;
  }
}
