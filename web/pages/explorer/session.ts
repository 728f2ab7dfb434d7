/**
 * What the page of the Explorer knows: the place in the address, and what the worker looks at. All tabs share it:
 * `session.place` says where somebody is, `session.go({ ... })` goes elsewhere, `session.worker.call(...)` asks.
 */
import { WorkerClient } from '../../worker/client.js';
import { Graph } from './graph/graph.js';
import type { ExplorerWork } from './inWorker/work.js';
import { type ExplorerNetwork, networkOf } from './networks.js';
import { type Place, readPlace, writePlace } from './place.js';
import type { Opened, SubjectWish } from './types.js';
import { Values } from './values.js';

/** The page's name in the address; elsewhere the address is not ours. */
const OURS = /^#explorer(?:\?|$)/;

/** First what is to be seen, then the checks of what computed it. */
const CHECK_AFTER_MS = 4000;

const wishOf = ({ network, image, labels }: Place): SubjectWish => ({ network, image, labels });

/** Sends `change`; `ready` once the picture can be used; `looked` when the worker looks at something else. */
export class ExplorerSession extends EventTarget {
  worker = this.startWorker();
  place: Place = readPlace(location.hash);
  /** Null until the worker looks at what the place says. */
  opened: Opened | null = null;
  /** Numbers of what the worker looks at. */
  values = this.newValues();
  /** Why there is no GPU, or nothing to look at. */
  failure = '';
  /** Kernels that gave wrong numbers on this adapter; what they gave was taken back. */
  withdrawn: readonly string[] = [];
  private wish = '';
  /** Another page is shown. */
  private isAway = false;
  private drawn: { id: string; graph: Graph } | null = null;

  /** The GPU is gone: `reopen` begins anew. */
  isLost = false;

  private newValues(): Values {
    const values: Values = new Values(
      this.worker,
      () => this.tell('change'),
      (why) => {
        if (this.values === values) this.failure ||= why;
      },
    );
    return values;
  }

  private startWorker(): WorkerClient<ExplorerWork> {
    const worker = new WorkerClient<ExplorerWork>('explorer');
    worker.addEventListener('lost', (event) => {
      this.failure = `The GPU was lost: ${(event as CustomEvent<string>).detail || 'no reason given'}.`;
      this.isLost = true;
      this.tell('change');
    });
    return worker;
  }

  /** Begins anew with another worker, after the GPU was lost. */
  reopen(): void {
    this.worker.close();
    this.worker = this.startWorker();
    this.isLost = false;
    this.wish = '';
    void this.look();
  }

  get network(): ExplorerNetwork {
    return networkOf(this.place.network);
  }

  /** The table of the network, which needs nobody to compute. */
  get graph(): Graph {
    const { id, config, size } = this.network;
    if (this.drawn?.id !== id) this.drawn = { id, graph: new Graph(config, size) };
    return this.drawn.graph;
  }

  async open(): Promise<void> {
    addEventListener('hashchange', this.follow);
    this.tell('ready');
    await this.look();
  }

  close(): void {
    removeEventListener('hashchange', this.follow);
    this.worker.close();
  }

  /** Goes to another place; each is a step in the browser's history but those that `replace` the one before. */
  go(change: Partial<Place>, { replace = false } = {}): void {
    this.place = { ...this.place, ...change };
    const address = `#explorer${writePlace(this.place)}`;
    if (OURS.test(location.hash) && address !== location.hash) {
      if (replace) history.replaceState(null, '', address);
      else history.pushState(null, '', address);
    }
    this.arrived();
  }

  private readonly follow = () => {
    if (!OURS.test(location.hash)) {
      this.isAway = true;
      return;
    }
    // The navigation leads back to where one was: its link knows of no place.
    if (this.isAway && location.hash === '#explorer') this.go({}, { replace: true });
    else {
      this.place = readPlace(location.hash);
      this.arrived();
    }
    this.isAway = false;
  };

  private arrived(): void {
    this.tell('change');
    void this.look();
  }

  /** Lets the worker look at what the place says. */
  private async look(): Promise<void> {
    const wish = wishOf(this.place);
    const key = JSON.stringify(wish);
    if (key === this.wish) return;
    this.wish = key;
    const { worker } = this;
    const isCurrent = () => worker === this.worker && key === this.wish;
    this.opened = null;
    this.failure = '';
    this.values = this.newValues();
    try {
      const opened = await worker.call('look', wish);
      if (!isCurrent()) return;
      this.opened = opened;
      this.tell('looked');
      if (!opened.recorded) setTimeout(() => void this.check(isCurrent), CHECK_AFTER_MS);
    } catch (error) {
      if (isCurrent()) this.failure = error instanceof Error ? error.message : String(error);
    }
    this.tell('change');
  }

  /** Kernels that nothing is known of, behind the first values; wrong ones withdraw what they gave. */
  private async check(isCurrent: () => boolean): Promise<void> {
    if (!isCurrent()) return;
    const { worker } = this;
    try {
      const wrong = await worker.call('check', {});
      if (wrong.length === 0 || worker !== this.worker) return;
      this.withdrawn = [...this.withdrawn, ...wrong];
      this.wish = '';
      await this.look();
    } catch {
      // The GPU was lost, or the page left: whoever asks for a value is told.
    }
  }

  /** A picture of the reader's own. */
  async addFile(file: File): Promise<void> {
    const id = `file-${Date.now().toString(36)}`;
    try {
      await this.worker.call('addFile', { id, file });
      this.go({ image: id, labels: this.place.labels, tour: 0 });
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** Says what went wrong, until something else is looked at. */
  fail(why: string): void {
    this.failure = why;
    this.tell('change');
  }

  private tell(name: 'change' | 'ready' | 'looked'): void {
    this.dispatchEvent(new CustomEvent(name));
  }
}
