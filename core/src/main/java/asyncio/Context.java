package asyncio;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.FiberContext;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.Headroom;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.LinkedHashSet;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The values of {@link ContextVar}s for one task, callback or thread.
 *
 * <p>Each task or callback gets a copy of its creator's context, unless it is given one. A thread
 * that is not a coroutine has its own context, initially empty; so does a virtual thread that other
 * code starts inside a coroutine.
 *
 * <p>Several tasks of one loop may share a context, because they run one step at a time; several
 * threads must not use it at once. Reading is safe from any thread.
 */
public final class Context extends FiberContext {
  private static final VarHandle OWNER;

  static {
    try {
      OWNER = MethodHandles.lookup().findVarHandle(Context.class, "owner", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Of threads that are not coroutines. */
  private static final ThreadLocal<@Nullable Context> THREADS = new ThreadLocal<>();

  /**
   * Whether a variable was ever set, so that programs without variables pay next to nothing. Plain:
   * whoever sees a value through other synchronization sees this too.
   */
  private static boolean used;

  /** Read by any thread; written by whoever is inside the context. */
  private volatile ContextValues values;

  /** The coroutine or thread that is inside {@link #run}, or null. */
  @SuppressWarnings("unused") // through OWNER
  private @Nullable Object owner;

  /** The context in which the owner called {@link #run}. */
  private @Nullable Context outer;

  /** Creates an empty context. */
  public Context() {
    this(ContextValues.EMPTY);
  }

  private Context(ContextValues values) {
    this.values = values;
  }

  // ---- the current one: any thread ----

  /**
   * The context the caller is in; null if it is empty and nobody has asked for it, as for a
   * coroutine that uses no variables. Found through the running coroutine: nothing is swapped when
   * coroutines switch.
   */
  static @Nullable Context current() {
    Fiber fiber = runningFiber();
    return fiber != null ? of(fiber.context()) : THREADS.get();
  }

  /** The context the caller is in, created if there is none. */
  static Context currentMade() {
    Context context = current();
    if (context == null) {
      context = new Context();
      become(context);
    }
    return context;
  }

  /** A copy of the current context for something created now; null if the current one is empty. */
  static @Nullable Context inherited() {
    if (!used) {
      return null;
    }
    Context context = current();
    return context == null || context.values.isEmpty() ? null : context.copy();
  }

  private static void become(Context context) {
    Fiber fiber = runningFiber();
    if (fiber != null) {
      fiber.setContext(context);
    } else {
      THREADS.set(context);
    }
  }

  private static @Nullable Fiber runningFiber() {
    Scheduler scheduler = Current.scheduler();
    return scheduler == null ? null : scheduler.currentFiber();
  }

  /** Casts the context a coroutine carries. */
  static @Nullable Context of(@Nullable FiberContext carried) {
    return (Context) carried;
  }

  /** The context that a task has outside any {@link #run}. Loop only. */
  static Context of(Fiber fiber) {
    Context context = of(fiber.context());
    if (context == null) {
      context = new Context();
      fiber.setContext(context);
    }
    while (context.owner == fiber && context.outer != null) {
      context = context.outer;
    }
    return context;
  }

  /**
   * Runs a body with {@code context} as its thread's context. For a coroutine that gave up its
   * place in the loop: its context can't be found through the loop meanwhile.
   */
  static <T extends @Nullable Object, X extends Exception> T beside(
      Context context, Coroutine<T, X> body) throws X {
    THREADS.set(context);
    try {
      return body.run();
    } finally {
      THREADS.remove();
    }
  }

  // ---- running ----

  /**
   * Runs {@code body} in this context, in the calling task or thread: what it sets stays in this
   * context.
   *
   * <p><i>Waits</i>: as the body does; the task stays in this context while it waits, and other
   * tasks are not affected.
   *
   * <p><i>If cancelled</i>: as the body.
   *
   * <p><i>Thread</i>: any.
   *
   * @throws IllegalStateException if this context is already entered
   */
  public <T extends @Nullable Object, X extends Exception> T run(Coroutine<T, X> body) throws X {
    Context before = enter();
    try {
      return body.run();
    } finally {
      outer = null;
      OWNER.setRelease(this, (Object) null);
      become(before);
    }
  }

  /** As {@link #run(Coroutine)}, for a body without a result. */
  public <X extends Exception> void run(Action<X> body) throws X {
    this.<@Nullable Void, X>run(() -> {
      body.run();
      return null;
    });
  }

  private Context enter() {
    Headroom.ensure(
        Headroom.CHANGE, 1); // may be any thread, so there is no loop whose counter could be used
    Context before = currentMade();
    Fiber fiber = runningFiber();
    Object self = fiber != null ? fiber : Thread.currentThread();
    if (standsIn(before, self) || !OWNER.compareAndSet(this, (Object) null, self)) {
      Object who = owner;
      throw new IllegalStateException("This context is already entered"
          + (who == null || who == self ? ", by the caller itself" : ", by " + describe(who))
          + ": only one body can run in a context at a time. Run this one in a copy:"
          + " context.copy().run(() -> …).");
    }
    outer = before;
    become(this);
    return before;
  }

  private boolean standsIn(Context current, Object self) {
    Context context = current;
    while (context != this && context.owner == self && context.outer != null) {
      context = context.outer;
    }
    return context == this;
  }

  private static String describe(Object owner) {
    return owner instanceof Fiber fiber ? fiber.describe() : String.valueOf(owner);
  }

  // ---- reading: any thread ----

  /** Returns a context with the same values; later changes to one are not seen in the other. */
  public Context copy() {
    return new Context(values);
  }

  /**
   * Returns the value of a variable in this context; its default value does not count.
   *
   * @throws NoSuchElementException if none is set
   */
  public <T extends @Nullable Object> T get(ContextVar<T> variable) {
    Object value = value(variable);
    if (value == ContextValues.ABSENT) {
      throw new NoSuchElementException(variable
          + " is not set in this context: check contains() first, or call get(variable,"
          + " other).");
    }
    return variable.cast(value);
  }

  /** Returns the value of a variable in this context, otherwise {@code fallback}. */
  public <T extends @Nullable Object> T get(ContextVar<T> variable, T fallback) {
    Object value = value(variable);
    return value == ContextValues.ABSENT ? fallback : variable.cast(value);
  }

  /** Returns whether a value of the variable is set in this context. */
  public boolean contains(ContextVar<?> variable) {
    return value(variable) != ContextValues.ABSENT;
  }

  /** Returns how many variables are set. */
  public int size() {
    return values.size();
  }

  /** Returns the variables that are set, in no particular order. */
  public Set<ContextVar<?>> variables() {
    return new LinkedHashSet<>(values.variables());
  }

  @Nullable
  Object value(ContextVar<?> variable) {
    return values.get(variable);
  }

  /**
   * Sets a variable, or unsets it for {@link ContextValues#ABSENT}. Must be called from inside the
   * context.
   */
  void put(ContextVar<?> variable, @Nullable Object value) {
    if (value == ContextValues.ABSENT) {
      values = values.without(variable);
    } else {
      values = values.with(variable, value);
      used = true;
    }
  }

  @Override
  public String toString() {
    var text = new StringBuilder("Context[");
    String separator = "";
    for (ContextVar<?> variable : values.variables()) {
      text.append(separator).append(variable.name()).append('=').append(value(variable));
      separator = ", ";
    }
    return text.append(']').toString();
  }
}
