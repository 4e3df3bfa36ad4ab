package asyncio.internal.task;

import asyncio.CancelledError;
import asyncio.DeadlockException;
import asyncio.internal.util.Causes;
import asyncio.internal.util.Sneaky;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.ObjectStreamException;
import java.io.OutputStream;
import java.io.Serializable;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * The failure for one more receiver: another object of the same class with the same content. The
 * same object thrown in two places would end up suppressing itself (ADR 0009).
 *
 * <p>How, in this order:
 *
 * <ol>
 *   <li>A class that adds no field: by its constructor, if the result says the same.
 *   <li>Any other: written and read as Java serializes it, but only this object. What its fields
 *       refer to need not be serializable, and is the same object in the copy. Fields that come out
 *       different are set by reflection if the class is open to it: those that serialization leaves
 *       out (transient fields, and all fields of a class with its own way of being written), and
 *       those whose value has its own way of being read, such as a {@code List.of} or an EnumMap.
 *       Such a value is still written with all its elements, and is a copy if the class is not
 *       open.
 *   <li>If neither works: by whatever constructor there is, and finally as a CompletionException.
 * </ol>
 *
 * <p>A copy has the cause of the original, or the original itself if that has no cause. A copy that
 * may lack something always leads to the original.
 */
final class FailureCopy {
  private FailureCopy() {}

  static Throwable of(Throwable failure) {
    if (failure instanceof DeadlockException deadlock) {
      var copy = new DeadlockException(String.valueOf(failure.getMessage()), deadlock.graph());
      copy.initCause(failure);
      return copy;
    }
    try {
      Shape shape = Shape.OF.get(failure.getClass());
      Throwable copy = shape.fieldless() ? construct(failure, true) : null;
      if (copy != null) {
        return copy;
      }
      copy = rewrite(failure, shape);
      if (copy != null) {
        return copy;
      }
      copy = construct(failure, false);
      if (copy != null) {
        return copy;
      }
    } catch (Throwable broken) { // a getMessage or getCause, which is foreign code
      passOn(broken);
    }
    return new CompletionException(failure);
  }

  /** Rethrows what an attempt to copy must not swallow. */
  private static void passOn(Throwable broken) {
    if (broken instanceof CancelledError || Causes.isFatal(broken)) {
      throw Sneaky.rethrow(broken);
    }
  }

  /** What must be known of a class, computed once. */
  private record Shape(boolean fieldless, List<Field> leftOut, List<Field> references) {
    static final ClassValue<Shape> OF = new ClassValue<>() {
      @Override
      protected Shape computeValue(Class<?> type) {
        return Shape.of(type);
      }
    };

    private static Shape of(Class<?> type) {
      boolean fieldless = true;
      List<Field> leftOut = new ArrayList<>();
      List<Field> references = new ArrayList<>();
      for (Class<?> each = type; each != Throwable.class; each = each.getSuperclass()) {
        boolean own = hasOwnForm(each);
        for (Field field : each.getDeclaredFields()) {
          if (!Modifier.isStatic(field.getModifiers())) {
            fieldless = false;
            if (own || Modifier.isTransient(field.getModifiers())) {
              leftOut.add(field);
            } else if (!field.getType().isPrimitive()) {
              references.add(field);
            }
          }
        }
      }
      return new Shape(fieldless, List.copyOf(leftOut), List.copyOf(references));
    }

    /**
     * Whether a field of the class, or of Throwable, can hold the object; transient fields aside.
     */
    boolean holds(Object object) {
      return object instanceof String
          || object instanceof Throwable
          || object instanceof StackTraceElement[]
          || object instanceof List
          || references.stream().anyMatch(field -> field.getType().isInstance(object));
    }

    /**
     * Whether a class defines itself how it is written and read; the JDK's own classes are trusted.
     */
    private static boolean hasOwnForm(Class<?> type) {
      if (type.getModule().getDescriptor() != null
          && ModuleLayer.boot().modules().contains(type.getModule())
          && type.getPackageName().startsWith("java")) {
        return false;
      }
      return declares(type, "writeObject", ObjectOutputStream.class)
          || declares(type, "readObject", ObjectInputStream.class)
          || declares(type, "writeReplace")
          || declares(type, "readResolve")
          || declaresField(type, "serialPersistentFields")
          || List.of(type.getInterfaces()).contains(Externalizable.class);
    }
  }

  private static boolean declares(Class<?> type, String name, Class<?>... parameters) {
    return Arrays.stream(type.getDeclaredMethods())
        .anyMatch(method ->
            method.getName().equals(name) && Arrays.equals(method.getParameterTypes(), parameters));
  }

  private static boolean declaresField(Class<?> type, String name) {
    return Arrays.stream(type.getDeclaredFields())
        .anyMatch(field -> field.getName().equals(name));
  }

  // ---- by a constructor ----

  /**
   * Null if there is no constructor that can be called or, if {@code whole}, if the copy says
   * something else.
   */
  private static @Nullable Throwable construct(Throwable failure, boolean whole) {
    String message = failure.getMessage();
    Throwable ownCause = failure.getCause();
    Throwable cause = ownCause == null || !whole ? failure : ownCause;
    try {
      Throwable copy = null;
      for (Constructor<?> constructor : failure.getClass().getConstructors()) {
        Class<?>[] parameters = constructor.getParameterTypes();
        if (parameters.length == 2
            && parameters[0] == String.class
            && parameters[1] == Throwable.class) {
          copy = (Throwable) constructor.newInstance(message, cause);
        }
      }
      if (copy == null) {
        copy = failure.getClass().getConstructor(String.class).newInstance(message);
        copy.initCause(cause);
      }
      if (whole && !(Objects.equals(message, copy.getMessage()) && copy.getCause() == cause)) {
        return null;
      }
      if (cause == ownCause) {
        copy.setStackTrace(failure.getStackTrace());
      }
      for (Throwable suppressed : failure.getSuppressed()) {
        copy.addSuppressed(suppressed);
      }
      return copy;
    } catch (Throwable noSuchCopy) {
      passOn(noSuchCopy);
      return null;
    }
  }

  // ---- as it is serialized ----

  private static @Nullable Throwable rewrite(Throwable failure, Shape shape) {
    try {
      boolean lacking = false;
      Throwable copy;
      try {
        copy = writeAndRead(failure, null);
      } catch (ClassCastException standIn) {
        // A value has put another object in its place that does not fit the field.
        lacking = true;
        copy = writeAndRead(failure, shape);
      }
      if (copy == failure || copy.getClass() != failure.getClass()) {
        return null;
      }
      boolean whole = true;
      for (Field field : shape.leftOut()) {
        whole &= set(field, failure, copy);
      }
      for (Field field : shape.references()) {
        whole &= set(field, failure, copy) || !lacking;
      }
      lead(copy, failure, whole);
      return copy;
    } catch (Throwable notSerializable) {
      passOn(notSerializable);
      return null;
    }
  }

  private static Throwable writeAndRead(Throwable failure, @Nullable Shape taking)
      throws IOException, ClassNotFoundException {
    var bytes = new ByteArrayOutputStream(512);
    try (var writer = new ShallowWriter(bytes, failure, taking)) {
      writer.writeObject(failure);
      writer.flush();
      try (var reader = new ShallowReader(bytes.toByteArray(), writer)) {
        return (Throwable) reader.readObject();
      }
    }
  }

  /** Returns whether both have the same value there now. */
  private static boolean set(Field field, Throwable from, Throwable to) {
    try {
      if (field.trySetAccessible()) {
        Object value = field.get(from);
        if (field.get(to) != value) {
          field.set(to, value);
        }
        return true;
      }
    } catch (IllegalAccessException final_) {
      // This Java no longer lets final fields be set.
    }
    return false;
  }

  /** Makes the copy's trace lead to the original. */
  private static void lead(Throwable copy, Throwable failure, boolean whole) {
    if (copy.getCause() == null) {
      try {
        copy.initCause(failure);
        copy.fillInStackTrace(); // its own: where it was received
        return;
      } catch (IllegalStateException causeIsNullForGood) {
        // It was created with null as its cause.
      }
    }
    if (!whole) {
      copy.addSuppressed(failure);
    }
  }

  /** Stands in the bytes for what a field refers to. */
  private static final class Reference implements Serializable {
    private static final long serialVersionUID = 1L;

    final int index;

    Reference(int index) {
      this.index = index;
    }
  }

  private static final ClassValue<Boolean> RESOLVES = new ClassValue<>() {
    @Override
    protected Boolean computeValue(Class<?> type) {
      for (Class<?> each = type; each != null; each = each.getSuperclass()) {
        if (declares(each, "readResolve")) {
          return true;
        }
      }
      return false;
    }
  };

  private static final class ShallowWriter extends ObjectOutputStream {
    private final Throwable root;

    /** If not null: what none of its fields can hold is null in the copy. */
    private final @Nullable Shape taking;

    /** For Throwable's own empty list, which comes before everything else that resolves itself. */
    private boolean keepsNext;

    private final IdentityHashMap<Object, Integer> indices = new IdentityHashMap<>();

    /** What the {@link Reference}s stand for. */
    final List<@Nullable Object> referred = new ArrayList<>();

    /** The classes in the order in which they are written, which is the order of reading. */
    final List<Class<?>> classes = new ArrayList<>();

    ShallowWriter(OutputStream out, Throwable root, @Nullable Shape taking) throws IOException {
      super(out);
      this.root = root;
      this.taking = taking;
      this.keepsNext = root.getSuppressed().length == 0;
      enableReplaceObject(true);
    }

    @Override
    protected @Nullable Object replaceObject(@Nullable Object object) {
      if (object == null || object == root) {
        return object;
      }
      if (RESOLVES.get(object.getClass()) && (taking == null || keepsNext)) {
        // What resolves itself when it is read may be a stand-in that another object has put in its
        // place (the JDK's immutable lists, java.time), and must be read as such.
        keepsNext = false;
        return object;
      }
      Integer known = indices.get(object);
      if (known == null) {
        known = referred.size();
        indices.put(object, known);
        referred.add(taking == null || taking.holds(object) ? object : null);
      }
      return new Reference(known);
    }

    @Override
    protected void annotateClass(Class<?> type) {
      classes.add(type);
    }
  }

  private static final class ShallowReader extends ObjectInputStream {
    private final ShallowWriter writer;
    private int nextClass;

    ShallowReader(byte[] bytes, ShallowWriter writer) throws IOException {
      super(new ByteArrayInputStream(bytes));
      this.writer = writer;
      enableResolveObject(true);
      // These bytes do not come from outside: a filter for the whole JVM is not meant for them.
      setObjectInputFilter(info -> ObjectInputFilter.Status.ALLOWED);
    }

    @Override
    protected @Nullable Object resolveObject(Object object) throws ObjectStreamException {
      return object instanceof Reference reference ? writer.referred.get(reference.index) : object;
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass described) {
      return writer.classes.get(nextClass++); // whatever its loader, and whether public or not
    }
  }
}
