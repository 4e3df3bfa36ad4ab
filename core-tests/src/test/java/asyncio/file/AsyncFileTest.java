package asyncio.file;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Waiting.failureOf;
import static asyncio.support.Waiting.started;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.AsyncFile;
import asyncio.AsyncFiles;
import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.LeakCheck;
import asyncio.LeakException;
import asyncio.LimitOverrunException;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Task;
import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Open files: as streams, and at places. */
class AsyncFileTest {
  @TempDir
  Path folder;

  private Path path() {
    return folder.resolve("file");
  }

  private static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, UTF_8);
  }

  // ---- as a stream ----

  @Test
  void whatIsWrittenIsRead() throws Exception {
    byte[] much = noise(3_000_000);
    run(() -> {
      try (var file = AsyncFiles.create(path())) {
        file.writer().send("text\n");
        file.writer().send(much);
        file.writer().send(ByteBuffer.allocateDirect(much.length).put(much).flip());
        file.writer().write("end");
      }
      assertEquals(5 + 2L * much.length + 3, Files.size(path()));
      try (var file = AsyncFiles.open(path())) {
        assertEquals("text", file.reader().readLine());
        assertArrayEquals(much, file.reader().readExactly(much.length));
        var into = ByteBuffer.allocateDirect(much.length);
        while (into.hasRemaining()) {
          file.reader().read(into);
        }
        byte[] read = new byte[much.length];
        into.flip().get(read);
        assertArrayEquals(much, read);
        assertEquals("end", text(file.reader().readAll()));
        assertEquals(0, file.reader().read(10).length);
        assertTrue(file.reader().atEof());
      }
    });
  }

  @Test
  void linesComeFromAnOpenFile() throws Exception {
    Files.writeString(path(), "one\ntwo\r\nthree");
    run(() -> {
      try (var file = AsyncFiles.open(path())) {
        List<String> lines = new ArrayList<>();
        file.lines().forEach(lines::add);
        assertEquals(List.of("one", "two", "three"), lines);
        assertSame(file.reader(), file.reader());
      }
    });
  }

  @Test
  void theEndIsNotFinal() throws Exception {
    Files.writeString(path(), "one\n");
    run(() -> {
      try (var file = AsyncFiles.open(path())) {
        assertEquals("one\n", text(file.reader().readAll()));
        assertTrue(file.reader().atEof());
        Files.writeString(path(), "two\nthr", APPEND);
        assertEquals("two", file.reader().readLine());
        assertEquals("thr", file.reader().readLine());
        assertNull(file.reader().readLine());
        Files.writeString(path(), "ee\n", APPEND);
        assertEquals("ee", file.reader().readLine());
      }
    });
  }

  /** All of a small file comes in one call, which sees its end as well; that too is not final. */
  @Test
  void aFileGrowsBetweenTwoReadsOfOneStep() throws Exception {
    Files.writeString(path(), "one\n");
    run(() -> {
      try (var file = AsyncFiles.open(path())) {
        assertEquals("one", file.reader().readLine());
        Files.writeString(path(), "two\n", APPEND);
        assertEquals("two", file.reader().readLine());
        Files.writeString(path(), "three\n", APPEND);
        assertEquals("three\n", text(file.reader().readAll()));
        Files.writeString(path(), "four\n", APPEND);
        assertEquals("four\n", text(file.reader().readAll()));
        assertEquals("", text(file.reader().readAll()));
        file.seek(4);
        assertEquals("two\nthree\nfour\n", text(file.reader().readAll()));
      }
    });
  }

  @Test
  void aFileGrowsWhileItsEndIsReadAhead() throws Exception {
    byte[] much = "line\n".repeat(1000).getBytes(UTF_8);
    Files.write(path(), much);
    run(() -> {
      try (var file = AsyncFiles.open(path())) {
        var reader = file.reader(1024);
        assertEquals("line", reader.readLine());
        Files.writeString(path(), "more\n", APPEND);
        assertEquals(
            "line\n".repeat(999) + "more\n", text(reader.readAll()), "also what came meanwhile");
      }
    });
  }

  @Test
  void aReadThatIsCancelledLosesNothing() throws Exception {
    byte[] much = noise(1_000_000);
    Files.write(path(), much);
    run(() -> {
      try (var file = AsyncFiles.open(path())) {
        assertArrayEquals(Arrays.copyOf(much, 100), file.reader().readExactly(100));
        Task<byte[]> reading;
        try (var _ = FilePool.busy()) {
          reading = started(createTask(() -> file.reader().readExactly(999_900)));
          assertThrows(IllegalStateException.class, () -> file.reader().read(1));
          reading.cancel();
          assertThrows(CancelledError.class, reading::await);
        }
        assertArrayEquals(
            Arrays.copyOfRange(much, 100, 1_000_000), file.reader().readAll());
      }
    });
  }

  @Test
  void aLineOverTheLimitIsAnErrorAndStays() throws Exception {
    Files.writeString(path(), "x".repeat(200_000) + "\nnext\n");
    run(() -> {
      try (var file = AsyncFiles.open(path())) {
        assertEquals(200_000, file.reader().readLine().length()); // more than of a peer
      }
      try (var file = AsyncFiles.open(path())) {
        assertContains(
            assertThrows(LimitOverrunException.class, () -> file.reader(1000).readLine())
                .getMessage(),
            "The file " + path(),
            "the stream's limit is 1000");
        assertEquals(200_001, file.reader().readExactly(200_001).length);
        assertEquals("next", file.reader(1000).readLine());
        assertContains(
            assertThrows(IllegalStateException.class, () -> file.reader(2000)).getMessage(),
            "limit 1000");
        assertThrows(IllegalArgumentException.class, () -> file.reader(0));
      }
    });
  }

  @Test
  void appendingGoesToTheEnd() throws Exception {
    Files.writeString(path(), "one");
    run(() -> {
      try (var file = AsyncFiles.append(path())) {
        file.writer().send("two");
        file.writer().flush();
        Files.writeString(path(), "else", APPEND);
        file.writer().send("three");
        assertEquals(15, file.size());
        assertContains(
            assertThrows(IllegalStateException.class, () -> file.write(bytes("x"), 0))
                .getMessage(),
            "opened for appending");
        assertThrows(IllegalStateException.class, file::reader);
      }
      assertEquals("onetwoelsethree", Files.readString(path()));
    });
  }

  @Test
  void aFileIsCopied() throws Exception {
    byte[] much = noise(2_000_000);
    Files.write(path(), much);
    run(() -> {
      Path target = folder.resolve("copy");
      try (var from = AsyncFiles.open(path());
          var to = AsyncFiles.create(target)) {
        assertEquals(much.length, from.reader().transferTo(to.writer()));
        assertEquals(1000, from.transferTo(much.length - 1000, 5000, to.writer()));
      }
      assertEquals(much.length + 1000, Files.size(target));
    });
  }

  @Test
  void createEmptiesWhatIsThere() throws Exception {
    Files.writeString(path(), "old and long");
    run(() -> {
      AsyncFiles.create(path()).close();
      assertEquals("", Files.readString(path()));
    });
  }

  // ---- at places ----

  @Test
  void bytesAreReadAtPlaces() throws Exception {
    Files.writeString(path(), "0123456789");
    run(() -> {
      try (var file = AsyncFiles.open(path())) {
        assertEquals("345", text(file.read(3, 3)));
        assertEquals("89", text(file.read(8, 100)));
        assertEquals(0, file.read(10, 5).length);
        assertEquals(0, file.read(100, 5).length);
        assertEquals(0, file.read(0, 0).length);
        for (var buffer : List.of(ByteBuffer.allocate(6), ByteBuffer.allocateDirect(6))) {
          buffer.put((byte) '-');
          assertEquals(5, file.read(buffer, 2));
          assertEquals("-23456", UTF_8.decode(buffer.flip()).toString());
          assertEquals(-1, file.read(buffer.clear(), 10));
          assertEquals(0, buffer.position());
        }
        List<Task<byte[]>> reads = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
          int place = i;
          reads.add(createTask(() -> file.read(place, 1)));
        }
        StringBuilder all = new StringBuilder();
        gather(reads).forEach(one -> all.append(text(one)));
        assertEquals("0123456789", all.toString());
        assertEquals("01", text(file.reader().readExactly(2))); // the stream has a place of its own
      }
    });
  }

  @Test
  void bytesAreWrittenAtPlaces() throws Exception {
    run(() -> {
      try (var file = AsyncFiles.open(path(), READ, WRITE, CREATE)) {
        file.write(bytes("world"), 6);
        file.write(bytes("hello"), 0);
        var part = bytes("[,]").position(1).limit(2);
        file.write(part, 5);
        assertEquals(2, part.position());
        assertEquals("hello,world", text(file.read(0, 100)));
        file.writer().write("HELLO"); // seen though it was not flushed
        assertEquals("HELLO,world", text(file.read(0, 100)));
        assertEquals(11, file.size());
        file.truncate(5);
        file.truncate(50);
        assertEquals(5, file.size());
        file.sync();
        file.write(bytes(""), 1000);
        assertEquals("HELLO", text(file.reader().readAll()));
      }
    });
  }

  @Test
  void aWriteThatIsCancelledIsMadeBeforeLaterOnes() throws Exception {
    run(() -> {
      try (var file = AsyncFiles.open(path(), READ, WRITE, CREATE)) {
        Task<?> second;
        try (var _ = FilePool.busy()) {
          var buffer = bytes("first");
          Task<?> first = started(createTask(() -> file.write(buffer, 0)));
          first.cancel();
          assertThrows(CancelledError.class, first::await);
          buffer.clear().put("XXXXX".getBytes(UTF_8)); // it is ours again
          second = started(createTask(() -> file.write(bytes("2"), 0)));
        }
        second.await();
        assertEquals("2irst", text(file.read(0, 10)));
      }
    });
  }

  @Test
  void aCancelledWriteIsMadeBeforeTheFileIsClosed() throws Exception {
    run(() -> {
      var file = AsyncFiles.create(path());
      Task<?> closing;
      try (var _ = FilePool.busy()) {
        Task<?> writing = started(createTask(() -> file.write(bytes("kept"), 0)));
        writing.cancel();
        assertThrows(CancelledError.class, writing::await);
        closing = started(createTask(file::close));
      }
      closing.await();
      assertEquals("kept", Files.readString(path()));
    });
  }

  @Test
  void theReaderMoves() throws Exception {
    Files.writeString(path(), "0123456789");
    run(() -> {
      try (var file = AsyncFiles.open(path())) {
        assertEquals("01", text(file.reader().readExactly(2)));
        file.seek(8);
        assertEquals("89", text(file.reader().readAll()));
        file.seek(0);
        assertEquals("0123456789", text(file.reader().readAll()));
        file.seek(20);
        assertEquals(0, file.reader().read(1).length);
        assertThrows(IllegalArgumentException.class, () -> file.seek(-1));
        Task<?> reading;
        try (var _ = FilePool.busy()) {
          file.seek(0);
          reading = started(createTask(() -> file.reader().read(1)));
          assertContains(
              assertThrows(IllegalStateException.class, () -> file.seek(0)).getMessage(),
              "AsyncFile.seek()",
              "the same file " + path());
        }
        reading.await();
      }
    });
  }

  @Test
  void aReaderIsNotKeptWaitingByWhoeverWritesOn() throws Exception {
    run(() -> {
      try (var file = AsyncFiles.open(path(), READ, WRITE, CREATE)) {
        boolean[] stop = {false};
        Task<?> writing = createTask(() -> {
          while (!stop[0]) {
            file.write(bytes("x"), 0);
          }
        });
        for (int i = 0; i < 10; i++) {
          file.size();
        }
        stop[0] = true;
        writing.await();
      }
    });
  }

  @Test
  void aFileThatIsDeletedOnCloseOpens() throws Exception {
    run(() -> {
      try (var file =
          AsyncFiles.open(path(), READ, WRITE, CREATE, StandardOpenOption.DELETE_ON_CLOSE)) {
        file.write(bytes("kept"), 0);
        assertEquals("kept", text(file.reader().readAll()));
      }
      assertFalse(Files.exists(path()));
    });
  }

  @Test
  void aFileWithoutASizeIsRead() throws Exception {
    Path status = Path.of("/proc/self/status");
    assumeTrue(Files.exists(status), "there is a file system without sizes");
    run(() -> {
      try (var file = AsyncFiles.open(status)) {
        assertContains(text(file.read(0, 100_000)), "Pid:", "Threads:");
        assertContains(text(file.reader().readAll()), "Pid:", "Threads:");
      }
    });
  }

  // ---- closing ----

  @Test
  void closingWritesWhatIsBufferedAlsoIfItIsCancelled() throws Exception {
    run(() -> {
      var file = AsyncFiles.create(path());
      try (var _ = FilePool.busy()) {
        Task<?> closing = started(createTask(() -> {
          file.writer().write("kept");
          file.close();
        }));
        closing.cancel();
        assertThrows(CancelledError.class, closing::await);
      }
      file.close(); // waits for the end
      file.close();
      assertEquals("kept", Files.readString(path()));
      assertContains(file.toString(), path().toString(), "closed");
    });
  }

  @Test
  void aClosedFileSaysSo() throws Exception {
    Files.writeString(path(), "0123");
    run(() -> {
      var file = AsyncFiles.open(path(), READ, WRITE);
      file.reader().read(1);
      file.writer().send("x");
      file.close();
      List<Coroutine<?, IOException>> calls = List.of(
          file::size,
          () -> file.read(0, 1),
          () -> file.read(ByteBuffer.allocate(1), 0),
          () -> {
            file.write(bytes("x"), 0);
            return 1;
          },
          () -> {
            file.sync();
            return 1;
          },
          () -> file.reader().read(100),
          () -> {
            file.writer().send("x");
            return 1;
          });
      for (var call : calls) {
        assertContains(
            assertThrows(IOException.class, call::run).getMessage(), path().toString(), "closed");
      }
    });
  }

  @Test
  void aCloseEndsAReadOfAnotherTask() throws Exception {
    Files.writeString(path(), "0123");
    run(() -> {
      var file = AsyncFiles.open(path());
      Task<byte[]> reading;
      Task<?> closing;
      try (var _ = FilePool.busy()) {
        reading = started(createTask(() -> file.reader().read(1)));
        closing = started(createTask(file::close));
      }
      closing.await();
      try {
        assertEquals("0", text(reading.await())); // it was first
      } catch (CompletionException closed) {
        assertContains(closed.getMessage(), "closed");
      }
    });
  }

  @Test
  void aFileLeftOpenIsReportedAndClosed() throws Exception {
    AsyncFile[] left = {null};
    var options = RunOptions.defaults().withLeakCheck(LeakCheck.FAIL);
    var leaked = assertThrows(LeakException.class, () -> {
      try (var runner = new Runner(options)) {
        runner.run(() -> {
          left[0] = AsyncFiles.temporaryFile();
        });
      }
    });
    assertContains(leaked.getMessage(), "file " + left[0].path(), "AsyncFileTest");
    assertFalse(Files.exists(left[0].path())); // the end of the loop waits for that
  }

  @Test
  void theEndOfALoopWaitsForWhatIsBeingWritten() throws Exception {
    var busy = FilePool.busy();
    try (var runner = new Runner(RunOptions.defaults().withLeakCheck(LeakCheck.OFF))) {
      runner.run(() -> {
        busy.close();
        var file = AsyncFiles.create(path());
        var again = FilePool.busy();
        createTask(() -> file.write(bytes("first"), 0));
        createTask(() -> file.write(bytes("later"), 5));
        yieldNow();
        yieldNow();
        runningLoop().callSoon(again::close); // one of its last callbacks
      });
    }
    assertEquals("firstlater", Files.readString(path()));
  }

  @Test
  void aTemporaryFileIsDeletedWhenItIsClosed() throws Exception {
    run(() -> {
      Path path;
      try (var file = AsyncFiles.temporaryFile()) {
        path = file.path();
        file.writer().send("x");
        assertEquals("x", text(file.read(0, 1)));
        assertTrue(Files.exists(path));
      }
      assertFalse(Files.exists(path));
    });
  }

  // ---- trouble ----

  @Test
  void aFullDiskIsToldAndWhatIsNotWrittenStays() throws Exception {
    try (FileSystem small = smallDisk()) {
      Path filler = Files.write(small.getPath("filler"), new byte[40_000]);
      byte[] much = noise(60_000);
      run(() -> {
        Path path = small.getPath("file");
        try (var file = AsyncFiles.create(path)) {
          file.writer().write(much);
          var full = assertThrows(IOException.class, () -> file.writer().flush());
          assertContains(full.getMessage(), "bytes for file could not be written", "flush()");
          assertTrue(file.writer().bufferSize() > 0);
          assertThrows(IOException.class, () -> file.writer().flush()); // tried again
          file.writer().write("behind"); // never waits, and is kept as well
          Files.delete(filler);
          file.writer().flush();
          assertEquals(0, file.writer().bufferSize());
        }
        byte[] written = Files.readAllBytes(path);
        assertEquals(much.length + 6, written.length);
        assertArrayEquals(much, Arrays.copyOf(written, much.length));
      });
    }
  }

  @Test
  void aDrainAndASendTellOfAFullDiskEachWaiterOnce() throws Exception {
    try (FileSystem small = smallDisk()) {
      byte[] much = noise(300_000);
      run(() -> {
        var file = AsyncFiles.create(small.getPath("file"));
        Task<?> first = createTask(() -> file.writer().send(much));
        Task<?> second = createTask(() -> file.writer().drain());
        var failures = List.of(failureOf(first), failureOf(second));
        for (Throwable failure : failures) {
          assertContains(failure.getMessage(), "could not be written");
        }
        var left = assertThrows(IOException.class, file::close);
        assertContains(left.getMessage(), "The file file failed", "bytes could not be written");
        file.close(); // it is closed all the same
      });
    }
  }

  @Test
  void aWriteAtAPlaceTellsHowMuchOfItIsThere() throws Exception {
    try (FileSystem small = smallDisk()) {
      run(() -> {
        try (var file = AsyncFiles.create(small.getPath("file"))) {
          assertContains(
              assertThrows(IOException.class, () -> file.write(ByteBuffer.wrap(noise(300_000)), 0))
                  .getMessage(),
              "of 300000 bytes could be written to file");
        }
      });
    }
  }

  /** A file system of 80,000 bytes. */
  private static FileSystem smallDisk() {
    return Jimfs.newFileSystem(
        Configuration.unix().toBuilder().setMaxSize(80_000).setBlockSize(1000).build());
  }

  @Test
  void wrongArgumentsAreRefused() throws Exception {
    Files.writeString(path(), "0123");
    run(() -> {
      try (var file = AsyncFiles.open(path())) {
        assertContains(
            assertThrows(IllegalStateException.class, file::writer).getMessage(),
            "opened for reading only");
        assertThrows(IllegalStateException.class, () -> file.write(bytes("x"), 0));
        assertThrows(IllegalStateException.class, () -> file.truncate(0));
        assertThrows(IllegalArgumentException.class, () -> file.read(-1, 1));
        assertThrows(IllegalArgumentException.class, () -> file.read(0, -1));
        assertThrows(IllegalArgumentException.class, () -> file.read(ByteBuffer.allocate(0), 0));
        assertThrows(
            IllegalArgumentException.class,
            () -> file.read(ByteBuffer.allocate(1).asReadOnlyBuffer(), 0));
        assertThrows(IllegalArgumentException.class, () -> file.write(bytes("x"), -1));
      }
      try (var file = AsyncFiles.open(path(), WRITE)) {
        assertContains(
            assertThrows(IllegalStateException.class, file::reader).getMessage(),
            "opened for writing only");
        assertThrows(IllegalStateException.class, () -> file.read(0, 1));
      }
    });
  }

  @Test
  void aFolderOpenedAsAFileSaysSo() throws Exception {
    run(() -> {
      assertContains(
          assertThrows(FileSystemException.class, () -> AsyncFiles.open(folder)).getMessage(),
          folder.toString(),
          "directory",
          "walk()");
      assertThrows(FileSystemException.class, () -> AsyncFiles.create(folder));
      var none =
          assertThrows(NoSuchFileException.class, () -> AsyncFiles.open(folder.resolve("none")));
      assertEquals("asyncio.internal.file.FileJobs", none.getStackTrace()[0].getClassName());
      assertTrue(List.of(none.getStackTrace()).stream()
          .anyMatch(frame -> frame.getClassName().equals(AsyncFileTest.class.getName())));
    });
  }

  @Test
  void anOpeningThatIsCancelledLeavesNothingOpen() throws Exception {
    var options = RunOptions.defaults().withLeakCheck(LeakCheck.FAIL);
    try (var runner = new Runner(options)) {
      runner.run(() -> {
        try (var _ = FilePool.busy()) {
          Task<AsyncFile> opening = started(createTask(() -> AsyncFiles.create(path())));
          opening.cancel();
          assertThrows(CancelledError.class, opening::await);
        }
      });
    }
  }
}
