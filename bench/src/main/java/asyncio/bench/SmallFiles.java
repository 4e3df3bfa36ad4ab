package asyncio.bench;

import static asyncio.Asyncio.run;

import asyncio.AsyncFiles;
import asyncio.Semaphore;
import asyncio.TaskGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A program of its own: {@code SmallFiles WORK FOLDER SECONDS} reads all files of a folder again and
 * again, and prints the nanoseconds that each takes. The work is {@code whole}, one call for each
 * file; {@code open}, for open, read and close; or {@code blocking}, without this library.
 */
final class SmallFiles {
  /** How many tasks read at a time. */
  private static final int TOGETHER = 50;

  private static final int SIZE = 1000;

  private SmallFiles() {}

  private interface Reading {
    int read(Path path) throws IOException;
  }

  /** Makes a folder with as many files of 1,000 bytes. */
  static void make(Path folder, int count) throws IOException {
    Files.createDirectories(folder);
    byte[] content = new byte[SIZE];
    for (int i = 0; i < count; i++) {
      Files.write(folder.resolve("file" + i), content);
    }
  }

  public static void main(String[] args) throws IOException {
    List<Path> paths;
    try (Stream<Path> listed = Files.list(Path.of(args[1]))) {
      paths = listed.toList();
    }
    double seconds = Double.parseDouble(args[2]);
    if (args[0].equals("blocking")) {
      measure(paths, seconds, () -> {
        for (Path path : paths) {
          check(Files.readAllBytes(path).length);
        }
      });
    } else {
      Reading reading = args[0].equals("whole")
          ? path -> AsyncFiles.readAllBytes(path).length
          : SmallFiles::openAndRead;
      run(() -> measure(paths, seconds, () -> readTogether(paths, reading)));
    }
  }

  private static void readTogether(List<Path> paths, Reading reading) {
    var atOnce = new Semaphore(TOGETHER);
    var group = new TaskGroup();
    group.run(() -> {
      for (Path path : paths) {
        var permit = atOnce.acquire();
        group.createTask(() -> {
          try (permit) {
            check(reading.read(path));
          }
        });
      }
    });
  }

  private static int openAndRead(Path path) throws IOException {
    try (var file = AsyncFiles.open(path)) {
      return file.reader().readAll().length;
    }
  }

  private static void check(int length) {
    if (length != SIZE) {
      throw new IllegalStateException("a file has " + length + " bytes");
    }
  }

  private interface Round {
    void run() throws IOException;
  }

  /** Prints the median of rounds, after half of the time to warm up. */
  private static void measure(List<Path> paths, double seconds, Round round) throws IOException {
    long start = System.nanoTime();
    List<Long> times = new ArrayList<>();
    while (times.isEmpty() || System.nanoTime() - start < seconds * 1e9) {
      long begun = System.nanoTime();
      round.run();
      if (begun - start >= seconds * 0.5e9 || times.isEmpty()) {
        times.add(System.nanoTime() - begun);
      }
    }
    times.sort(null);
    System.out.println((double) times.get(times.size() / 2) / paths.size());
  }
}
