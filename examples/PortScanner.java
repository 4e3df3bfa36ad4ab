import static asyncio.Asyncio.*;
import static java.time.Duration.*;

import asyncio.*;
import java.net.ConnectException;
import java.net.NoRouteToHostException;

// Which ports of a host are open? Each port gets a task, and 100 of them connect at a time. Ctrl-C
// ends it.
//
//   PortScanner [host=127.0.0.1] [first=1] [last=1024]

final Semaphore limit = new Semaphore(100);
int found;

void main(String[] args) {
  try {
    String host = args.length > 0 ? args[0] : "127.0.0.1";
    int first = args.length > 1 ? Integer.parseInt(args[1]) : 1;
    int last = args.length > 2 ? Integer.parseInt(args[2]) : 1024;
    if (args.length > 3 || first < 1 || last > 65_535) {
      throw new IllegalArgumentException("ports are numbers from 1 to 65535");
    }
    run(() -> scan(host, first, last));
  } catch (IllegalArgumentException wrong) {
    exit(2, "usage: PortScanner [host] [first] [last]; " + wrong.getMessage());
  } catch (ExceptionGroup failures) { // no such host, no more descriptors
    exit(1, failures.exceptions().getFirst().getMessage());
  }
}

void scan(String host, int first, int last) {
  var group = new TaskGroup();
  group.run(() -> {
    for (int port = first; port <= last; port++) {
      int number = port;
      group.createTask(() -> probe(host, number));
    }
  });
  IO.println(found + " open");
}

void probe(String host, int port) throws IOException {
  try (var _ = limit.acquire();
      var _ = timeout(ofSeconds(1), () -> openConnection(host, port))) {
    IO.println(port + " is open");
    found++;
  } catch (ConnectException | NoRouteToHostException | TimeoutException closed) {
    // Nobody listens there, or a firewall is in the way. Other failures end the scan.
  }
}

void exit(int code, String why) {
  System.err.println(why);
  System.exit(code);
}
