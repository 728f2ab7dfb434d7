/** What the Trainer's page knows, and what it asks of its worker. */
import { WorkerClient } from '../../worker/client.js';
import type { CallProgress } from '../../worker/protocol.js';
import type { Explained } from '../reader/types.js';
import type { TrainerWork } from './inWorker/work.js';
import type {
  Curves,
  DataFacts,
  Download,
  EpochPoint,
  FolderFile,
  Kept,
  Opened,
  Outcome,
  PhantomWishes,
  Results,
  Start,
  StepWords,
  TestImage,
  Wishes,
} from './types.js';

/** Files of a folder that one message takes over. */
const CHUNK = 400;

const EMPTY: Curves = { stepLosses: [], epochs: [] };

export type State = 'opening' | 'idle' | 'training' | 'pausing' | 'paused' | 'stopping' | 'done';

export type SessionEvents = 'change' | 'ready' | 'step' | 'done' | 'paused' | 'withdrawn';

export class TrainerSession extends EventTarget {
  private readonly worker = new WorkerClient<TrainerWork>('trainer');
  state: State = 'opening';
  opened: Opened | null = null;
  /** A training that waits, of before the page was loaded or of this page. */
  kept: Kept | null = null;
  facts: DataFacts | null = null;
  wishes: Wishes | null = null;
  file: File | null = null;
  progress: CallProgress | null = { what: 'Opening the GPU', done: 0, total: 0 };
  failure = '';
  /** Why the GPU is gone; `reopen` opens it again. */
  lost = '';
  /** Lines that callbacks say. */
  notes: readonly string[] = [];
  /** What whoever reads the numbers should know. */
  warnings: readonly string[] = [];
  curves: { stepLosses: number[]; epochs: readonly EpochPoint[] } = { stepLosses: [], epochs: [] };
  step: StepWords | null = null;
  validating: { step: number; steps: number } | null = null;
  results: Results | null = null;
  image: TestImage | null = null;
  imageIndex = 0;
  classIndex = 0;
  map: Explained | null = null;
  checks = '';

  constructor() {
    super();
    const hear = <T>(name: string, heard: (detail: T) => void) =>
      this.worker.addEventListener(name, (event) => {
        heard((event as CustomEvent<T>).detail);
        this.tell('change');
      });
    hear<StepWords>('step', (step) => {
      this.step = step;
      this.validating = null;
      this.curves.stepLosses.push(step.loss);
      this.tell('step', step);
    });
    hear<{ step: number; steps: number }>('validating', (validating) => {
      this.validating = validating;
    });
    hear<Curves>('epoch', (curves) => this.show(curves));
    hear<string>('lost', (why) => {
      this.lost = why || 'no reason given';
    });
    hear<string>('note', (note) => {
      this.notes = [...this.notes, note];
    });
    hear<string>('warning', (warning) => {
      this.warnings = [...this.warnings, warning];
    });
    hear<{ done: number; total: number }>('checking', ({ done, total }) => {
      this.checks = done < total ? `Checking kernels: ${done} of ${total}.` : '';
    });
    hear<{ kernels: readonly string[] }>('withdrawn', ({ kernels }) => {
      this.show(EMPTY);
      this.withdraw(kernels, 'The training begins anew with others.');
    });
  }

  private show({ stepLosses, epochs }: Curves): void {
    this.curves = { stepLosses: [...stepLosses], epochs };
  }

  private withdraw(kernels: readonly string[], then: string): void {
    this.warnings = [...this.warnings, `${kernels.join(', ')} gave wrong numbers on this adapter. ${then}`];
    this.tell('withdrawn', kernels);
  }

  private tell(name: SessionEvents, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  private readonly onProgress = (progress: CallProgress) => {
    this.progress = progress;
    this.tell('change');
  };

  private fail(error: unknown): void {
    this.progress = null;
    if (error instanceof DOMException && error.name === 'AbortError') return;
    this.failure = error instanceof Error ? error.message : String(error);
  }

  /** Does something that may fail. @returns whether it did not */
  private async attempt(work: () => Promise<void>): Promise<boolean> {
    this.failure = '';
    try {
      await work();
      this.progress = null;
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    } finally {
      this.tell('change');
    }
  }

  /** Whether a training that waits wants the data that are there. */
  get holdsData(): boolean {
    return this.isBusy || (this.kept !== null && this.kept.data.kind === 'phantoms');
  }

  get isBusy(): boolean {
    return ['training', 'pausing', 'stopping'].includes(this.state);
  }

  /** Whether a training can begin or go on. */
  get canTrain(): boolean {
    return !this.isBusy && this.state !== 'opening' && this.lost === '';
  }

  /** After the GPU was lost. What was trained is there as far as its last checkpoint. */
  async reopen(): Promise<void> {
    Object.assign(this, { lost: '', state: 'opening', results: null, image: null, map: null });
    this.tell('change');
    await this.open();
  }

  async open(): Promise<void> {
    await this.attempt(async () => {
      const opened = await this.worker.call('open', null, { onProgress: this.onProgress });
      this.opened = opened;
      this.wishes ??= opened.usual.box;
      this.kept = opened.kept;
      if (this.kept) {
        this.wishes = this.kept.wishes;
        this.show(this.kept.curves);
      }
      this.state = this.kept ? 'paused' : 'idle';
      const phantoms = this.kept?.data.phantoms;
      if (phantoms) this.facts = await this.worker.call('drawPhantoms', phantoms);
      this.tell('ready');
    });
  }

  close(): void {
    this.worker.close();
  }

  async takeFolder(files: readonly FolderFile[]): Promise<void> {
    await this.attempt(async () => {
      this.requireFree();
      for (let from = 0; from < files.length; from += CHUNK) {
        this.onProgress({ what: 'Reading the folder', done: from, total: files.length });
        await this.worker.call('addFiles', { files: files.slice(from, from + CHUNK) });
      }
      this.use(await this.worker.call('readFolder', null, { onProgress: this.onProgress }));
    });
  }

  async drawPhantoms(phantoms: PhantomWishes): Promise<void> {
    await this.attempt(async () => {
      this.requireFree();
      this.use(await this.worker.call('drawPhantoms', phantoms));
    });
  }

  private requireFree(): void {
    if (this.isBusy) throw new Error('A training is under way: stop it before you take other data.');
    if (this.holdsData) throw new Error('A training waits for its data: discard it before you take others.');
  }

  private use(facts: DataFacts): void {
    this.facts = facts;
    this.results = null;
    if (this.state === 'done') this.state = 'idle';
  }

  /** Other data. */
  dropData(): void {
    if (this.holdsData) return;
    this.facts = null;
    this.results = null;
    if (this.state === 'done') this.state = 'idle';
    this.tell('change');
  }

  wish(wishes: Partial<Wishes>): void {
    if (this.wishes) this.wishes = { ...this.wishes, ...wishes };
    this.tell('change');
  }

  /** Begins with another network, with what is usual for it. */
  startWith(start: Start, file: File | null): void {
    const { opened, wishes } = this;
    if (!opened || !wishes) return;
    this.file = file ?? this.file;
    const usual = opened.usual[start === 'scratch' ? 'scratch' : 'box'];
    const { epochs, bnMomentum, optimizer } = usual;
    this.wishes = { ...wishes, start, epochs, bnMomentum, optimizer };
    this.tell('change');
  }

  async train(): Promise<void> {
    const { wishes, file } = this;
    if (!this.canTrain || !wishes || !this.facts) return;
    this.kept = null;
    this.show(EMPTY);
    await this.carryOut(() => this.worker.call('train', { wishes, file }, { onProgress: this.onProgress }));
  }

  /** Goes on with what was paused; with `stop`, only to its scores. */
  async goOn(stop = false): Promise<void> {
    if (!this.canTrain || !this.kept) return;
    this.show(this.kept.curves);
    await this.carryOut(() => this.worker.call('goOn', { stop }, { onProgress: this.onProgress }));
  }

  private async carryOut(work: () => Promise<Outcome>): Promise<void> {
    this.state = 'training';
    this.results = null;
    this.step = null;
    this.validating = null;
    this.notes = [];
    this.warnings = [];
    this.progress = { what: 'Beginning', done: 0, total: 0 };
    this.tell('change');
    const isOver = await this.attempt(async () => this.end(await work()));
    if (!isOver) {
      // It broke off on its way: the last checkpoint is there.
      if (this.step) this.kept = await this.worker.call('kept', null);
      this.state = this.kept ? 'paused' : 'idle';
    }
    this.tell('change');
    await this.showFirst();
  }

  private async showFirst(): Promise<void> {
    if (this.results) await this.showImage(this.results.firstShown);
  }

  private end(outcome: Outcome): void {
    if (outcome.state === 'paused') {
      this.kept = outcome.kept;
      this.show(outcome.kept.curves);
      this.state = 'paused';
      this.tell('paused', outcome.kept);
      return;
    }
    this.kept = null;
    this.results = outcome.results;
    this.state = 'done';
    const best = outcome.results.evaluation.best[0];
    const { classes } = outcome.results.evaluation;
    this.classIndex = Math.max(
      0,
      classes.findIndex(({ name }) => name === best),
    );
    this.tell('done', outcome.results);
  }

  pause(): void {
    if (this.state !== 'training') return;
    this.state = 'pausing';
    void this.worker.call('pause', null);
    this.tell('change');
  }

  stop(): void {
    if (this.state !== 'training') return;
    this.state = 'stopping';
    void this.worker.call('stop', null);
    this.tell('change');
  }

  /** Removes what waits. */
  async discard(): Promise<void> {
    await this.attempt(async () => {
      await this.worker.call('forget', null);
      this.kept = null;
      this.show(EMPTY);
      this.state = 'idle';
    });
  }

  async showImage(index: number): Promise<void> {
    await this.attempt(async () => {
      this.imageIndex = index;
      this.map = null;
      this.image = await this.worker.call('image', { index });
      if (this.imageIndex === index) await this.makeMap();
    });
  }

  async explain(classIndex: number): Promise<void> {
    await this.attempt(async () => {
      this.classIndex = classIndex;
      this.map = null;
      this.tell('change');
      await this.makeMap();
    });
  }

  private async makeMap(): Promise<void> {
    const { imageIndex: index, classIndex } = this;
    const map = await this.worker.call('explain', { index, classIndex });
    if (index !== this.imageIndex || classIndex !== this.classIndex) return;
    this.map = map;
    void this.check();
  }

  private async check(): Promise<void> {
    try {
      const { right, wrong } = await this.worker.call('check', null);
      this.checks = wrong.length > 0 ? '' : `${right} kernels checked on this adapter: right.`;
      if (wrong.length > 0) {
        this.results = null;
        this.state = 'idle';
        this.withdraw(wrong, 'The training and its scores were withdrawn; train anew with other kernels.');
      }
    } catch (error) {
      this.fail(error);
    }
    this.tell('change');
  }

  /** A weight file, or a file of a callback, to save. */
  async download(what: { kind: string } | { name: string }): Promise<Download | null> {
    let found: Download | null = null;
    await this.attempt(async () => {
      found =
        'kind' in what
          ? await this.worker.call('download', { kind: what.kind })
          : await this.worker.call('file', { name: what.name });
    });
    return found;
  }
}
