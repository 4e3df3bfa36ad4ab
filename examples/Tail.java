import static asyncio.Asyncio.*;

import asyncio.*;

// Shows a file, and whatever is appended to it later, as `tail -f` does. Ctrl-C ends it.

void main(String[] args) {
  try {
    if (args.length != 1) {
      exit(2, "usage: Tail FILE");
    }
    run(() -> follow(Path.of(args[0])));
  } catch (IllegalArgumentException wrong) {
    exit(2, "usage: Tail FILE; " + wrong.getMessage());
  } catch (IOException failure) {
    exit(1, failure.toString());
  }
}

void follow(Path path) throws IOException {
  var out = StreamWriter.of(System.out);
  try (var changes = AsyncFiles.watch(path); // first, so that no change is missed
      var file = AsyncFiles.open(path)) {
    file.reader().transferTo(out);
    out.flush();
    for (var change : changes) {
      switch (change.kind()) {
        case DELETED -> {
          IO.println("-- deleted --");
          return;
        }
        case CREATED, MODIFIED, OVERFLOW -> {
          file.reader().transferTo(out);
          out.flush();
        }
      }
    }
  }
}

void exit(int code, String why) {
  System.err.println(why);
  System.exit(code);
}
