/**
 * Networking: TCP clients and servers, with streams. Start at {@link asyncio.net.Net}.
 *
 * <p>A client that sends a line and reads the answer, and a server that echoes lines:
 *
 * <pre>{@code
 * try (var connection = openConnection("127.0.0.1", 8888)) {
 *   connection.writer().write("hello\n");
 *   connection.writer().drain();
 *   String answer = connection.reader().readLine();
 * }
 *
 * try (var server = startServer(client -> {
 *   for (String line : client.reader().lines()) {
 *     client.writer().write(line + "\n");
 *     client.writer().drain();
 *   }
 * }, "127.0.0.1", 8888)) {
 *   server.serveForever();
 * }
 * }</pre>
 */
package asyncio.net;
