package asyncio;

import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A variable with a value of its own in each {@link Context}, and so in each task and callback:
 * what a task sets is seen only by the tasks it creates afterwards.
 *
 * <pre>{@code
 * static final ContextVar<String> USER = new ContextVar<>("user");
 *
 * try (var _ = USER.set("ann")) {
 *   handle();                               // USER.get() is "ann" here, also after a wait,
 * }                                         // and in tasks and helper calls made here
 * }</pre>
 *
 * <p>Create variables once, as constants: a context that holds a value also holds the variable.
 *
 * <p><i>Thread</i>: any. A thread that is not a coroutine has its own context.
 *
 * @param <T> the type of the value
 */
public final class ContextVar<T extends @Nullable Object> {
  private static final AtomicInteger HASHES = new AtomicInteger();

  /** Numbers that differ in their low bits: as good as a random hash, without collisions. */
  final int hash = HASHES.getAndIncrement();

  private final String name;
  private final @Nullable Object initial;

  /**
   * Creates a variable that has no value until one is set.
   *
   * @param name for reports
   */
  public ContextVar(String name) {
    this.name = Objects.requireNonNull(name, "name");
    this.initial = ContextValues.ABSENT;
  }

  /**
   * Creates a variable with a value for contexts in which none is set.
   *
   * @param name for reports
   */
  public ContextVar(String name, T defaultValue) {
    this.name = Objects.requireNonNull(name, "name");
    this.initial = defaultValue;
  }

  /** Returns the variable's name. */
  public String name() {
    return name;
  }

  /**
   * Returns the value in the current context, otherwise the default value.
   *
   * @throws NoSuchElementException if there is neither
   */
  public T get() {
    Object value = lookUp();
    if (value == ContextValues.ABSENT) {
      value = initial;
    }
    if (value == ContextValues.ABSENT) {
      throw new NoSuchElementException(this
          + " has no value in this context: set() it first, in this task or before this task is"
          + " created, or call get(fallback), or give the variable a default value when you"
          + " create it.");
    }
    return cast(value);
  }

  /**
   * Returns the value in the current context, otherwise {@code fallback}, whatever the default
   * value.
   */
  public T get(T fallback) {
    Object value = lookUp();
    return value == ContextValues.ABSENT ? fallback : cast(value);
  }

  private @Nullable Object lookUp() {
    Context context = Context.current();
    return context == null ? ContextValues.ABSENT : context.value(this);
  }

  /**
   * Sets the value in the current context. Closing the token, or {@link #reset}, restores the
   * previous state.
   */
  public Token<T> set(T value) {
    Context context = Context.currentMade();
    Object old = context.value(this);
    context.put(this, value);
    return new Token<>(this, context, old);
  }

  /**
   * Restores what was there before the {@link #set} that returned {@code token}.
   *
   * @throws IllegalStateException if the token was used before, or the current context is not the
   *     one it was created in
   * @throws IllegalArgumentException if the token belongs to another variable
   */
  public void reset(Token<T> token) {
    if (token.variable != this) {
      throw new IllegalArgumentException(
          "reset() of " + this + " was given a token of " + token.variable + ".");
    }
    if (token.used) {
      throw new IllegalStateException(
          "This token of " + this + " has already been used: each set() can be undone only once.");
    }
    if (token.context != Context.current()) {
      throw new IllegalStateException("This token of "
          + this
          + " was made in another context: undo a set() in the task that called it, not in a"
          + " task created by that one.");
    }
    token.used = true;
    token.context.put(this, token.old);
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // null only if T allows it
  T cast(@Nullable Object value) {
    return (T) value;
  }

  @Override
  public String toString() {
    return "ContextVar '" + name + "'";
  }

  /**
   * What {@link ContextVar#set} replaced. Closing it takes the value back, once.
   *
   * @param <T> the type of the value
   */
  public static final class Token<T extends @Nullable Object> implements AutoCloseable {
    private final ContextVar<T> variable;
    private final Context context;
    private final @Nullable Object old;
    private boolean used;

    private Token(ContextVar<T> variable, Context context, @Nullable Object old) {
      this.variable = variable;
      this.context = context;
      this.old = old;
    }

    /** Returns the variable that was set. */
    public ContextVar<T> variable() {
      return variable;
    }

    /**
     * Returns whether the variable had a value before it was set; a default value does not count.
     */
    public boolean hadValue() {
      return old != ContextValues.ABSENT;
    }

    /**
     * Returns the previous value.
     *
     * @throws NoSuchElementException if there was none
     */
    public T oldValue() {
      if (old == ContextValues.ABSENT) {
        throw new NoSuchElementException(
            variable + " had no value before it was set: check hadValue() first.");
      }
      return variable.cast(old);
    }

    /** As {@link ContextVar#reset}; does nothing if the value was already taken back. */
    @Override
    public void close() {
      if (!used) {
        variable.reset(this);
      }
    }

    @Override
    public String toString() {
      return "Token[" + variable + (used ? ", used]" : "]");
    }
  }
}
