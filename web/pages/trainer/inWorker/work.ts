/** What the Trainer has done in its worker: reading or drawing data, training, scores, Grad-CAM, files, checks. */
import { type Device, openDevice } from '../../../worker/device.js';
import { type Call, Transferred, type WorkHost } from '../../../worker/protocol.js';
import type {
  DataFacts,
  Download,
  FolderFile,
  Kept,
  Opened,
  Outcome,
  PhantomWishes,
  Wishes,
} from '../types.js';
import { CHOICES, usualWishes } from './choices.js';
import { folderData, phantomData, type TrainingData } from './dataset.js';
import { TrainingResults } from './results.js';
import * as store from './store.js';
import { TrainingRun } from './training.js';

/** Two pages at once would write each other's checkpoints over. */
const LOCK = 'chexgpu-trainer';

export type TrainerWork = Awaited<ReturnType<typeof makeWork>>;

export function makeWork(host: WorkHost) {
  const work = new Training(host);
  return {
    /** Opens the GPU, or after a loss another; says what there is to choose from, and whether a training waits. */
    open: (_: null, call: Call) => work.open(call),
    /** Some of the files of a folder; `readFolder` reads what has been added. */
    addFiles: ({ files }: { files: readonly FolderFile[] }) => work.addFiles(files),
    readFolder: (_: null, call: Call) => work.readFolder(call),
    drawPhantoms: (phantoms: PhantomWishes) => work.drawPhantoms(phantoms),
    /** Trains to the end or to a pause, and scores. */
    train: ({ wishes, file }: { wishes: Wishes; file: File | null }, call: Call) =>
      work.train(wishes, file, call),
    /** Goes on with the training that was paused, here or before the page was loaded. */
    goOn: ({ stop }: { stop: boolean }, call: Call) => work.goOn(stop, call),
    pause: () => work.pause(),
    stop: () => work.stop(),
    /** What waits in the browser. */
    kept: () => store.keptState(),
    /** Removes it. */
    forget: () => work.forget(),
    image: async ({ index }: { index: number }) => {
      const image = await work.results().image(index);
      return new Transferred(image, [image.bitmap]);
    },
    explain: async ({ index, classIndex }: { index: number; classIndex: number }) => {
      const map = await work.results().explain(index, classIndex);
      return new Transferred(map, [map.map.buffer]);
    },
    /** Checks the kernels that results were computed with. @returns those that are wrong */
    check: () => work.check(),
    download: ({ kind }: { kind: string }) => work.results().download(kind),
    file: async ({ name }: { name: string }): Promise<Download> => ({
      name,
      blob: await store.writtenFile(name),
    }),
  };
}

class Training {
  private device: Device | null = null;
  private files: FolderFile[] = [];
  private data: TrainingData | null = null;
  private run: TrainingRun | null = null;
  /** The run whose results are there. */
  private over: TrainingRun | null = null;
  private done: TrainingResults | null = null;

  constructor(private readonly host: WorkHost) {}

  async open({ report }: Call): Promise<Opened> {
    report('Opening the GPU');
    const device = await openDevice(
      (done, total) => this.host.emit('checking', { done, total }),
      (why) => this.host.emit('lost', why),
    );
    this.device = device;
    // What lay on a GPU of before is gone with it.
    this.run = null;
    this.over = null;
    this.done = null;
    return {
      adapter: device.words,
      choices: CHOICES,
      usual: usualWishes(device.words.kind),
      kept: await store.keptState(),
    };
  }

  addFiles(files: readonly FolderFile[]): void {
    this.files.push(...files);
  }

  async readFolder({ report }: Call): Promise<DataFacts> {
    report('Reading the tables');
    const files = this.files.splice(0);
    return this.use(await folderData(files));
  }

  async drawPhantoms(phantoms: PhantomWishes): Promise<DataFacts> {
    return this.use(await phantomData(phantoms));
  }

  private use(data: TrainingData): DataFacts {
    // A training that was paused goes on with its own.
    if (data.fingerprint !== this.data?.fingerprint) this.run = null;
    this.data = data;
    return data.facts;
  }

  async train(wishes: Wishes, file: File | null, call: Call): Promise<Outcome> {
    const run = new TrainingRun({ ...this.parts(), wishes, file });
    return this.carryOut(run, call, async () => store.forget().catch(() => {}));
  }

  async goOn(stop: boolean, call: Call): Promise<Outcome> {
    const run = this.run ?? (await this.fromStore(call));
    if (stop) run.stop();
    return this.carryOut(run, call);
  }

  private async fromStore({ report }: Call): Promise<TrainingRun> {
    report('Reading the checkpoint');
    const kept = await store.keptState();
    if (!kept) throw new Error('No training waits in this browser any more.');
    return TrainingRun.ofStore(kept, this.parts());
  }

  private parts() {
    const { device, data, host } = this;
    if (!device) throw new Error('The GPU is not open yet.');
    if (!data) throw new Error('There are no data yet: give the folder, or draw phantoms.');
    return { device, data, host };
  }

  private async carryOut(run: TrainingRun, call: Call, first = async () => {}): Promise<Outcome> {
    return navigator.locks.request(LOCK, { ifAvailable: true }, async (lock): Promise<Outcome> => {
      if (!lock) throw new Error('Another tab of this browser is training. Wait for it, or close it.');
      this.done?.dispose();
      this.done = null;
      await first();
      this.run = run;
      try {
        const trained = await run.run(call);
        if (!trained) return { state: 'paused', kept: run.kept() };
        this.run = null;
        this.over = run;
        this.done = new TrainingResults(trained);
        return { state: 'done', results: await this.done.score(call) };
      } catch (error) {
        this.run = null;
        throw error;
      }
    });
  }

  pause(): void {
    this.run?.pause();
  }

  stop(): void {
    this.run?.stop();
  }

  async forget(): Promise<Kept | null> {
    this.run = null;
    await store.forget();
    return store.keptState();
  }

  async check(): Promise<{ right: number; wrong: readonly string[] }> {
    const wrong = (await this.over?.finishChecks()) ?? [];
    const verdicts = [...(this.device?.checker.asked.values() ?? [])];
    return { right: verdicts.filter((verdict) => verdict === 'right').length, wrong };
  }

  results(): TrainingResults {
    if (!this.done) throw new Error('No training is over yet.');
    return this.done;
  }
}
