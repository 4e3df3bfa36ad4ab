package asyncio;

import asyncio.internal.util.CreationSite;
import org.jspecify.annotations.Nullable;

/** A callback that knows where it was scheduled, for debug mode. */
final class TracedHandle extends CallbackHandle {
  private final CreationSite scheduledAt = CreationSite.here();

  TracedHandle(Runnable callback, @Nullable Context context) {
    super(callback, context);
  }

  @Override
  public CreationSite origin() {
    return scheduledAt;
  }

  @Override
  String state() {
    return super.state() + ", " + scheduledAt;
  }
}
