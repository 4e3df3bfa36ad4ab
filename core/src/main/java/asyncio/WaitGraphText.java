package asyncio;

import asyncio.WaitGraph.Node;
import asyncio.WaitGraph.State;
import asyncio.WaitGraph.Waiting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The text forms of a {@link WaitGraph}, for people and for tools. */
final class WaitGraphText {
  /** Deeper levels of the tree are only counted: a chain may be a hundred thousand tasks long. */
  private static final int MAX_DEPTH = 40;

  private final WaitGraph graph;
  private @Nullable Set<List<Integer>> cycleEdges;

  WaitGraphText(WaitGraph graph) {
    this.graph = graph;
  }

  // ---- the tree ----

  /** Returns the tree; if there are more than {@code limit} tasks, the rest are only counted. */
  String tree(int limit) {
    var text = new StringBuilder(256);
    int count = graph.tasks().size() + graph.more();
    text.append("Loop '").append(graph.loop()).append("', ");
    text.append(count).append(count == 1 ? " task" : " tasks");
    var tree = new Tree(text, limit);
    for (int root : roots()) {
      tree.add(root, "", "");
    }
    // The remaining tasks wait for each other in cycles and have no root.
    for (Node node : graph.tasks()) {
      tree.add(node.id(), "", "");
    }
    if (tree.left() > 0) {
      text.append(System.lineSeparator()).append("and ").append(tree.left()).append(" more");
    }
    return text.toString();
  }

  private int[] roots() {
    Set<Integer> awaited = new HashSet<>();
    for (Node node : graph.tasks()) {
      awaited.addAll(targets(node));
    }
    return IntStream.range(0, graph.tasks().size())
        .filter(id -> !awaited.contains(id))
        .toArray();
  }

  private static List<Integer> targets(Node node) {
    Waiting waiting = node.waitsFor();
    return waiting == null ? List.of() : waiting.tasks();
  }

  private final class Tree {
    private final StringBuilder text;
    private final int limit;
    private final Set<Integer> shown = new HashSet<>();
    private final List<Integer> path = new ArrayList<>();

    Tree(StringBuilder text, int limit) {
      this.text = text;
      this.limit = limit;
    }

    int left() {
      return graph.tasks().size() + graph.more() - shown.size();
    }

    /** Adds a task that has not been shown yet, with the tasks it waits for. */
    void add(int id, String first, String rest) {
      if (!shown.contains(id) && shown.size() < limit) {
        show(id, first, rest);
      }
    }

    private void show(int id, String first, String rest) {
      shown.add(id);
      Node node = graph.tasks().get(id);
      line(first).append(describe(node));
      List<Integer> targets = targets(node);
      if (targets.isEmpty()) {
        return;
      }
      if (path.size() >= MAX_DEPTH) {
        line(rest).append("└─ …");
        return;
      }
      path.add(id);
      for (int i = 0; i < targets.size(); i++) {
        boolean last = i == targets.size() - 1;
        branch(targets.get(i), rest + (last ? "└─ " : "├─ "), rest + (last ? "   " : "│  "));
      }
      path.removeLast();
    }

    private void branch(int id, String first, String rest) {
      if (path.contains(id)) {
        line(first).append(graph.tasks().get(id).name()).append(": a cycle, see above");
      } else if (shown.contains(id)) {
        line(first).append(graph.tasks().get(id).name()).append(", see above");
      } else {
        add(id, first, rest);
      }
    }

    private StringBuilder line(String indent) {
      return text.append(System.lineSeparator()).append(indent);
    }
  }

  /**
   * Returns one line for a task: {@code Task-2 waits for a lock held by Task-3 at Demo.main(…)}.
   */
  static String describe(Node node) {
    var text = new StringBuilder(node.name());
    if (node.main()) {
      text.append(" (main)");
    }
    text.append(' ').append(doing(node));
    StackTraceElement at = node.at();
    if (at != null) {
      text.append(" at ").append(place(at));
    }
    return text.toString();
  }

  private static String place(StackTraceElement frame) {
    return new FrameCallGraphEntry(frame).toString();
  }

  private static String doing(Node node) {
    Waiting waiting = node.waitsFor();
    if (waiting == null) {
      return node.state() == State.RUNNING ? "runs" : "is ready to run";
    }
    Duration left = waiting.left();
    if (waiting.kind() == WaitKind.TIME && left != null) {
      return "sleeps, " + seconds(left) + " s left";
    }
    return "waits for " + waiting.what();
  }

  private static String seconds(Duration duration) {
    String text = String.format(Locale.ROOT, "%.3f", duration.toNanos() / 1e9);
    return text.replaceAll("\\.?0+$", "");
  }

  // ---- for programs ----

  static String json(WaitGraph graph) {
    String tasks = graph.tasks().stream().map(WaitGraphText::json).collect(Collectors.joining(","));
    return "{\"loop\":"
        + quoted(graph.loop())
        + ",\"carrier\":"
        + quoted(graph.carrier().name())
        + ",\"tasks\":["
        + tasks
        + "],\"more\":"
        + graph.more()
        + ",\"cycles\":"
        + graph.cycles()
        + "}";
  }

  private static String json(Node node) {
    StackTraceElement at = node.at();
    Waiting waiting = node.waitsFor();
    return "{\"id\":"
        + node.id()
        + ",\"name\":"
        + quoted(node.name())
        + ",\"main\":"
        + node.main()
        + ",\"state\":"
        + quoted(node.state().name())
        + ",\"waitsFor\":"
        + (waiting == null ? "null" : json(waiting))
        + ",\"at\":"
        + (at == null ? "null" : quoted(place(at)))
        + ",\"stack\":["
        + node.stack().stream().map(frame -> quoted(place(frame))).collect(Collectors.joining(","))
        + "]}";
  }

  private static String json(Waiting waiting) {
    Duration left = waiting.left();
    return "{\"kind\":"
        + quoted(waiting.kind().name())
        + ",\"what\":"
        + quoted(waiting.what())
        + ",\"tasks\":"
        + waiting.tasks()
        + ",\"left\":"
        + (left == null ? "null" : quoted(left.toString()))
        + "}";
  }

  private static String quoted(String text) {
    var quoted = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ' || Character.isSurrogate(c)) {
        quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }

  // ---- pictures ----

  String mermaid() {
    var text = new StringBuilder("flowchart TD\n");
    var red = new ArrayList<Integer>();
    int edges = 0;
    for (Node node : graph.tasks()) {
      text.append("  t").append(node.id()).append("[\"");
      text.append(mermaidText(node.name())).append("<br/>").append(mermaidText(doing(node)));
      StackTraceElement at = node.at();
      if (at != null) {
        text.append("<br/>").append(mermaidText(place(at)));
      }
      text.append("\"]\n");
    }
    for (Node node : graph.tasks()) {
      for (int target : targets(node)) {
        text.append("  t").append(node.id()).append(" --> t").append(target).append('\n');
        if (isInCycle(node.id(), target)) {
          red.add(edges);
        }
        edges++;
      }
    }
    for (int edge : red) {
      text.append("  linkStyle ").append(edge).append(" stroke:red\n");
    }
    return text.toString();
  }

  private static String mermaidText(String text) {
    return text.replace("#", "#35;")
        .replace("\"", "#quot;")
        .replace("<", "#lt;")
        .replace(">", "#gt;")
        .replace("\n", " ");
  }

  String graphviz() {
    var text = new StringBuilder("digraph ").append(quoted(graph.loop())).append(" {\n");
    text.append("  node [shape=box]\n");
    for (Node node : graph.tasks()) {
      StackTraceElement at = node.at();
      String place = at == null ? "" : "\n" + place(at);
      text.append("  t").append(node.id()).append(" [label=");
      text.append(dotText(node.name() + "\n" + doing(node) + place)).append("]\n");
    }
    for (Node node : graph.tasks()) {
      for (int target : targets(node)) {
        text.append("  t").append(node.id()).append(" -> t").append(target);
        text.append(isInCycle(node.id(), target) ? " [color=red]\n" : "\n");
      }
    }
    return text.append("}\n").toString();
  }

  private static String dotText(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }

  private boolean isInCycle(int from, int to) {
    Set<List<Integer>> known = cycleEdges;
    if (known == null) {
      known = new HashSet<>();
      for (List<Integer> cycle : graph.cycles()) {
        for (int i = 0; i < cycle.size(); i++) {
          known.add(List.of(cycle.get(i), cycle.get((i + 1) % cycle.size())));
        }
      }
      cycleEdges = known;
    }
    return known.contains(List.of(from, to));
  }
}
