package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.StreamReader;
import asyncio.StreamWriter;
import asyncio.Task;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Readers and writers of streams that block: helper threads do. */
class BlockingStreamsTest {
  @TempDir
  Path folder;

  private static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  @Test
  void anInputStreamIsReadToItsEnd() throws Exception {
    byte[] much = noise(1_000_000);
    run(() -> {
      var reader = StreamReader.of(new ByteArrayInputStream(much));
      assertEquals(much[0], reader.peek(1)[0]);
      assertArrayEquals(much, reader.readAll());
      assertTrue(reader.atEof());
      assertEquals(0, reader.read(1).length);
      var lines = StreamReader.of(new ByteArrayInputStream("a\nb".getBytes(UTF_8)));
      assertEquals("a", lines.readLine());
      var into = ByteBuffer.allocateDirect(8192);
      assertEquals(1, lines.read(into));
      assertEquals(-1, lines.read(into));
    });
  }

  @Test
  void theLoopGoesOnWhileAStreamBlocks() throws Exception {
    try (var in = new PipedInputStream();
        var out = new PipedOutputStream(in)) {
      run(() -> {
        var reader = StreamReader.of(in);
        Task<String> reading = createTask(reader::readLine);
        for (int i = 0; i < 100; i++) {
          yieldNow();
        }
        assertFalse(reading.isDone());
        out.write("late\n".getBytes(UTF_8));
        out.flush();
        assertEquals("late", reading.await());
      });
    }
  }

  /** Gives a byte for each permit. */
  private static final class Trickle extends InputStream {
    final Semaphore permits = new Semaphore(0);
    final CountDownLatch reads = new CountDownLatch(1);

    @Override
    public int read() {
      throw new AssertionError("read one by one");
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      reads.countDown();
      permits.acquireUninterruptibly();
      into[offset] = 'x';
      return 1;
    }
  }

  @Test
  void whatACancelledReadBringsIsKeptForTheNext() throws Exception {
    var trickle = new Trickle();
    run(() -> {
      var reader = StreamReader.of(trickle);
      Task<?> reading = createTask(() -> reader.read(10));
      while (trickle.reads.getCount() > 0) {
        yieldNow();
      }
      reading.cancel();
      assertThrows(CancelledError.class, reading::await);
      trickle.permits.release();
      assertEquals("x", new String(reader.read(10), UTF_8));
    });
    trickle.permits.release();
  }

  @Test
  void aStreamThatBlocksForEverDoesNotHoldTheEnd() throws Exception {
    var trickle = new Trickle();
    run(() -> {
      createTask(() -> StreamReader.of(trickle).read(1));
      while (trickle.reads.getCount() > 0) {
        yieldNow();
      }
    });
    trickle.permits.release();
  }

  @Test
  void aFailureOfTheStreamIsTheCause() throws Exception {
    var broken = new IOException("the disk is on fire");
    run(() -> {
      var reader = StreamReader.of(new InputStream() {
        @Override
        public int read() throws IOException {
          throw broken;
        }
      });
      var e = assertThrows(IOException.class, () -> reader.read(1));
      assertContains(e.getMessage(), "the disk is on fire");
      assertSame(broken, e.getCause());
      var bug = StreamReader.of(new InputStream() {
        @Override
        public int read() {
          throw new IllegalStateException("a bug");
        }
      });
      assertContains(assertThrows(IOException.class, () -> bug.read(1)).getMessage(), "a bug");
    });
  }

  @Test
  void anOutputStreamGetsEverythingAndIsClosed() throws Exception {
    byte[] much = noise(1_000_000);
    var out = new ByteArrayOutputStream() {
      boolean closed;

      @Override
      public void close() {
        closed = true;
      }
    };
    run(() -> {
      var writer = StreamWriter.of(out);
      writer.write("first ");
      writer.send(much);
      writer.send(ByteBuffer.allocateDirect(much.length).put(much).flip());
      writer.write(" last");
      writer.close();
      writer.waitClosed();
      assertTrue(out.closed);
    });
    byte[] all = out.toByteArray();
    assertEquals(6 + 2 * much.length + 5, all.length);
    assertEquals("first ", new String(all, 0, 6, UTF_8));
    assertEquals(" last", new String(all, all.length - 5, 5, UTF_8));
    assertArrayEquals(much, java.util.Arrays.copyOfRange(all, 6, 6 + much.length));
    assertArrayEquals(much, java.util.Arrays.copyOfRange(all, 6 + much.length, all.length - 5));
  }

  /** Takes bytes while there are permits. */
  private static final class Slow extends OutputStream {
    final Semaphore permits = new Semaphore(0);
    final ByteArrayOutputStream taken = new ByteArrayOutputStream();

    @Override
    public void write(int one) {
      throw new AssertionError("written one by one");
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      permits.acquireUninterruptibly();
      taken.write(bytes, offset, length);
    }
  }

  @Test
  void aCancelledSendIsWrittenOnce() throws Exception {
    byte[] much = noise(300_000);
    var slow = new Slow();
    run(() -> {
      var writer = StreamWriter.of(slow);
      Task<?> sending = createTask(() -> writer.send(much));
      for (int i = 0; i < 10; i++) {
        yieldNow();
      }
      sending.cancel();
      assertThrows(CancelledError.class, sending::await);
      writer.write("end");
      slow.permits.release(100);
      writer.close();
      writer.waitClosed();
    });
    byte[] all = slow.taken.toByteArray();
    assertEquals(much.length + 3, all.length);
    assertArrayEquals(much, java.util.Arrays.copyOf(all, much.length));
  }

  @Test
  void aFailureOfTheStreamIsToldToWhoeverDrainsOrCloses() throws Exception {
    run(() -> {
      var full = StreamWriter.of(new OutputStream() {
        @Override
        public void write(int one) throws IOException {
          throw new IOException("No space left on device");
        }
      });
      assertContains(
          assertThrows(IOException.class, () -> full.send(new byte[100_000])).getMessage(),
          "No space left on device");
      var lazy = StreamWriter.of(new ByteArrayOutputStream() {
        @Override
        public void close() throws IOException {
          throw new IOException("No space left on device");
        }
      });
      lazy.write("x");
      lazy.close();
      assertContains(
          assertThrows(IOException.class, lazy::waitClosed).getMessage(),
          "No space left on device");
    });
  }

  @Test
  void aFailureAfterATransferOrACancelIsToldByTheClose() throws Exception {
    run(() -> {
      for (boolean cancels : new boolean[] {false, true}) {
        var full = new OutputStream() {
          final Semaphore permits = new Semaphore(0);

          @Override
          public void write(int one) {
            throw new AssertionError("written one by one");
          }

          @Override
          public void write(byte[] bytes, int offset, int length) throws IOException {
            permits.acquireUninterruptibly();
            throw new IOException("No space left on device");
          }
        };
        var writer = StreamWriter.of(full);
        if (cancels) {
          Task<?> sending = createTask(() -> writer.send(new byte[70_000]));
          yieldNow();
          yieldNow();
          sending.cancel();
          assertThrows(CancelledError.class, sending::await);
        } else {
          var reader = StreamReader.of(new ByteArrayInputStream(new byte[1000]));
          assertEquals(1000, reader.transferTo(writer));
        }
        full.permits.release(10);
        writer.close();
        assertContains(
            assertThrows(IOException.class, writer::waitClosed).getMessage(),
            "No space left on device");
      }
    });
  }

  @Test
  void flushWaitsForTheThread() throws Exception {
    var slow = new Slow();
    run(() -> {
      var writer = StreamWriter.of(slow);
      writer.write("hello");
      Task<?> flushing = createTask(writer::flush);
      for (int i = 0; i < 10; i++) {
        yieldNow();
      }
      assertFalse(flushing.isDone());
      slow.permits.release();
      flushing.await();
      assertEquals("hello", slow.taken.toString(UTF_8));
    });
  }

  @Test
  void flushWaitsForWhatATransferLeftWithTheThread() throws Exception {
    var slow = new Slow();
    run(() -> {
      var writer = StreamWriter.of(slow);
      StreamReader.of(new ByteArrayInputStream(new byte[1000])).transferTo(writer);
      Task<?> flushing = createTask(writer::flush);
      for (int i = 0; i < 10; i++) {
        yieldNow();
      }
      assertFalse(flushing.isDone());
      slow.permits.release();
      flushing.await();
      assertEquals(1000, slow.taken.size());
      writer.write("more");
      slow.permits.release();
      writer.flush();
      assertEquals(1004, slow.taken.size());
    });
  }

  @Test
  void channelsAreReadAndWrittenToo() throws Exception {
    Path file = folder.resolve("file");
    run(() -> {
      var writer = StreamWriter.of(
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
      writer.send("hello\n");
      writer.close();
      writer.waitClosed();
      try (var channel = FileChannel.open(file)) {
        var reader = StreamReader.of(channel);
        assertEquals("hello", reader.readLine());
        assertNull(reader.readLine());
      }
    });
    assertEquals("hello\n", Files.readString(file));
    Pipe pipe = Pipe.open();
    try (var source = pipe.source();
        var _ = pipe.sink()) {
      source.configureBlocking(false);
      run(() -> assertContains(
          assertThrows(IllegalArgumentException.class, () -> StreamReader.of(source))
              .getMessage(),
          "configureBlocking(true)"));
    }
  }
}
