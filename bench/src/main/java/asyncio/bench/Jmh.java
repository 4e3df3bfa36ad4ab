package asyncio.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs one JMH benchmark in one forked JVM. */
final class Jmh {
  static final String OPENS = "--add-opens=java.base/java.lang=ALL-UNNAMED";
  static final List<String> MOUNTED = List.of(OPENS, "-Dasyncio.carrier=mounted");
  static final List<String> PORTABLE = List.of("-Dasyncio.carrier=portable");

  /**
   * For every JVM: the second keeps the JDK from warning about JMH's own use of Unsafe, the third
   * our watchdog from telling that a benchmark prepares its data for long.
   */
  private static final List<String> FLAGS =
      List.of("-Xmx4g", "--sun-misc-unsafe-memory-access=allow", "-Dasyncio.slowStepMillis=30000");

  private final String java;
  private final Effort effort;
  private final Profiler profiler;

  /**
   * Benchmarks in JVMs of {@code java}.
   *
   * @param profiler watches them, unless it is null
   */
  Jmh(String java, Effort effort, Profiler profiler) {
    this.java = java;
    this.effort = effort;
    this.profiler = profiler;
  }

  Competitor benchmark(String name, List<String> carrier, Class<?> type, String method) {
    return benchmark(name, carrier, type, method, Map.of());
  }

  Competitor benchmark(
      String name, List<String> carrier, Class<?> type, String method, Map<String, ?> parameters) {
    return new Competitor(name, () -> {
      List<String> appended = new ArrayList<>(carrier);
      if (profiler != null) {
        appended.addAll(Profiler.FLAGS);
      }
      var options = new OptionsBuilder()
          .include("^" + type.getName().replace(".", "\\.") + "\\." + method + "$")
          .jvm(java)
          .jvmArgs(FLAGS.toArray(String[]::new))
          .jvmArgsAppend(appended.toArray(String[]::new))
          .forks(1)
          .warmupIterations(effort.warmUps())
          .warmupTime(TimeValue.milliseconds(effort.millis()))
          .measurementIterations(effort.measurements())
          .measurementTime(TimeValue.milliseconds(effort.millis()))
          .shouldFailOnError(true)
          .verbosity(VerboseMode.SILENT);
      parameters.forEach((parameter, value) -> options.param(parameter, "" + value));
      if (profiler == null) {
        options.addProfiler(GCProfiler.class);
      } else {
        profiler.watch(options);
      }
      RunResult result = new Runner(options.build()).runSingle();
      if (profiler != null) {
        profiler.keep(name);
      }
      Result<?> bytes = result.getSecondaryResults().get("gc.alloc.rate.norm");
      return new Competitor.Figure(
          result.getPrimaryResult().getScore(), bytes == null ? Double.NaN : bytes.getScore());
    });
  }
}
