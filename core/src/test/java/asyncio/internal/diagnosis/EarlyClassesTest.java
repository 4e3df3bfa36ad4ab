package asyncio.internal.diagnosis;

import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class EarlyClassesTest {
  /**
   * They exist for one option or need a module that may be missing, run at a start or an end, or on
   * a thread whose stack is nearly empty: the loop's own, or a helper.
   */
  private static final List<String> OTHERS = List.of(
      "asyncio.internal.exit.DumpSignal",
      "asyncio.internal.exit.Signals",
      "asyncio.internal.file.Entries",
      "asyncio.internal.file.Replacement",
      "asyncio.internal.file.WatchHub",
      "asyncio.internal.carrier.Contention",
      "asyncio.internal.carrier.Contention$1",
      "asyncio.internal.carrier.Contention$Jdk",
      "asyncio.internal.diagnosis.EarlyClasses",
      "asyncio.internal.carrier.Hold",
      "asyncio.internal.carrier.Hold$HandOver",
      "asyncio.internal.diagnosis.JfrRecorder$Types",
      "asyncio.internal.log.RecordWriter",
      "asyncio.internal.tls.Der",
      "asyncio.internal.tls.Flights",
      "asyncio.internal.tls.Flights$1",
      "asyncio.internal.tls.Pem");

  @Test
  void allClassesWithAnInitialiserAreListed() throws Exception {
    Path classes = Path.of(
        Scheduler.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    var found = new TreeSet<String>();
    try (var files = Files.walk(classes)) {
      files.filter(file -> file.toString().endsWith(".class")).forEach(file -> add(found, file));
    }
    var listed = new TreeSet<>(EarlyClasses.NAMES);
    listed.addAll(OTHERS);
    assertEquals(listed, found);
  }

  private static void add(TreeSet<String> found, Path file) {
    try {
      var model = ClassFile.of().parse(file);
      if (model.methods().stream().anyMatch(one -> one.methodName().equalsString("<clinit>"))) {
        found.add(model.thisClass().asInternalName().replace('/', '.'));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
