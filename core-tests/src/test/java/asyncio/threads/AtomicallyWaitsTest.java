package asyncio.threads;

import static asyncio.Asyncio.FIRST_COMPLETED;
import static asyncio.Asyncio.asCompleted;
import static asyncio.Asyncio.atomically;
import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.gatherOutcomes;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.openUnixConnection;
import static asyncio.Asyncio.relay;
import static asyncio.Asyncio.resolve;
import static asyncio.Asyncio.resolveName;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.shield;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.staggeredRace;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.startUnixServer;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.timeoutAt;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.waitFor;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.yieldNow;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.AsyncFiles;
import asyncio.Asyncio;
import asyncio.Barrier;
import asyncio.ClientTls;
import asyncio.Condition;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.ConnectionHandler;
import asyncio.Context;
import asyncio.Coroutine;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.Lock;
import asyncio.Queue;
import asyncio.Runner;
import asyncio.Semaphore;
import asyncio.Server;
import asyncio.ServerOptions;
import asyncio.ServerTls;
import asyncio.StreamReader;
import asyncio.StreamWriter;
import asyncio.TaskGroup;
import asyncio.TimeoutException;
import asyncio.TlsIdentity;
import asyncio.TlsTrust;
import asyncio.WalkOptions;
import asyncio.flow.FlowEmitter;
import asyncio.flow.Flows;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * All waiting methods of the library are refused in a region of {@code atomically}, also where they
 * would not suspend. Which there are, the sources say: a method that waits has a paragraph
 * <i>Waits</i>. A new one without a line here fails this test.
 */
@Timeout(50)
class AtomicallyWaitsTest {
  private static final String HOST = "127.0.0.1";

  /** Methods that have been called here. */
  private final Set<String> called = new LinkedHashSet<>();

  /** Bodies that have run, although they were refused. */
  private final List<String> ran = new ArrayList<>();

  private final Coroutine<Integer, RuntimeException> body = () -> {
    ran.add("a body with a result");
    return 1;
  };

  private final Action<RuntimeException> action = () -> ran.add("a body without a result");

  /** Our own types stand for Exception, so that a line may throw what it likes. */
  private interface Call extends Action<Exception> {}

  @Test
  void everyMethodThatWaitsIsRefusedInARegion() throws Exception {
    run(() -> {
      currentTask().setName("main");
      functions();
      scopes();
      futures();
      queues();
      locks();
      loops();
      streams();
      flows();
      files();
    });
    Set<String> expected = waitingMethods();
    assertEquals(Set.of(), without(expected, called), "waiting methods without a line here");
    assertEquals(Set.of(), without(called, expected), "lines here of methods that do not wait");
    assertEquals(List.of(), ran);
  }

  /** {@code call} is {@code method}, and its error has the name {@code name}. */
  private void refused(String method, String name, Call call) {
    called.add(method);
    Throwable failure = nobodyElseRunsDuring(call);
    assertEquals(0, failure.getSuppressed().length);
    assertEquals(
        name + " may wait, and Task 'main' called it inside atomically(…)",
        failure.getMessage().replaceFirst(": such calls are not allowed there, .*", ""),
        method);
  }

  /** What is refused in any coroutine, with its own error. */
  private void refusedAnyway(String method, String name, Call call) {
    called.add(method);
    Throwable failure = nobodyElseRunsDuring(call);
    assertTrue(
        failure.getMessage().startsWith(name + " was called inside the running event loop"),
        () -> method + ": " + failure.getMessage());
  }

  private static Throwable nobodyElseRunsDuring(Call call) {
    boolean[] otherRan = {false};
    var other = createTask(() -> {
      otherRan[0] = true;
    });
    Throwable failure = assertThrows(IllegalStateException.class, () -> atomically(call));
    assertFalse(otherRan[0]);
    other.await();
    return failure;
  }

  private void functions() {
    refused("Asyncio.sleep(Duration)", "sleep()", () -> sleep(ofDays(1)));
    refused("Asyncio.sleep(Duration)", "sleep()", () -> sleep(ZERO));
    refused("Asyncio.yieldNow()", "yieldNow()", () -> yieldNow());
    refused("Asyncio.blocking(Coroutine)", "blocking()", () -> blocking(body));
    refused("Asyncio.blocking(Action)", "blocking()", () -> blocking(action));
    refused("Asyncio.toThread(Coroutine)", "toThread()", () -> toThread(body));
    refused("Asyncio.toThread(Action)", "toThread()", () -> toThread(action));
    refused(
        "Asyncio.await(CompletionStage)",
        "await()",
        () -> Asyncio.await(CompletableFuture.completedFuture(1)));

    refused("Asyncio.gather(Coroutine[])", "gather()", () -> gather(body, body));
    refused("Asyncio.gather(Action[])", "gather()", () -> gather(action, action));
    refused("Asyncio.gather(List)", "gather()", () -> gather(List.<Future<Integer>>of()));
    refused("Asyncio.gather(List)", "gather()", () -> gather(List.of(done(), done())));
    refused("Asyncio.gatherOutcomes(Coroutine[])", "gatherOutcomes()", () -> gatherOutcomes(body));
    refused("Asyncio.gatherOutcomes(Action[])", "gatherOutcomes()", () -> gatherOutcomes(action));
    refused(
        "Asyncio.gatherOutcomes(List)",
        "gatherOutcomes()",
        () -> gatherOutcomes(List.<Future<Integer>>of()));
    refused(
        "Asyncio.staggeredRace(Collection)", "staggeredRace()", () -> staggeredRace(List.of(body)));
    refused(
        "Asyncio.staggeredRace(Collection, Duration)",
        "staggeredRace()",
        () -> staggeredRace(List.<Coroutine<Integer, RuntimeException>>of(), ZERO));
    refused(
        "Asyncio.waitUntil(ReturnWhen, Iterable)",
        "waitUntil()",
        () -> waitUntil(FIRST_COMPLETED, List.of(done())));
    refused(
        "Asyncio.waitUntil(ReturnWhen, Iterable, Duration)",
        "waitUntil()",
        () -> waitUntil(FIRST_COMPLETED, List.of(done()), ofDays(1)));

    var completed = asCompleted(List.of(done())).iterator();
    refused("Asyncio.asCompleted(Iterable)", "next() of asCompleted()", completed::next);
    completed.next();
    var limited = asCompleted(List.of(done()), ofDays(1)).iterator();
    refused("Asyncio.asCompleted(Iterable, Duration)", "next() of asCompleted()", limited::next);
    limited.next();

    // They do not wait, but their bodies may.
    refused("Asyncio.atomically(Coroutine)", "yieldNow()", () -> atomically(this::yieldAndGiveOne));
    refused("Asyncio.atomically(Action)", "yieldNow()", () -> atomically(() -> yieldNow()));
    var context = new Context();
    refused("Context.run(Coroutine)", "yieldNow()", () -> context.run(this::yieldAndGiveOne));
    refused("Context.run(Action)", "yieldNow()", () -> context.run(() -> yieldNow()));
  }

  private int yieldAndGiveOne() {
    yieldNow();
    return 1;
  }

  private static Future<Integer> done() {
    Future<Integer> future = runningLoop().createFuture();
    future.setResult(1);
    return future;
  }

  private void scopes() {
    refused("Asyncio.timeout(Duration, Coroutine)", "timeout()", () -> timeout(ofDays(1), body));
    refused("Asyncio.timeout(Duration, Action)", "timeout()", () -> timeout(ofDays(1), action));
    refused(
        "Asyncio.timeoutAt(Duration, Coroutine)", "timeout()", () -> timeoutAt(ofDays(1), body));
    refused("Asyncio.timeoutAt(Duration, Action)", "timeout()", () -> timeoutAt(ofDays(1), action));
    refused("Asyncio.waitFor(Coroutine, Duration)", "waitFor()", () -> waitFor(body, ofDays(1)));
    refused("Asyncio.waitFor(Action, Duration)", "waitFor()", () -> waitFor(action, ZERO));

    var limit = asyncio.Timeout.none();
    refused("Timeout.run(Coroutine)", "timeout()", () -> limit.run(body));
    refused("Timeout.run(Action)", "timeout()", () -> limit.run(action));
    limit.run(() -> yieldNow()); // it has not been used up

    var group = new TaskGroup();
    refused("TaskGroup.run(Coroutine)", "TaskGroup.run()", () -> group.run(body));
    refused("TaskGroup.run(Action)", "TaskGroup.run()", () -> group.run(action));
    group.run(() -> yieldNow());
  }

  private void futures() {
    for (Future<Integer> future : List.of(done(), runningLoop().<Integer>createFuture())) {
      refused("Future.await()", "await()", future::await);
      refused(
          "Future.awaitThrowing(Class)",
          "awaitThrowing()",
          () -> future.awaitThrowing(IOException.class));
      refused(
          "Future.awaitThrowing(Class, Class)",
          "awaitThrowing()",
          () -> future.awaitThrowing(IOException.class, TimeoutException.class));
      refused(
          "Future.awaitThrowing(Class, Class, Class)",
          "awaitThrowing()",
          () -> future.awaitThrowing(
              IOException.class, TimeoutException.class, ClassNotFoundException.class));
      refused("Future.get()", "get()", future::get);
      refused("Future.get(long, TimeUnit)", "get()", () -> future.get(0, TimeUnit.SECONDS));
      refused("Asyncio.waitFor(Future, Duration)", "waitFor()", () -> waitFor(future, ofDays(1)));
      refused("Asyncio.waitFor(Future, Duration)", "waitFor()", () -> waitFor(future, ZERO));
      refused("Asyncio.shield(Future)", "shield()", () -> shield(future));
      assertFalse(future.isCancelled());
    }
    refused("Asyncio.shield(Coroutine)", "shield()", () -> shield(body));
    refused("Asyncio.shield(Action)", "shield()", () -> shield(action));
  }

  private void queues() {
    var queue = new Queue<Integer>(1);
    refused("Queue.put(Object)", "Queue.put()", () -> queue.put(1));
    refused("Queue.get()", "Queue.get()", queue::get);
    refused("Queue.join()", "Queue.join()", queue::join);
    refused("Queue.iterator()", "Queue.get()", () -> assertTrue(queue.iterator().hasNext()));
    queue.putNowait(7);
    refused("Queue.put(Object)", "Queue.put()", () -> queue.put(1));
    refused("Queue.get()", "Queue.get()", queue::get);
    refused("Queue.join()", "Queue.join()", queue::join);
    Iterator<Integer> items = queue.iterator();
    refused("Queue.iterator()", "Queue.get()", items::next);
    assertTrue(items.hasNext());
    refused("Queue.iterator()", "next() of a queue", () -> assertTrue(items.hasNext()));
    refused("Queue.iterator()", "next() of a queue", items::next);
    assertEquals(7, items.next());
  }

  private void locks() {
    var lock = new Lock();
    refused("Lock.acquire()", "Lock.acquire()", lock::acquire);
    assertFalse(lock.locked());

    var condition = new Condition(lock);
    refused("Condition.acquire()", "Lock.acquire()", condition::acquire);
    try (var _ = lock.acquire()) {
      refused("Lock.acquire()", "Lock.acquire()", lock::acquire);
      refused("Condition.await()", "Condition.await()", () -> condition.await());
      refused(
          "Condition.await(BooleanSupplier)",
          "Condition.await()",
          () -> condition.await(() -> true));
    }

    var semaphore = new Semaphore(1);
    refused("Semaphore.acquire()", "Semaphore.acquire()", semaphore::acquire);
    assertEquals(1, semaphore.available());

    var event = new Event();
    refused("Event.await()", "Event.await()", event::await);
    event.set();
    refused("Event.await()", "Event.await()", event::await);

    var barrier = new Barrier(1);
    refused("Barrier.await()", "Barrier.await()", barrier::await);
    assertEquals(0, barrier.waiting());
  }

  private void loops() {
    EventLoop loop = runningLoop();
    refused(
        "EventLoop.shutdownDefaultExecutor(Duration)",
        "shutdownDefaultExecutor()",
        () -> loop.shutdownDefaultExecutor(ofSeconds(1)));
    assertEquals(5, toThread(() -> 5), "it has not been shut down");

    var runner = new Runner();
    refusedAnyway("Asyncio.run(Coroutine)", "run()", () -> run(body));
    refusedAnyway("Asyncio.run(Action)", "run()", () -> run(action));
    refusedAnyway("Runner.run(Coroutine)", "run()", () -> runner.run(body));
    refusedAnyway("Runner.run(Action)", "run()", () -> runner.run(action));
    refusedAnyway("Runner.run(Context, Coroutine)", "run()", () -> runner.run(new Context(), body));
    refusedAnyway("Runner.run(Context, Action)", "run()", () -> runner.run(new Context(), action));
    refusedAnyway("Runner.close()", "Runner.close()", runner::close);
    refusedAnyway("EventLoop.runForever()", "runForever()", loop::runForever);
    refusedAnyway(
        "EventLoop.runUntilComplete(Coroutine)",
        "runUntilComplete()",
        () -> loop.runUntilComplete(body));
    refusedAnyway(
        "EventLoop.runUntilComplete(Action)",
        "runUntilComplete()",
        () -> loop.runUntilComplete(action));
    refusedAnyway(
        "EventLoop.runUntilComplete(Future)",
        "runUntilComplete()",
        () -> loop.runUntilComplete(done()));
  }

  private void flows() {
    List<FlowEmitter<Integer>> emitters = new ArrayList<>();
    var stop = new Event();
    Flow.Publisher<Integer> publisher = Flows.publisher(out -> {
      emitters.add(out);
      out.emit(1);
      out.emit(2);
      stop.await();
    });
    try (var items = Flows.subscribe(publisher)) {
      Iterator<Integer> each = items.iterator();
      assertEquals(1, each.next()); // and the other one has come
      refused("FlowItems.iterator()", "next() of FlowItems", each::next);
      assertTrue(each.hasNext());
      refused("FlowItems.iterator()", "next() of FlowItems", each::next);
      refused("FlowEmitter.emit(Object)", "emit()", () -> emitters.getFirst().emit(3));
      stop.set();
    }
  }

  private void streams() throws Exception {
    ConnectionHandler greets = client -> {
      client.writer().write("one\ntwo\nthree\n");
      sleep(ofDays(1));
    };
    Server server = startServer(greets, HOST, 0);
    Connection connection = openConnection(HOST, server.port());
    StreamReader reader = connection.reader();
    StreamWriter writer = connection.writer();
    assertEquals("one", reader.readLine()); // and the others have come with it

    refused("StreamReader.read(int)", "StreamReader.read()", () -> reader.read(1));
    refused("StreamReader.read(int)", "StreamReader.read()", () -> reader.read(0));
    refused("StreamReader.read(byte[])", "StreamReader.read()", () -> reader.read(new byte[1]));
    refused("StreamReader.readAll()", "StreamReader.readAll()", reader::readAll);
    refused(
        "StreamReader.readExactly(int)", "StreamReader.readExactly()", () -> reader.readExactly(1));
    refused(
        "StreamReader.read(ByteBuffer)",
        "StreamReader.read()",
        () -> reader.read(ByteBuffer.allocate(1)));
    refused("StreamReader.peek(int)", "StreamReader.peek()", () -> reader.peek(1));
    refused(
        "StreamReader.readUntil(byte[][])",
        "StreamReader.readUntil()",
        () -> reader.readUntil(new byte[] {'\n'}));
    refused(
        "StreamReader.transferTo(StreamWriter)",
        "StreamReader.transferTo()",
        () -> reader.transferTo(writer));
    refused("StreamReader.readLine()", "StreamReader.readLine()", () -> reader.readLine());
    refused(
        "StreamReader.readLineIn(Charset)",
        "StreamReader.readLineIn()",
        () -> reader.readLineIn(US_ASCII));
    Iterator<String> lines = reader.lines().iterator();
    refused("StreamReader.lines()", "StreamReader.lines()", lines::next);
    Iterator<String> others = reader.lines(US_ASCII).iterator();
    refused("StreamReader.lines(Charset)", "StreamReader.lines()", others::next);
    assertTrue(lines.hasNext());
    refused("StreamReader.lines()", "StreamReader.lines()", () -> assertTrue(lines.hasNext()));
    refused("StreamReader.lines()", "StreamReader.lines()", lines::next);
    assertEquals("two", lines.next());
    assertEquals("three", reader.readLine());

    var address = new InetSocketAddress("127.0.0.1", 1);
    Path path = Path.of("socket");
    refused(
        "Asyncio.openConnection(SocketAddress)", "openConnection()", () -> openConnection(address));
    refused(
        "Asyncio.openConnection(SocketAddress, ConnectOptions)",
        "openConnection()",
        () -> openConnection(address, ConnectOptions.defaults()));
    refused(
        "Asyncio.openUnixConnection(Path)", "openUnixConnection()", () -> openUnixConnection(path));
    refused(
        "Asyncio.openUnixConnection(Path, ConnectOptions)",
        "openUnixConnection()",
        () -> openUnixConnection(path, ConnectOptions.defaults()));
    refused(
        "Asyncio.startServer(ConnectionHandler, SocketAddress)",
        "startServer()",
        () -> startServer(client -> {}, address));
    refused(
        "Asyncio.startServer(ConnectionHandler, SocketAddress, ServerOptions)",
        "startServer()",
        () -> startServer(client -> {}, address, ServerOptions.defaults()));
    refused(
        "Asyncio.startUnixServer(ConnectionHandler, Path)",
        "startUnixServer()",
        () -> startUnixServer(client -> {}, path));
    refused(
        "Asyncio.startUnixServer(ConnectionHandler, Path, ServerOptions)",
        "startUnixServer()",
        () -> startUnixServer(client -> {}, path, ServerOptions.defaults()));
    refused("Asyncio.resolve(String)", "resolve()", () -> resolve("127.0.0.1"));
    refused(
        "Asyncio.resolveName(InetAddress)",
        "resolveName()",
        () -> resolveName(address.getAddress()));
    refused(
        "Asyncio.relay(Connection, Connection)", "relay()", () -> relay(connection, connection));
    refused(
        "Asyncio.relay(Connection, Connection, Duration)",
        "relay()",
        () -> relay(connection, connection, ofDays(1)));
    refused("StreamWriter.send(byte[])", "StreamWriter.send()", () -> writer.send(new byte[0]));
    refused(
        "StreamWriter.send(ByteBuffer)",
        "StreamWriter.send()",
        () -> writer.send(ByteBuffer.allocate(0)));
    refused("StreamWriter.send(String)", "StreamWriter.send()", () -> writer.send(""));
    refused("StreamWriter.flush()", "StreamWriter.flush()", writer::flush);
    refused("StreamWriter.drain()", "StreamWriter.drain()", writer::drain);
    refused("StreamWriter.waitClosed()", "StreamWriter.waitClosed()", writer::waitClosed);
    refused(
        "Connection.startTls(ClientTls)",
        "Connection.startTls()",
        () -> connection.startTls(ClientTls.defaults()));
    ServerTls tls = ServerTls.of(SSLContext.getInstance("TLS"));
    refused(
        "Connection.startTls(ServerTls)", "Connection.startTls()", () -> connection.startTls(tls));
    Path pem = Path.of("missing.pem");
    refused("TlsTrust.load(Path)", "TlsTrust.load()", () -> TlsTrust.load(pem));
    refused("TlsIdentity.load(Path, Path)", "TlsIdentity.load()", () -> TlsIdentity.load(pem, pem));
    refused(
        "TlsIdentity.load(Path, Path, char[])",
        "TlsIdentity.load()",
        () -> TlsIdentity.load(pem, pem, new char[0]));
    refused(
        "TlsIdentity.load(Path, char[])",
        "TlsIdentity.load()",
        () -> TlsIdentity.load(pem, new char[0]));
    refused(
        "TlsIdentity.selfSigned(String[])",
        "TlsIdentity.selfSigned()",
        () -> TlsIdentity.selfSigned("localhost"));
    refused("Connection.close()", "Connection.close()", connection::close);
    assertFalse(connection.isClosed());
    connection.close();
    refused("Connection.close()", "Connection.close()", connection::close);
    refused("StreamWriter.waitClosed()", "StreamWriter.waitClosed()", writer::waitClosed);

    refused("Server.serveForever()", "Server.serveForever()", server::serveForever);
    refused("Server.stop(Duration)", "Server.stop()", () -> server.stop(ZERO));
    refused("Server.close()", "Server.close()", server::close);
    assertTrue(server.isServing());
    refused(
        "Asyncio.openConnection(String, int)",
        "openConnection()",
        () -> openConnection(HOST, server.port()));
    refused(
        "Asyncio.openConnection(String, int, ConnectOptions)",
        "openConnection()",
        () -> openConnection(HOST, server.port(), ConnectOptions.defaults()));
    refused(
        "Asyncio.startServer(ConnectionHandler, String, int)",
        "startServer()",
        () -> startServer(greets, HOST, 0));
    refused(
        "Asyncio.startServer(ConnectionHandler, String, int, ServerOptions)",
        "startServer()",
        () -> startServer(greets, HOST, 0, ServerOptions.defaults()));
    server.close();
  }

  private void files() throws Exception {
    try (var directory = AsyncFiles.temporaryDirectory()) {
      Path folder = directory.path();
      Path path = folder.resolve("file");
      wholeFiles(folder, path);
      openFiles(folder, path);
      refused("TemporaryDirectory.close()", "TemporaryDirectory.close()", directory::close);
      assertTrue(Files.exists(folder));
    }
  }

  private void wholeFiles(Path folder, Path path) throws Exception {
    refused(
        "AsyncFiles.open(Path, OpenOption[])", "AsyncFiles.open()", () -> AsyncFiles.open(path));
    refused("AsyncFiles.create(Path)", "AsyncFiles.create()", () -> AsyncFiles.create(path));
    refused("AsyncFiles.append(Path)", "AsyncFiles.append()", () -> AsyncFiles.append(path));
    refused("AsyncFiles.temporaryFile()", "AsyncFiles.temporaryFile()", AsyncFiles::temporaryFile);
    refused(
        "AsyncFiles.temporaryDirectory()",
        "AsyncFiles.temporaryDirectory()",
        AsyncFiles::temporaryDirectory);
    refused(
        "AsyncFiles.readString(Path)",
        "AsyncFiles.readString()",
        () -> AsyncFiles.readString(path));
    refused(
        "AsyncFiles.readString(Path, Charset)",
        "AsyncFiles.readString()",
        () -> AsyncFiles.readString(path, US_ASCII));
    refused(
        "AsyncFiles.readAllLines(Path)",
        "AsyncFiles.readAllLines()",
        () -> AsyncFiles.readAllLines(path));
    refused(
        "AsyncFiles.readAllBytes(Path)",
        "AsyncFiles.readAllBytes()",
        () -> AsyncFiles.readAllBytes(path));
    refused(
        "AsyncFiles.write(Path, byte[], OpenOption[])",
        "AsyncFiles.write()",
        () -> AsyncFiles.write(path, new byte[1]));
    refused(
        "AsyncFiles.writeString(Path, CharSequence, OpenOption[])",
        "AsyncFiles.writeString()",
        () -> AsyncFiles.writeString(path, "x"));
    refused(
        "AsyncFiles.replace(Path, byte[])",
        "AsyncFiles.replace()",
        () -> AsyncFiles.replace(path, new byte[1]));
    refused(
        "AsyncFiles.replaceString(Path, CharSequence)",
        "AsyncFiles.replaceString()",
        () -> AsyncFiles.replaceString(path, "x"));
    refused(
        "AsyncFiles.readAllLines(Path, Charset)",
        "AsyncFiles.readAllLines()",
        () -> AsyncFiles.readAllLines(path, US_ASCII));
    refused(
        "AsyncFiles.isDirectory(Path, LinkOption[])",
        "AsyncFiles.isDirectory()",
        () -> AsyncFiles.isDirectory(path));
    refused(
        "AsyncFiles.isRegularFile(Path, LinkOption[])",
        "AsyncFiles.isRegularFile()",
        () -> AsyncFiles.isRegularFile(path));
    refused("AsyncFiles.list(Path)", "AsyncFiles.list()", () -> AsyncFiles.list(folder));
    refused("AsyncFiles.walk(Path)", "AsyncFiles.walk()", () -> AsyncFiles.walk(folder));
    refused(
        "AsyncFiles.walk(Path, WalkOptions)",
        "AsyncFiles.walk()",
        () -> AsyncFiles.walk(folder, WalkOptions.defaults()));
    refused("AsyncFiles.watch(Path)", "AsyncFiles.watch()", () -> AsyncFiles.watch(folder));
    refused(
        "AsyncFiles.watchTree(Path)", "AsyncFiles.watchTree()", () -> AsyncFiles.watchTree(folder));
    refused(
        "AsyncFiles.createDirectories(Path)",
        "AsyncFiles.createDirectories()",
        () -> AsyncFiles.createDirectories(path));
    refused(
        "AsyncFiles.exists(Path, LinkOption[])",
        "AsyncFiles.exists()",
        () -> AsyncFiles.exists(path));
    refused("AsyncFiles.size(Path)", "AsyncFiles.size()", () -> AsyncFiles.size(path));
    refused(
        "AsyncFiles.attributes(Path, LinkOption[])",
        "AsyncFiles.attributes()",
        () -> AsyncFiles.attributes(path));
    refused(
        "AsyncFiles.copy(Path, Path, CopyOption[])",
        "AsyncFiles.copy()",
        () -> AsyncFiles.copy(folder, path));
    refused(
        "AsyncFiles.move(Path, Path, CopyOption[])",
        "AsyncFiles.move()",
        () -> AsyncFiles.move(folder, path));
    refused(
        "AsyncFiles.deleteIfExists(Path)",
        "AsyncFiles.deleteIfExists()",
        () -> AsyncFiles.deleteIfExists(folder));
    refused(
        "AsyncFiles.deleteTree(Path)",
        "AsyncFiles.deleteTree()",
        () -> AsyncFiles.deleteTree(folder));
    assertEquals(List.of(), AsyncFiles.list(folder));
  }

  private void openFiles(Path folder, Path path) throws Exception {
    AsyncFiles.writeString(path, "one\ntwo\n");
    try (var file = AsyncFiles.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      Iterator<String> lines = file.lines().iterator();
      refused("AsyncFile.lines()", "StreamReader.lines()", lines::next);
      StreamWriter writer = file.writer();
      refused(
          "AsyncFile.read(ByteBuffer, long)",
          "AsyncFile.read()",
          () -> file.read(ByteBuffer.allocate(1), 0));
      refused("AsyncFile.read(long, int)", "AsyncFile.read()", () -> file.read(0, 1));
      refused(
          "AsyncFile.write(ByteBuffer, long)",
          "AsyncFile.write()",
          () -> file.write(ByteBuffer.allocate(1), 0));
      refused(
          "AsyncFile.transferTo(long, long, StreamWriter)",
          "AsyncFile.transferTo()",
          () -> file.transferTo(0, 1, writer));
      refused(
          "StreamWriter.sendFile(Path)", "StreamWriter.sendFile()", () -> writer.sendFile(path));
      try (var channel = FileChannel.open(path)) {
        refused(
            "StreamWriter.sendFile(FileChannel, long, long)",
            "StreamWriter.sendFile()",
            () -> writer.sendFile(channel, 0, 1));
      }
      refused("AsyncFile.size()", "AsyncFile.size()", file::size);
      refused("AsyncFile.truncate(long)", "AsyncFile.truncate()", () -> file.truncate(0));
      refused("AsyncFile.sync()", "AsyncFile.sync()", file::sync);
      refused("AsyncFile.close()", "AsyncFile.close()", file::close);
      assertEquals(8, file.size());
    }
    try (var tree = AsyncFiles.walk(folder)) {
      Iterator<Path> paths = tree.iterator();
      refused("FileWalk.iterator()", "FileWalk.hasNext()", paths::next);
      assertTrue(paths.hasNext());
      refused("FileWalk.iterator()", "FileWalk.hasNext()", () -> assertTrue(paths.hasNext()));
    }
    try (var watch = AsyncFiles.watch(folder)) {
      refused("FileWatch.next()", "FileWatch.next()", watch::next);
      refused(
          "FileWatch.iterator()",
          "FileWatch.hasNext()",
          () -> assertTrue(watch.iterator().hasNext()));
    }
  }

  // ---- which methods there are ----

  /** The documentation of a public method, and its name. */
  private static final Pattern DOCUMENTED = Pattern.compile(
      "/\\*\\*((?:(?!\\*/).)*)\\*/(?:(?!/\\*\\*).)*?\\bpublic\\b[^(;{=]*?\\b(\\w+)\\(",
      Pattern.DOTALL);

  private static final Pattern AS_ANOTHER =
      Pattern.compile("[\\s*]*As\\s+(?:\\*\\s+)?\\{@link\\s+(?:\\*\\s+)?#(\\w+).*", Pattern.DOTALL);

  private static Set<String> without(Set<String> these, Set<String> those) {
    Set<String> left = new TreeSet<>(these);
    left.removeAll(those);
    return left;
  }

  /** The public methods that wait, all overloads of each. */
  private static Set<String> waitingMethods() throws IOException {
    Set<String> methods = new TreeSet<>();
    Path root = Path.of("").toAbsolutePath();
    while (!Files.exists(root.resolve("core/src/main/java"))) {
      root = root.getParent();
    }
    for (Class<?> one : List.of(Asyncio.class, Flows.class)) {
      String folder = "core/src/main/java/" + one.getPackageName().replace('.', '/');
      try (var files = Files.list(root.resolve(folder))) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          Set<String> names = waitingNames(Files.readString(file));
          if (!names.isEmpty()) {
            String type = file.getFileName().toString().replace(".java", "");
            String name = one.getPackageName() + "." + type;
            addOverloads(methods, assertDoesNotThrow(() -> Class.forName(name), name), names);
          }
        }
      }
    }
    return methods;
  }

  /**
   * Those of one source file: with a paragraph "Waits", or like another one that has it, and with
   * no word of their own on where they may be called.
   */
  private static Set<String> waitingNames(String source) {
    Set<String> names = new TreeSet<>();
    for (int before = -1; before < names.size(); ) {
      before = names.size();
      var documented = DOCUMENTED.matcher(source);
      while (documented.find()) {
        String text = documented.group(1);
        var other = AS_ANOTHER.matcher(text);
        if (text.contains("<i>Waits</i>")
            || (other.matches()
                && names.contains(other.group(1))
                && !text.contains("<i>Thread</i>"))) {
          names.add(documented.group(2));
        }
      }
    }
    return names;
  }

  private static void addOverloads(Set<String> methods, Class<?> declaring, Set<String> names) {
    for (String name : names) {
      List<String> overloads = Arrays.stream(declaring.getDeclaredMethods())
          .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
          .filter(method -> method.getName().equals(name))
          .map(AtomicallyWaitsTest::text)
          .toList();
      assertFalse(overloads.isEmpty(), () -> name + " of " + declaring);
      methods.addAll(overloads);
    }
  }

  private static String text(Method method) {
    return method.getDeclaringClass().getSimpleName()
        + "."
        + method.getName()
        + Arrays.stream(method.getParameterTypes())
            .map(Class::getSimpleName)
            .collect(Collectors.joining(", ", "(", ")"));
  }
}
