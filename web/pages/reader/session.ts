/** What the Reader knows: its X-rays, their results, and the order in which the worker is asked for them. */
import { probabilitiesToCsv } from 'chexgpu';
import { WorkerClient } from '../../worker/client.js';
import type { CallProgress } from '../../worker/protocol.js';
import type { Look } from './inWorker/exports.js';
import type { ReaderWork } from './inWorker/work.js';
import type { Decoded, Explained, Loaded, Opened, Source } from './types.js';

export interface Xray {
  readonly id: number;
  readonly name: string;
  readonly source: Source;
  /** Null until it is decoded; `bitmap` only while it is shown. */
  decoded: Omit<Decoded, 'bitmap'> | null;
  /** p[classes] at the size and of the network that are chosen; null until it is predicted. */
  probabilities: Float32Array | null;
  milliseconds: number;
  /** Why there is no result. */
  failure: string;
}

/** What the worker has to say of the kernels. */
export interface Checks {
  readonly state: 'waiting' | 'running' | 'done';
  readonly done: number;
  readonly total: number;
  readonly right: number;
  /** Found wrong behind a result, which was withdrawn. */
  readonly wrong: readonly string[];
}

export type SessionEvents = 'change' | 'ready' | 'result' | 'gradcam' | 'withdrawn';

/** The finding to explain first: what the network is surest of, over its operating point where there is one. */
export function mostStriking(probabilities: Float32Array, thresholds: readonly number[] | null): number {
  const above = (c: number) => probabilities[c] - (thresholds?.[c] ?? 0);
  return [...probabilities.keys()].reduce((best, c) => (above(c) > above(best) ? c : best), 0);
}

export class ReaderSession extends EventTarget {
  private worker = this.startWorker();
  private lastId = 0;
  private phantoms = 0;
  private pumping = false;
  /** Raised when results of before no longer count. */
  private generation = 0;

  opened: Opened | null = null;
  loaded: Loaded | null = null;
  xrays: Xray[] = [];
  current: Xray | null = null;
  bitmap: ImageBitmap | null = null;
  /** The class that is explained. */
  classIndex: number | null = null;
  map: Explained | null = null;
  size = 224;
  checks: Checks = { state: 'waiting', done: 0, total: 0, right: 0, wrong: [] };
  progress: CallProgress | null = { what: 'Opening the GPU', done: 0, total: 0 };
  failure = '';

  /** Why the GPU is gone; `reopen` begins anew. */
  lost = '';
  /** The weight file that the network is of; null for that of the address. */
  private file: File | null = null;

  /** A worker, which will have a GPU of its own. */
  private startWorker(): WorkerClient<ReaderWork> {
    const worker = new WorkerClient<ReaderWork>('reader');
    worker.addEventListener('checking', (event) => {
      const { done, total } = (event as CustomEvent<{ done: number; total: number }>).detail;
      this.checks = { ...this.checks, state: 'running', done, total };
      this.tell('change');
    });
    worker.addEventListener('lost', (event) => {
      this.lost = (event as CustomEvent<string>).detail || 'no reason given';
      this.opened = null;
      this.progress = null;
      this.tell('change');
    });
    return worker;
  }

  /** Begins anew with another worker, after the GPU was lost: every X-ray is read again. */
  async reopen(weights: string | null): Promise<void> {
    this.worker.close();
    this.worker = this.startWorker();
    Object.assign(this, {
      lost: '',
      failure: '',
      bitmap: null,
      progress: { what: 'Opening the GPU', done: 0, total: 0 },
    });
    for (const xray of this.xrays) Object.assign(xray, { decoded: null, failure: '' });
    this.withdraw();
    await this.open(this.file ?? weights, this.size);
  }

  /** @param weights an address, a file, null for the network in the box @param size 0: that of the weights */
  async open(weights: string | File | null, size: number): Promise<void> {
    try {
      this.opened = await this.worker.call('open', { weights }, { onProgress: this.show });
      this.loaded = this.opened;
      this.size = size || this.opened.size;
      this.progress = null;
      this.tell('ready');
      void this.pump();
      // Nobody waits for it yet: what compiles now, the first X-ray does not wait for.
      await this.worker.call('warmUp', { size: this.size });
    } catch (error) {
      this.fail(error);
    }
    this.tell('change');
  }

  close(): void {
    this.worker.close();
  }

  private readonly show = (progress: CallProgress) => {
    this.progress = progress;
    this.tell('change');
  };

  /** Says what went wrong. */
  fail(error: unknown): void {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    this.progress = null;
    this.failure = error instanceof Error ? error.message : String(error);
    this.tell('change');
  }

  private tell(name: SessionEvents, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** X-rays to read; the first of them is shown. */
  add(files: readonly File[]): void {
    const sources = files.map(
      (file): Source => ({ kind: 'file', file, name: file.name || 'pasted picture' }),
    );
    this.addSources(sources);
  }

  addPhantom(): void {
    this.addSources([{ kind: 'phantom', number: this.phantoms++ }]);
  }

  private addSources(sources: readonly Source[]): void {
    this.failure = '';
    const added = sources.map(
      (source): Xray => ({
        id: ++this.lastId,
        name: source.kind === 'file' ? source.name : `phantom ${source.number + 1}`,
        source,
        decoded: null,
        probabilities: null,
        milliseconds: 0,
        failure: '',
      }),
    );
    if (added.length === 0) return;
    this.xrays = [...this.xrays, ...added];
    this.select(added[0]);
  }

  remove(xray: Xray): void {
    const at = this.xrays.indexOf(xray);
    this.xrays = this.xrays.filter((one) => one !== xray);
    xray.decoded?.thumb.close();
    void this.worker.call('forget', { id: xray.id });
    if (this.current !== xray) {
      this.tell('change');
      return;
    }
    this.current = null;
    this.bitmap = null;
    this.map = null;
    const next = this.xrays[at] ?? this.xrays[at - 1];
    if (next) this.select(next);
    else this.tell('change');
  }

  select(xray: Xray): void {
    if (xray === this.current) return;
    this.current = xray;
    this.bitmap = null;
    this.map = null;
    this.tell('change');
    void this.pump();
  }

  /** The X-ray before or behind the current one. */
  step(by: 1 | -1): void {
    const next = this.current && this.xrays[this.xrays.indexOf(this.current) + by];
    if (next) this.select(next);
  }

  /** Explains a class of the current X-ray, and from now on of each that is shown. */
  explain(classIndex: number): void {
    this.classIndex = classIndex;
    this.map = null;
    this.tell('change');
    void this.pump();
  }

  /** Everything is read anew at another size of the network's images. */
  resize(size: number): void {
    if (size === this.size) return;
    this.size = size;
    this.withdraw();
    void this.pump();
  }

  /** Another network, of a weight file. */
  async load(file: File): Promise<void> {
    this.failure = '';
    try {
      const loaded = await this.worker.call('load', { file, name: file.name }, { onProgress: this.show });
      this.loaded = loaded;
      this.file = file;
      this.size = loaded.size;
      this.classIndex = null;
      this.progress = null;
      this.withdraw();
      void this.pump();
    } catch (error) {
      this.fail(error);
    }
  }

  /** What was found is of another size, network or kernel now. */
  private withdraw(): void {
    this.generation++;
    // Other plans, whose kernels may be others.
    this.checks = { ...this.checks, state: 'waiting' };
    this.map = null;
    for (const xray of this.xrays) {
      xray.probabilities = null;
      if (xray.decoded) xray.failure = '';
    }
    this.tell('change');
  }

  /** X-rays that have a result. */
  get read(): readonly Xray[] {
    return this.xrays.filter(({ probabilities }) => probabilities);
  }

  /** The results as `chexgpu predict` writes them. */
  csv(): Blob {
    const { read } = this;
    const labels = this.loaded?.labels ?? [];
    const predictions = Float32Array.from(read.flatMap((xray) => [...(xray.probabilities ?? [])]));
    return new Blob([probabilitiesToCsv({ labels, images: read.map(({ name }) => name), predictions })], {
      type: 'text/csv',
    });
  }

  /** The current X-ray beside its Grad-CAM. @throws WorkerError */
  png(look: Look, boxes: boolean): Promise<Blob> {
    const { current, map, size } = this;
    if (!current || !map) throw new Error('There is no Grad-CAM yet.');
    return this.worker.call('png', { id: current.id, size, classIndex: map.classIndex, boxes, look });
  }

  /** A page of all results. @throws WorkerError */
  async report(look: Look): Promise<Blob> {
    const ids = this.read.map(({ id, probabilities }) => {
      const p = probabilities as Float32Array;
      return { id, probabilities: p, classIndex: this.classIndex ?? mostStriking(p, this.thresholds) };
    });
    try {
      return await this.worker.call('report', { ids, size: this.size, look }, { onProgress: this.show });
    } finally {
      this.progress = null;
      this.tell('change');
    }
  }

  get thresholds(): readonly number[] | null {
    const points = this.loaded?.points;
    return points && points.size === this.size ? points.of.map(({ threshold }) => threshold) : null;
  }

  /** Does what is to be done next until nothing is: the current X-ray first, then the others, then checks. */
  private async pump(): Promise<void> {
    if (this.pumping || !this.opened) return;
    this.pumping = true;
    try {
      for (let work = this.next(); work; work = this.next()) {
        await work();
        this.tell('change');
      }
      const isUsed = this.xrays.some(({ probabilities }) => probabilities);
      // Beside what is asked for next, not before it.
      if (isUsed && this.checks.state === 'waiting') void this.check();
    } catch (error) {
      this.fail(error);
    } finally {
      this.pumping = false;
    }
  }

  private next(): (() => Promise<void>) | null {
    if (!this.opened) return null;
    const { current } = this;
    if (current && !current.failure) {
      if (!this.bitmap) return () => this.decode(current);
      if (!current.probabilities) return () => this.predict(current);
      if (!this.map) return () => this.explainCurrent(current);
    }
    const waiting = this.xrays.find((xray) => !xray.probabilities && !xray.failure);
    if (!waiting) return null;
    return () => (waiting.decoded ? this.predict(waiting) : this.decode(waiting));
  }

  private async decode(xray: Xray): Promise<void> {
    try {
      const { bitmap, ...decoded } = await this.worker.call('decode', { id: xray.id, source: xray.source });
      if (xray === this.current) this.bitmap = bitmap;
      else bitmap.close();
      xray.decoded ??= decoded;
    } catch (error) {
      xray.failure = error instanceof Error ? error.message : String(error);
    }
  }

  private async predict(xray: Xray): Promise<void> {
    const { generation, size } = this;
    try {
      const { probabilities, milliseconds } = await this.worker.call('predict', { id: xray.id, size });
      if (generation !== this.generation) return;
      Object.assign(xray, { probabilities, milliseconds });
      this.tell('result', xray);
    } catch (error) {
      xray.failure = error instanceof Error ? error.message : String(error);
    }
  }

  private async explainCurrent(xray: Xray): Promise<void> {
    const { generation, size } = this;
    const classIndex = this.classIndex ?? mostStriking(xray.probabilities as Float32Array, this.thresholds);
    const map = await this.worker.call('explain', { id: xray.id, size, classIndex });
    const stillWanted = this.classIndex === null || this.classIndex === classIndex;
    if (generation !== this.generation || xray !== this.current || !stillWanted) return;
    this.map = map;
    this.tell('gradcam', { xray, map });
  }

  /** The kernels that gave the first results. A wrong one withdraws them, and all is read anew. */
  private async check(): Promise<void> {
    this.checks = { ...this.checks, state: 'running' };
    this.tell('change');
    try {
      const { right, wrong } = await this.worker.call('check', {});
      const state = this.checks.state === 'running' ? 'done' : this.checks.state;
      this.checks = { ...this.checks, state, right, wrong: [...this.checks.wrong, ...wrong] };
      if (wrong.length > 0) {
        this.withdraw();
        this.tell('withdrawn', wrong);
      }
    } catch (error) {
      this.fail(error);
    }
    this.tell('change');
    void this.pump();
  }
}
