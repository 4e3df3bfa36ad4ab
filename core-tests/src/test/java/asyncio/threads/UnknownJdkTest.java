package asyncio.threads;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.Event;
import asyncio.internal.carrier.HandOvers;
import asyncio.support.Only;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.ConstantInstruction;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * On a JDK that has something less than this one to tell of its threads and locks, a contended lock
 * still holds the loop, and no task waits for ever.
 */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UnknownJdkTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "nothing that is asked for",
        "java.lang.VirtualThread",
        "implAddOpens",
        "UNBLOCKED",
        "state",
        "timeoutTask",
        "scheduler",
        "exclusiveOwnerThread",
        "firstReader",
        "this$0",
        "jdk.internal.vm.ThreadSnapshot",
        "blockedOn",
        "lockObject"
      })
  void whereAMemberIsMissingTheLoopStillWaitsWithAStepAndGoesOn(String member) throws Exception {
    Only.mounted("on the portable carrier nothing is asked");
    Class<?> anew = new Without(member).loadClass(Scenarios.class.getName());
    Object scenarios = anew.getDeclaredConstructor().newInstance();
    assertEquals(
        List.of(
            "the lock, others", "the monitor, others", "owner, caller", "owner, caller", "0, 1, 2"),
        ((Supplier<?>) scenarios).get());
  }

  /** Loads the library anew, which finds no member of the JDK of one name. */
  private static final class Without extends ClassLoader {
    private static final String ASKS = "asyncio.internal.carrier.Contention$Jdk";

    private final String member;

    Without(String member) {
      super(UnknownJdkTest.class.getClassLoader());
      this.member = member;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("asyncio.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        return known != null ? known : define(name);
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        if (name.equals(ASKS)) {
          bytes = withoutMember(bytes);
        }
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }

    private byte[] withoutMember(byte[] bytes) {
      var file = ClassFile.of();
      return file.transformClass(
          file.parse(bytes), ClassTransform.transformingMethodBodies((code, element) -> {
            if (element instanceof ConstantInstruction constant
                && constant.constantValue().equals(member)) {
              code.loadConstant(member + "OfAnotherJdk");
            } else {
              code.with(element);
            }
          }));
    }
  }

  /** What a program sees. */
  public static final class Scenarios implements Supplier<List<String>> {
    private final List<String> seen = new ArrayList<>();

    /** Made by {@link Without}. */
    public Scenarios() {}

    @Override
    public List<String> get() {
      var lock = new ReentrantLock();
      var monitor = new Object();
      run(() -> {
        aThreadHas("the lock", keep -> {
          lock.lock();
          keep.run();
          lock.unlock();
        });
        aThreadHas("the monitor", keep -> {
          synchronized (monitor) {
            keep.run();
          }
        });
        // Where nobody knows who has a lock, that is how long it takes.
        HandOvers.limitNanos(10_000_000);
        aCoroutineHas(keep -> {
          lock.lock();
          keep.run();
          lock.unlock();
        });
        aCoroutineHas(keep -> {
          synchronized (monitor) {
            keep.run();
          }
        });
        betweenTwoCoroutines();
      });
      return seen;
    }

    /** Takes a lock, does something and releases it. */
    private interface Locked {
      void run(Runnable body);
    }

    private void aThreadHas(String name, Locked locked) {
      List<String> order = new ArrayList<>();
      BooleanSupplier holding = HandOvers.isHolding();
      var held = new CountDownLatch(1);
      Thread.ofPlatform()
          .daemon()
          .start(() -> locked.run(() -> {
            held.countDown();
            // Let go earlier, a monitor leaves no trace on such a JDK.
            long end = System.nanoTime() + 10_000_000_000L;
            while (!holding.getAsBoolean() && System.nanoTime() < end) {
              Thread.onSpinWait();
            }
          }));
      while (held.getCount() > 0) {
        Thread.onSpinWait();
      }
      var others = createTask(() -> order.add("others"));
      locked.run(() -> order.add(name));
      others.await();
      seen.add(String.join(", ", order));
    }

    private void aCoroutineHas(Locked locked) {
      List<String> order = new ArrayList<>();
      var goOn = new Event();
      var owner = createTask(() -> locked.run(() -> {
        goOn.await();
        order.add("owner");
      }));
      yieldNow();
      goOn.set();
      locked.run(() -> order.add("caller"));
      owner.await();
      seen.add(String.join(", ", order));
    }

    private void betweenTwoCoroutines() {
      var queue = new ArrayBlockingQueue<Integer>(1);
      List<String> taken = new ArrayList<>();
      var producer = createTask(() -> {
        for (int i = 0; i < 3; i++) {
          queue.put(i);
        }
      });
      for (int i = 0; i < 3; i++) {
        taken.add(String.valueOf(createTask(() -> queue.take()).await()));
      }
      producer.await();
      seen.add(String.join(", ", taken));
    }
  }
}
