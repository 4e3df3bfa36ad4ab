package asyncio.bench;

import java.util.List;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs one JMH benchmark in one forked JVM. */
final class Jmh {
  static final String OPENS = "--add-opens=java.base/java.lang=ALL-UNNAMED";
  static final List<String> MOUNTED = List.of(OPENS, "-Dasyncio.carrier=mounted");
  static final List<String> PORTABLE = List.of("-Dasyncio.carrier=portable");

  /** For every JVM; the last one keeps the JDK from warning about JMH's own use of Unsafe. */
  private static final List<String> FLAGS =
      List.of("-Xmx4g", "--sun-misc-unsafe-memory-access=allow");

  private final String java;
  private final Effort effort;

  Jmh(String java, Effort effort) {
    this.java = java;
    this.effort = effort;
  }

  Competitor benchmark(String name, List<String> carrier, Class<?> type, String method) {
    return benchmark(name, carrier, type, method, null, 0);
  }

  Competitor benchmark(
      String name,
      List<String> carrier,
      Class<?> type,
      String method,
      String parameter,
      int value) {
    return new Competitor(
        name,
        () -> {
          var options =
              new OptionsBuilder()
                  .include("^" + type.getName().replace(".", "\\.") + "\\." + method + "$")
                  .jvm(java)
                  .jvmArgs(FLAGS.toArray(String[]::new))
                  .jvmArgsAppend(carrier.toArray(String[]::new))
                  .forks(1)
                  .warmupIterations(effort.warmUps())
                  .warmupTime(TimeValue.milliseconds(effort.millis()))
                  .measurementIterations(effort.measurements())
                  .measurementTime(TimeValue.milliseconds(effort.millis()))
                  .shouldFailOnError(true)
                  .verbosity(VerboseMode.SILENT);
          if (parameter != null) {
            options.param(parameter, "" + value);
          }
          return new Runner(options.build()).runSingle().getPrimaryResult().getScore();
        });
  }
}
