package asyncio;

import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.UserPrincipal;

/**
 * Who is at the other end of a Unix socket, as the operating system knows it; see {@link
 * Connection#credentials}.
 *
 * @param user the user whose process connected or listens
 * @param group that process's group
 */
public record PeerCredentials(UserPrincipal user, GroupPrincipal group) {}
