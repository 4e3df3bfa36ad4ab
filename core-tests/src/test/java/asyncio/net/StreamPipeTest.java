package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.ConnectionPair;
import asyncio.DeadlockException;
import asyncio.IncompleteReadException;
import asyncio.LimitOverrunException;
import asyncio.StreamPipe;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Streams in memory, under a virtual clock: no socket holds it. */
class StreamPipeTest {
  private static String text(byte[] bytes) {
    return new String(bytes, UTF_8);
  }

  @AsyncTest
  void whatIsWrittenCanBeRead() throws IOException {
    var pipe = new StreamPipe(10);
    pipe.writer().write("hello\nworld");
    assertEquals("hello", pipe.reader().readLine());
    pipe.writer().close();
    assertEquals("world", pipe.reader().readLine());
    assertNull(pipe.reader().readLine());
    assertTrue(pipe.reader().atEof());
    pipe.writer().waitClosed();
    assertThrows(IOException.class, () -> pipe.writer().write("x"));
  }

  @AsyncTest
  void aWriterWaitsWhileThePipeIsFull() throws IOException {
    var pipe = new StreamPipe(4);
    var lines = new ArrayList<String>();
    Task<?> writing = createTask(() -> {
      for (int i = 0; i < 3; i++) {
        pipe.writer().send("line " + i + "\n");
        lines.add("sent " + i);
      }
      pipe.writer().close();
    });
    yieldNow();
    yieldNow();
    assertEquals(List.of(), lines);
    assertEquals(7 - 4, pipe.writer().bufferSize());
    for (String line : pipe.reader().lines()) {
      lines.add(line);
      sleep(ofHours(1)); // a reader may take its time, even while the writer closes
    }
    writing.await();
    assertEquals(
        List.of("line 0", "line 1", "line 2"),
        lines.stream().filter(line -> line.startsWith("line")).toList());
  }

  @AsyncTest
  void writeEofEndsIt() throws IOException {
    var pipe = new StreamPipe(100);
    pipe.writer().write("abc");
    pipe.writer().writeEof();
    var e = assertThrows(IncompleteReadException.class, () -> pipe.reader().readExactly(4));
    assertEquals("abc", text(e.partial()));
    assertContains(e.getMessage(), "a pipe");
    assertThrows(IllegalStateException.class, () -> pipe.writer().write("x"));
    pipe.close();
    pipe.close();
  }

  @AsyncTest
  @Covers("test_streams.StreamTests.exception")
  void aPipeThatFailsTellsBothEnds() throws IOException {
    var pipe = new StreamPipe(100);
    Task<?> reading = createTask(() -> assertThrows(IOException.class, pipe.reader()::readLine));
    pipe.writer().write("half");
    yieldNow();
    yieldNow();
    var why = new IOException("the disk is full");
    pipe.fail(why);
    var failure = (IOException) reading.await();
    assertEquals("The pipe was lost: the disk is full", failure.getMessage());
    assertSame(why, failure.getCause());
    assertThrows(IOException.class, () -> pipe.writer().write("x"));
    assertThrows(IOException.class, pipe.writer()::drain);
    assertThrows(IOException.class, () -> pipe.reader().readExactly(100));
  }

  @AsyncTest
  void aFailureComesBeforeWhatWasNotRead() throws IOException {
    var pipe = new StreamPipe(4);
    pipe.writer().write("one\ntwo\nthree\n");
    assertEquals("one", pipe.reader().readLine());
    var why = new IOException("the disk is full");
    pipe.fail(why);
    assertSame(
        why, assertThrows(IOException.class, () -> pipe.reader().readLine()).getCause());
    assertSame(
        why, assertThrows(IOException.class, () -> pipe.writer().write("x")).getCause());
  }

  @AsyncTest
  void theLimitOfAPipeCanBeRaised() throws IOException {
    var pipe = new StreamPipe(1000, 100_000);
    Task<?> writing = createTask(() -> pipe.writer().send("x".repeat(90_000) + "\n"));
    assertEquals(90_000, pipe.reader().readLine().length());
    writing.await();
    var small = new StreamPipe(1000, 3);
    small.writer().write("abcdef");
    assertContains(
        assertThrows(LimitOverrunException.class, () -> small.reader().readLine())
            .getMessage(),
        "can be given where the reader is made");
  }

  @AsyncTest
  void closingThePipeEndsThoseWhoWait() throws IOException {
    var pipe = new StreamPipe(1);
    Task<?> reading =
        createTask(() -> assertThrows(IOException.class, () -> pipe.reader().read(1)));
    yieldNow();
    pipe.close();
    assertContains(((IOException) reading.await()).getMessage(), "closed on this side.");
    var full = new StreamPipe(1);
    Task<?> writing =
        createTask(() -> assertThrows(IOException.class, () -> full.writer().send("abc")));
    yieldNow();
    full.close();
    writing.await();
  }

  @AsyncTest
  void nobodyToWriteIsADeadlockInAClosedWorld() {
    var e =
        assertThrows(DeadlockException.class, () -> new StreamPipe(1).reader().readLine());
    assertContains(e.getMessage(), "data in memory");
  }

  @Test
  void aPipeNeedsALoopAndRoom() {
    assertContains(
        assertThrows(IllegalStateException.class, () -> new StreamPipe(1)).getMessage(),
        "new StreamPipe()");
    run(() -> assertThrows(IllegalArgumentException.class, () -> new StreamPipe(0)));
  }

  @AsyncTest
  void aPairOfConnectionsNeedsNoSocket() throws IOException {
    try (var pair = ConnectionPair.open()) {
      Task<?> handler = createTask(() -> {
        for (String line : pair.other().reader().lines()) {
          sleep(ofDays(1));
          pair.other().writer().send(line + "!\n");
        }
        pair.other().close();
      });
      pair.one().writer().send("hello\n");
      assertEquals("hello!", pair.one().reader().readLine());
      pair.one().writer().writeEof();
      assertNull(pair.one().reader().readLine());
      handler.await();
      assertEquals("memory:other", pair.one().remoteAddress().toString());
      assertEquals(pair.one().remoteAddress(), pair.other().localAddress());
      assertFalse(pair.one().isClosed());
    }
  }
}
