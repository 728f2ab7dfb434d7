/** What the page has of the worker's numbers: asked for when they are first looked at, there a moment later. */
import type { InspectedMap } from 'chexgpu';
import type { Explained } from '../../../src/densenet/trace/terms.js';
import type { ExplainedWeight } from '../../../src/densenet/trace/weights.js';
import type { WorkerClient } from '../../worker/client.js';
import type { Moved } from './inWorker/moves.js';
import type { KernelSlice } from './inWorker/networkWork.js';
import type { ExplorerWork } from './inWorker/work.js';
import type { AskedNumber } from './types.js';

/** Floats of maps that are held; those looked at longest ago go first. */
const MOST_FLOATS = 4_000_000;

export class Values {
  private readonly maps = new Map<string, InspectedMap | Error | null>();
  private readonly numbers = new Map<string, unknown>();

  /**
   * @param changed something has arrived
   * @param failed something cannot be had, in words
   */
  constructor(
    private readonly worker: WorkerClient<ExplorerWork>,
    private readonly changed: () => void,
    private readonly failed: (why: string) => void,
  ) {}

  /** Null until it is there. */
  map(kind: string, name: string): InspectedMap | null {
    const key = `${kind}|${name}`;
    const found = this.maps.get(key);
    if (found !== undefined) {
      // Looked at last: the first of the map is the one to go.
      this.maps.delete(key);
      this.maps.set(key, found);
      return found instanceof Error ? null : found;
    }
    this.maps.set(key, null);
    this.worker.call('map', { kind, name }).then(
      (map) => {
        this.maps.set(key, map);
        this.trim();
        this.changed();
      },
      (error: Error) => {
        this.maps.set(key, error);
        this.refuse(error);
      },
    );
    return null;
  }

  /** Null until it is there, and for what nobody computes. */
  explained(asked: AskedNumber): Explained | null {
    const key = JSON.stringify(asked);
    return this.once(key, () => this.worker.call('explain', asked));
  }

  weight(text: string): ExplainedWeight | null {
    return this.once(`weight ${text}`, () => this.worker.call('weight', { text }));
  }

  kernel(name: string, channel: number): KernelSlice | null {
    return this.once(`kernel ${name} ${channel}`, () => this.worker.call('kernel', { name, channel }));
  }

  moves(): readonly Moved[] | null {
    return this.once('moves', () => this.worker.call('moves', {}));
  }

  private once<T>(key: string, ask: () => Promise<T | null>): T | null {
    const found = this.numbers.get(key);
    if (found !== undefined) return found as T | null;
    this.numbers.set(key, null);
    ask().then(
      (value) => {
        this.numbers.set(key, value);
        this.changed();
      },
      (error: Error) => this.refuse(error),
    );
    return null;
  }

  /** What a step has no map of is no failure; and a page that leaves hears nothing any more. */
  private refuse({ name, message }: Error): void {
    if (name !== 'AbortError' && !/step has no /.test(message)) this.failed(message);
    this.changed();
  }

  private trim(): void {
    const size = (map: InspectedMap | Error | null) => (map && 'values' in map ? map.values.length : 0);
    let total = [...this.maps.values()].reduce((sum, map) => sum + size(map), 0);
    for (const [key, map] of this.maps) {
      if (total <= MOST_FLOATS) return;
      if (!map) continue;
      total -= size(map);
      this.maps.delete(key);
    }
  }
}
