package asyncio.internal.carrier;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.locks.AbstractOwnableSynchronizer;
import java.util.concurrent.locks.AbstractQueuedLongSynchronizer;
import java.util.concurrent.locks.AbstractQueuedSynchronizer;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * What the JDK reveals about a parked virtual thread: which lock it waits for, and who owns that
 * lock. For the loop that carries the thread, between two of its steps.
 *
 * <p>Much of this is internal to the JDK. Each piece is looked up separately, at the first
 * contended park of the process; if one is missing, the question that needs it is answered with
 * "not known", and {@link Hold} does without. Nothing here throws anything but Errors.
 */
public final class Contention {
  /** Stands for the monitor at which a thread is blocked; only a snapshot tells which one it is. */
  static final Object MONITOR = new Object();

  /** Where a thread is blocked, according to a snapshot. */
  record Blocked(Object monitor, boolean afterWait) {}

  private Contention() {}

  // ---- by public API ----

  /**
   * Returns the lock that {@code parked} waits for without a time limit: {@link #MONITOR} for a
   * monitor, or the blocker of its park; null if it waits for something else.
   */
  static @Nullable Object lockOf(Thread parked) {
    return switch (parked.getState()) {
      case BLOCKED -> MONITOR;
      case WAITING -> asLock(LockSupport.getBlocker(parked));
      case RUNNABLE -> lockOfRunnable(parked);
      default -> null;
    };
  }

  /** Handles a thread that can already continue, or has yielded. */
  private static @Nullable Object lockOfRunnable(Thread parked) {
    if (Jdk.isTimed(parked)) {
      return null;
    }
    if (Jdk.hasStates()) {
      return Jdk.isUnblocked(parked)
          ? MONITOR
          : Jdk.isUnparked(parked) ? asLock(LockSupport.getBlocker(parked)) : null;
    }
    return asLock(LockSupport.getBlocker(parked));
  }

  private static @Nullable Object asLock(@Nullable Object blocker) {
    if (blocker instanceof AbstractOwnableSynchronizer sync) {
      // Semaphores, latches and the like are never owned; a lock may just be free at the moment.
      return isLockOfTheJdk(sync) || Jdk.ownerOf(sync) != null ? sync : null;
    }
    return blocker instanceof StampedLock ? blocker : null;
  }

  private static boolean isLockOfTheJdk(AbstractOwnableSynchronizer sync) {
    Class<?> host = sync.getClass().getNestHost();
    return host == ReentrantLock.class || host == ReentrantReadWriteLock.class;
  }

  /** Whether a thread waits for {@code lock}, or for one of its conditions. */
  static boolean waitsFor(Thread parked, Object lock) {
    Object blocker = LockSupport.getBlocker(parked);
    if (blocker == lock) {
      return true;
    }
    if (blocker instanceof AbstractQueuedSynchronizer.ConditionObject
        || blocker instanceof AbstractQueuedLongSynchronizer.ConditionObject) {
      Object of = Jdk.lockOfCondition(blocker);
      return of == null || of == lock;
    }
    return false;
  }

  /**
   * Whether a thread that waits for a lock does so at the end of Object.wait or Condition.await, to
   * reacquire it.
   */
  static boolean isAfterWait(Thread parked) {
    for (StackTraceElement frame : parked.getStackTrace()) {
      String type = frame.getClassName();
      if (type.equals("java.lang.Object") && frame.getMethodName().startsWith("wait")) {
        return true;
      }
      if (!type.startsWith("java.util.concurrent.locks.")
          && !type.startsWith("java.lang.")
          && !type.startsWith("jdk.internal.")) {
        return false;
      }
      if (type.endsWith("$ConditionObject")) {
        return true;
      }
    }
    return false;
  }

  // ---- by internals of the JDK ----

  /** Whether a parked thread can continue; true if that is not known. */
  static boolean mayRun(Thread parked) {
    return !Jdk.hasStates() || Jdk.isRunnable(parked);
  }

  /** Whether a thread that was blocked at some monitor, or in Object.wait, can continue. */
  static boolean wasUnblocked(Thread parked) {
    return Jdk.hasStates()
        ? Jdk.isUnblocked(parked)
        : parked.getState() == Thread.State.RUNNABLE && LockSupport.getBlocker(parked) == null;
  }

  /** Returns the owner of a lock; null if it has none or that is not known. */
  static @Nullable Thread ownerOf(Object lock) {
    return lock instanceof AbstractOwnableSynchronizer sync ? Jdk.ownerOf(sync) : null;
  }

  /** Returns the first holder of a read lock; null if it has none or that is not known. */
  static @Nullable Thread firstReaderOf(Object lock) {
    return Jdk.firstReaderOf(lock);
  }

  /**
   * Returns the id of the thread that acquired a read lock last and still holds it; -1 if there is
   * none or that is not known.
   */
  static long lastReaderOf(Object lock) {
    return Jdk.lastReaderOf(lock);
  }

  /** Returns the scheduler of a virtual thread; null if that is not known. */
  static @Nullable Executor schedulerOf(Thread thread) {
    return Jdk.schedulerOf(thread);
  }

  /** Returns the thread of a continuation; null if that is not known. */
  static @Nullable Thread threadOf(Runnable continuation) {
    return Jdk.threadOf(continuation);
  }

  /** Returns where a thread is blocked; null if it is not or that is not known. */
  static @Nullable Blocked blockedAt(Thread parked) {
    return Jdk.blockedAt(parked);
  }

  /** Whether a thread owns a monitor, as far as is known. */
  public static boolean hasMonitor(Thread thread, Object monitor) {
    return Jdk.hasMonitor(thread, monitor);
  }

  /**
   * Members of the JDK's classes, null if missing. A nested class, so that they are resolved late.
   */
  private static final class Jdk {
    private static final String LOCKS = "java.util.concurrent.locks";

    private static final MethodHandles.Lookup SELF = MethodHandles.lookup();
    private static final @Nullable Class<?> VIRTUAL_THREAD = type("java.lang.VirtualThread");
    private static final @Nullable Method OPEN = opener();

    private static final int UNPARKED = constant("UNPARKED");
    private static final int UNBLOCKED = constant("UNBLOCKED");
    private static final int YIELDED = constant("YIELDED");
    private static final int SUSPENDED = constant("SUSPENDED");

    /** Also null if one of the states that it may have is missing. */
    private static final @Nullable VarHandle STATE =
        UNPARKED < 0 || UNBLOCKED < 0 || YIELDED < 0 || SUSPENDED < 0
            ? null
            : field(VIRTUAL_THREAD, "state", int.class);

    private static final @Nullable VarHandle TIMER =
        field(VIRTUAL_THREAD, "timeoutTask", Future.class);
    private static final @Nullable VarHandle SCHEDULER =
        field(VIRTUAL_THREAD, "scheduler", Executor.class);

    private static final @Nullable VarHandle OWNER =
        opened(LOCKS, AbstractOwnableSynchronizer.class, "exclusiveOwnerThread", Thread.class);
    private static final @Nullable Class<?> READ_WRITE =
        type(LOCKS + ".ReentrantReadWriteLock$Sync");
    private static final @Nullable Class<?> READER =
        type(LOCKS + ".ReentrantReadWriteLock$Sync$HoldCounter");
    private static final @Nullable VarHandle FIRST_READER =
        opened(LOCKS, READ_WRITE, "firstReader", Thread.class);
    private static final @Nullable VarHandle LAST_READER =
        opened(LOCKS, READ_WRITE, "cachedHoldCounter", READER);
    private static final @Nullable VarHandle READER_ID = opened(LOCKS, READER, "tid", long.class);
    private static final @Nullable VarHandle READER_COUNT =
        opened(LOCKS, READER, "count", int.class);
    private static final @Nullable VarHandle LOCK_OF_CONDITION = opened(
        LOCKS,
        AbstractQueuedSynchronizer.ConditionObject.class,
        "this$0",
        AbstractQueuedSynchronizer.class);

    private static final String VM = "jdk.internal.vm";
    private static final @Nullable Class<?> SNAPSHOT = type(VM + ".ThreadSnapshot");
    private static final @Nullable Class<?> OWNED = type(VM + ".ThreadSnapshot$ThreadLock");
    private static final @Nullable VarHandle OWNED_ALL =
        opened(VM, SNAPSHOT, "locks", OWNED == null ? null : OWNED.arrayType());
    private static final @Nullable VarHandle STACK =
        opened(VM, SNAPSHOT, "stackTrace", StackTraceElement[].class);
    private static final @Nullable MethodHandle TAKE =
        method(SNAPSHOT, "of", true, SNAPSHOT, Thread.class);
    private static final @Nullable MethodHandle BLOCKED_ON =
        method(SNAPSHOT, "blockedOn", false, Object.class);
    private static final @Nullable MethodHandle OWNED_ONE =
        method(OWNED, "lockObject", false, Object.class);

    /** What the JDK's continuation of a virtual thread captures, once one has been seen. */
    private static volatile @Nullable Field captured;

    private static volatile boolean capturedIsMissing;

    // ---- the questions ----

    static boolean hasStates() {
      return STATE != null;
    }

    private static int state(Thread thread) {
      try {
        return STATE == null ? -1 : (int) STATE.getVolatile(thread) & ~SUSPENDED;
      } catch (Throwable noVirtualThread) {
        return -1;
      }
    }

    static boolean isUnblocked(Thread thread) {
      return state(thread) == UNBLOCKED;
    }

    static boolean isUnparked(Thread thread) {
      return state(thread) == UNPARKED;
    }

    static boolean isRunnable(Thread thread) {
      int state = state(thread);
      return state == UNBLOCKED || state == UNPARKED || state == YIELDED;
    }

    /** For a thread that the current thread has carried and that is not running. */
    static boolean isTimed(Thread thread) {
      try {
        return TIMER != null && TIMER.get(thread) != null;
      } catch (Throwable noVirtualThread) {
        return false;
      }
    }

    static @Nullable Executor schedulerOf(Thread thread) {
      try {
        return SCHEDULER == null ? null : (Executor) SCHEDULER.get(thread);
      } catch (Throwable noVirtualThread) {
        return null;
      }
    }

    static @Nullable Thread ownerOf(AbstractOwnableSynchronizer sync) {
      try {
        return OWNER == null ? null : (Thread) OWNER.getOpaque(sync);
      } catch (Throwable failure) {
        return null;
      }
    }

    static @Nullable Thread firstReaderOf(Object lock) {
      try {
        return FIRST_READER == null || READ_WRITE == null || !READ_WRITE.isInstance(lock)
            ? null
            : (Thread) FIRST_READER.getOpaque(lock);
      } catch (Throwable failure) {
        return null;
      }
    }

    static long lastReaderOf(Object lock) {
      try {
        if (LAST_READER == null
            || READER_ID == null
            || READER_COUNT == null
            || READ_WRITE == null
            || !READ_WRITE.isInstance(lock)) {
          return -1;
        }
        Object reader = LAST_READER.getOpaque(lock);
        return reader == null || (int) READER_COUNT.getOpaque(reader) == 0
            ? -1
            : (long) READER_ID.getOpaque(reader);
      } catch (Throwable failure) {
        return -1;
      }
    }

    static @Nullable Object lockOfCondition(Object condition) {
      try {
        return LOCK_OF_CONDITION == null ? null : LOCK_OF_CONDITION.get(condition);
      } catch (Throwable ofAnotherKind) {
        return null;
      }
    }

    static @Nullable Thread threadOf(Runnable continuation) {
      try {
        Field field = captured;
        if (field == null || field.getDeclaringClass() != continuation.getClass()) {
          if (capturedIsMissing) {
            return null;
          }
          // Several loops may look at the same time; they find the same.
          field = continuation.getClass().getDeclaredFields()[0];
          if (!field.trySetAccessible()) {
            capturedIsMissing = true;
            return null;
          }
          captured = field;
        }
        return field.get(continuation) instanceof Thread thread ? thread : null;
      } catch (ReflectiveOperationException | RuntimeException missing) {
        capturedIsMissing = true;
        return null;
      } catch (Throwable noMemory) {
        return null;
      }
    }

    static @Nullable Blocked blockedAt(Thread thread) {
      try {
        if (TAKE == null || BLOCKED_ON == null || STACK == null) {
          return null;
        }
        Object snapshot = TAKE.invoke(thread);
        Object monitor = snapshot == null ? null : BLOCKED_ON.invoke(snapshot);
        if (monitor == null) {
          return null;
        }
        StackTraceElement[] stack = (StackTraceElement[]) STACK.get(snapshot);
        boolean afterWait = stack.length > 0
            && stack[0].getClassName().equals("java.lang.Object")
            && stack[0].getMethodName().startsWith("wait");
        return new Blocked(monitor, afterWait);
      } catch (Throwable notBlockedAnyMore) {
        return null;
      }
    }

    static boolean hasMonitor(Thread thread, Object monitor) {
      try {
        if (TAKE == null || OWNED_ALL == null || OWNED_ONE == null) {
          return false;
        }
        Object snapshot = TAKE.invoke(thread);
        Object owned = snapshot == null ? null : OWNED_ALL.get(snapshot);
        int count = owned == null ? 0 : Array.getLength(owned);
        for (int i = 0; i < count; i++) {
          if (OWNED_ONE.invoke(Array.get(owned, i)) == monitor) {
            return true;
          }
        }
        return false;
      } catch (Throwable notNow) {
        return false;
      }
    }

    // ---- the members ----

    private static @Nullable Class<?> type(String name) {
      try {
        return Class.forName(name, false, null);
      } catch (ReflectiveOperationException | LinkageError missing) {
        return null;
      }
    }

    /** With it, an open java.lang opens all packages of java.base. */
    private static @Nullable Method opener() {
      try {
        Method open = Module.class.getDeclaredMethod("implAddOpens", String.class, Module.class);
        return open.trySetAccessible() ? open : null;
      } catch (ReflectiveOperationException | RuntimeException missing) {
        return null;
      }
    }

    private static boolean open(String name) {
      try {
        if (OPEN == null) {
          return false;
        }
        OPEN.invoke(Object.class.getModule(), name, Contention.class.getModule());
        return true;
      } catch (ReflectiveOperationException | RuntimeException refused) {
        return false;
      }
    }

    private static int constant(String name) {
      try {
        return VIRTUAL_THREAD == null
            ? -1
            : (int) MethodHandles.privateLookupIn(VIRTUAL_THREAD, SELF)
                .findStaticVarHandle(VIRTUAL_THREAD, name, int.class)
                .get();
      } catch (ReflectiveOperationException | RuntimeException missing) {
        return -1;
      }
    }

    private static @Nullable VarHandle field(
        @Nullable Class<?> owner, String name, @Nullable Class<?> type) {
      try {
        return owner == null || type == null
            ? null
            : MethodHandles.privateLookupIn(owner, SELF).findVarHandle(owner, name, type);
      } catch (ReflectiveOperationException | RuntimeException missing) {
        return null;
      }
    }

    private static @Nullable VarHandle opened(
        String packageName, @Nullable Class<?> owner, String name, @Nullable Class<?> type) {
      return open(packageName) ? field(owner, name, type) : null;
    }

    private static @Nullable MethodHandle method(
        @Nullable Class<?> owner,
        String name,
        boolean isStatic,
        @Nullable Class<?> result,
        Class<?>... parameters) {
      try {
        if (owner == null || result == null || !open(VM)) {
          return null;
        }
        MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(owner, SELF);
        MethodType type = MethodType.methodType(result, parameters);
        MethodHandle found =
            isStatic ? lookup.findStatic(owner, name, type) : lookup.findVirtual(owner, name, type);
        return found.asType(found.type().generic());
      } catch (ReflectiveOperationException | RuntimeException missing) {
        return null;
      }
    }
  }
}
