package asyncio;

/**
 * What a {@link Server} has done and does now.
 *
 * @param connections how many clients are being served
 * @param idle how many of those are idle; see {@link Server#stop}
 * @param accepted how many were accepted since the server started
 * @param refused how many of those were disconnected at once, because of {@link
 *     ServerOptions#withMaxConnectionsPerAddress}
 * @param timedOut how many clients were cut because of an idle, read or total timeout
 * @param failedHandshakes how many clients were disconnected because the TLS handshake failed
 */
public record ServerStatistics(
    int connections, int idle, long accepted, long refused, long timedOut, long failedHandshakes) {}
