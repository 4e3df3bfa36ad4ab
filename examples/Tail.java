import static asyncio.Asyncio.*;

import asyncio.*;

// Shows a file, and then what is added to it, also when it is emptied or replaced by another one,
// as log rotation does. Ctrl-C ends it.

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
  try (var changes = AsyncFiles.watch(path)) { // before it is opened, so that no change is missed
    while (show(path, changes, out)) {
      out.send("-- a new file --\n");
    }
  }
}

/** Shows the file until another one has its name. Returns false if the watch has ended. */
boolean show(Path path, FileWatch changes, StreamWriter out) throws IOException {
  try (var file = AsyncFiles.open(path)) {
    long shown = file.reader().transferTo(out);
    out.flush();
    for (var change : changes) {
      if (change.kind() == FileChange.Kind.CREATED) {
        return true;
      }
      if (file.size() < shown) { // it was emptied
        file.seek(0);
        shown = 0;
      }
      shown += file.reader().transferTo(out);
      out.flush();
    }
  }
  return false;
}

void exit(int code, String why) {
  System.err.println(why);
  System.exit(code);
}
