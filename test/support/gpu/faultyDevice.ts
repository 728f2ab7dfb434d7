/** A device that counts what is asked of it, can run out of memory, and tells of errors that nobody caught. */

const UNUSABLE = 0x1 | 0x80; // MAP_READ | STORAGE

export type Fault = 'throws' | 'reports';

export interface FaultyDevice {
  /** Behaves like the real one. */
  readonly device: GPUDevice;
  /** Buffers asked for since the last `arm`. */
  readonly buffers: number;
  /** Messages of errors that reached no scope. */
  readonly uncaught: string[];
  /** The k-th buffer from now on, from 1, is not to be had; none for 0. */
  arm(k: number, fault?: Fault): void;
  /** Called at every call of the device or its queue. */
  onCall: (() => void) | null;
}

export function faultyDevice(real: GPUDevice): FaultyDevice {
  const scopes: { filter: string; injected: { message: string } | null }[] = [];
  const state = { failing: 0, fault: 'reports' as Fault };
  const made = { buffers: 0, uncaught: [] as string[], onCall: null as FaultyDevice['onCall'] };
  real.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    made.uncaught.push(event.error.message);
  });

  const pushErrorScope = (filter: GPUErrorFilter) => {
    scopes.push({ filter, injected: null });
    real.pushErrorScope(filter);
  };
  const popErrorScope = async () => {
    const injected = scopes.pop()?.injected ?? null;
    const error = await real.popErrorScope();
    return injected ?? error;
  };
  const createBuffer = (descriptor: GPUBufferDescriptor): GPUBuffer => {
    made.buffers++;
    if (made.buffers !== state.failing) return real.createBuffer(descriptor);
    if (state.fault === 'throws') throw new RangeError('createBuffer failed, out of memory');
    const scope = scopes.findLast(({ filter }) => filter === 'out-of-memory');
    if (scope) scope.injected = { message: 'Out of memory.' };
    else made.uncaught.push('out of memory without a scope');
    // An invalid buffer, as WebGPU gives it.
    real.pushErrorScope('validation');
    const buffer = real.createBuffer({ size: 16, usage: UNUSABLE });
    void real.popErrorScope();
    return buffer;
  };

  const watched = <T extends object>(target: T, own: Partial<Record<keyof T, unknown>> = {}): T =>
    new Proxy(target, {
      get(_, key) {
        const value = own[key as keyof T] ?? Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          made.onCall?.();
          return value.apply(target, args);
        };
      },
    });
  const queue = watched(real.queue);
  const device = watched(real, { pushErrorScope, popErrorScope, createBuffer, queue });
  return Object.assign(made, {
    device,
    arm(k: number, fault: Fault = 'reports') {
      made.buffers = 0;
      state.failing = k;
      state.fault = fault;
    },
  });
}
