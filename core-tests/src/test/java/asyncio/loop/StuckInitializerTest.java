package asyncio.loop;

import static asyncio.Asyncio.run;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;

import asyncio.support.ChildJvm;
import org.junit.jupiter.api.Test;

class StuckInitializerTest {
  @Test
  void aRunInAnInitialiserThatItsOwnLambdaNeedsIsRefusedWithTheUsersFrame() throws Exception {
    try (var child = new ChildJvm(Stuck.class)) {
      child.assertExitCode(1);
      String output = child.output();
      assertContains(
          output,
          "ExceptionInInitializerError",
          "run(), called in the static initialiser of " + Stuck.class.getName(),
          "Stuck.<clinit>(StuckInitializerTest.java:");
    }
  }

  @Test
  void whereTheCodeStandsInAnotherClassItRuns() throws Exception {
    try (var child = new ChildJvm(Fine.class)) {
      child.awaitLine("config");
      child.assertExitCode(0);
    }
  }

  @Test
  void whereItsCodeMayJustComputeARecordSaysWhatItMayBe() throws Exception {
    try (var child = new ChildJvm(StuckFurtherIn.class)) {
      child.awaitLineWith("both wait for ever: other threads can't use it");
    }
  }

  static final class Stuck {
    static final String CONFIG = run(() -> {
      yieldNow();
      return "config";
    });

    private Stuck() {}

    public static void main(String[] arguments) {
      System.out.println(CONFIG);
    }
  }

  static final class Fine {
    static final String CONFIG = run(Elsewhere::config);

    private Fine() {}

    public static void main(String[] arguments) {
      System.out.println(CONFIG);
    }
  }

  static final class Elsewhere {
    private Elsewhere() {}

    static String config() {
      yieldNow();
      return "config";
    }
  }

  static final class StuckFurtherIn {
    static final String CONFIG = run(NeedsIt::config);

    private StuckFurtherIn() {}

    public static void main(String[] arguments) {
      System.out.println(CONFIG);
    }
  }

  static final class NeedsIt {
    private NeedsIt() {}

    static String config() {
      return "not " + StuckFurtherIn.CONFIG;
    }
  }
}
