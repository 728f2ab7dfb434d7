/** What the Race's page knows, and what it asks of its worker. */
import type { BenchDocument } from '../../../bench/document/document.js';
import { WorkerClient, WorkerError } from '../../worker/client.js';
import type { CallProgress } from '../../worker/protocol.js';
import type { RaceWork } from './inWorker/work.js';
import type { Opened, Shown, Wishes } from './types.js';

export type State = 'opening' | 'idle' | 'racing' | 'done' | 'failed' | 'cancelled' | 'loaded';

export type SessionEvents = 'change' | 'ready' | 'raced';

export class RaceSession extends EventTarget {
  private readonly worker = new WorkerClient<RaceWork>('race');
  private control: AbortController | null = null;
  state: State = 'opening';
  opened: Opened | null = null;
  wishes: Wishes | null = null;
  shown: Shown | null = null;
  progress: CallProgress | null = { what: 'Opening the GPU', done: 0, total: 0 };
  failure = '';

  constructor() {
    super();
    this.worker.addEventListener('document', (event) => {
      const { detail: document } = event as CustomEvent<BenchDocument>;
      // Of a race that was given up nothing is shown any more.
      if (this.state !== 'racing') return;
      this.shown = { document, file: null };
      this.tell('change');
    });
    this.worker.addEventListener('lost', (event) => {
      this.failure = `The GPU was lost: ${(event as CustomEvent<string>).detail} The next race opens it again.`;
      this.tell('change');
    });
  }

  private tell(name: SessionEvents, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  private fail(error: unknown): void {
    this.failure = error instanceof Error ? error.message : String(error);
    this.state = 'failed';
  }

  get isRacing(): boolean {
    return this.state === 'racing';
  }

  async open(): Promise<void> {
    try {
      this.opened = await this.worker.call('open', null);
      this.wishes = this.opened.usual;
      this.state = 'idle';
      this.tell('ready');
    } catch (error) {
      this.fail(error);
    }
    this.progress = null;
    this.tell('change');
  }

  close(): void {
    this.control?.abort();
    this.worker.close();
  }

  wish(wishes: Partial<Wishes>): void {
    if (this.wishes) this.wishes = { ...this.wishes, ...wishes };
    this.tell('change');
  }

  /** Measures what is wished; what was shown before stays until the first section is there. */
  race(): Promise<void> {
    return this.carryOut('race');
  }

  raceTfjs(): Promise<void> {
    return this.carryOut('raceTfjs');
  }

  private async carryOut(method: 'race' | 'raceTfjs'): Promise<void> {
    const { wishes } = this;
    if (this.isRacing || !wishes) return;
    const control = new AbortController();
    const { signal } = control;
    this.control = control;
    this.state = 'racing';
    this.failure = '';
    this.progress = { what: 'Beginning', done: 0, total: 0 };
    this.tell('change');
    const onProgress = (progress: CallProgress) => {
      if (signal.aborted) return;
      this.progress = progress;
      this.tell('change');
    };
    try {
      await this.worker.call(method, wishes, { signal, onProgress });
      this.state = 'done';
      this.tell('raced', this.shown?.document);
    } catch (error) {
      if (signal.aborted) this.state = 'cancelled';
      else this.fail(error);
    }
    this.progress = null;
    this.tell('change');
  }

  cancel(): void {
    this.control?.abort();
  }

  /** Shows a result that a file holds. */
  async load(file: File): Promise<void> {
    if (this.isRacing) return;
    this.failure = '';
    try {
      const document = await this.worker.call('read', { file });
      this.shown = { document, file: file.name };
      this.state = 'loaded';
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
      this.state = error instanceof WorkerError && this.shown ? this.state : 'failed';
    }
    this.tell('change');
  }

  async download(): Promise<{ name: string; blob: Blob } | null> {
    return this.shown && this.worker.call('file', { document: this.shown.document });
  }
}
