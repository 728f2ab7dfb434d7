/**
 * Whether code runs within a callback that somebody of ours is waiting for: what it calls must not wait for that
 * somebody. Node follows a callback over its awaits; elsewhere only its synchronous part is known.
 */

interface Store {
  run<T>(value: Frame, work: () => T): T;
  getStore(): Frame | undefined;
}

interface Frame {
  /** Who waits for the callback; null when it no longer does. */
  owner: object | null;
  around: Frame | undefined;
}

/** What every host can do: no await, no following. */
class SynchronousStore implements Store {
  private frame: Frame | undefined;

  run<T>(value: Frame, work: () => T): T {
    const before = this.frame;
    this.frame = value;
    try {
      return work();
    } finally {
      this.frame = before;
    }
  }

  getStore(): Frame | undefined {
    return this.frame;
  }
}

interface NodeLike {
  process?: { getBuiltinModule?: (name: string) => { AsyncLocalStorage: new () => Store } | undefined };
}

function makeStore(): Store {
  // Asked for by name, as browsers must be able to load this file.
  const hooks = (globalThis as NodeLike).process?.getBuiltinModule?.('node:async_hooks');
  return hooks ? new hooks.AsyncLocalStorage() : new SynchronousStore();
}

let store: Store | undefined;

/** Calls `callback` in the name of `owner`, who waits for it. */
export async function callWithin<T>(owner: object, callback: () => T | Promise<T>): Promise<T> {
  store ??= makeStore();
  const frame: Frame = { owner, around: store.getStore() };
  try {
    return await store.run(frame, callback);
  } finally {
    // What the callback started and did not wait for goes on outside.
    frame.owner = null;
  }
}

/** Whether this code runs within a callback that `owner` waits for. */
export function isWithin(owner: object): boolean {
  for (let frame = store?.getStore(); frame; frame = frame.around) {
    if (frame.owner === owner) return true;
  }
  return false;
}
