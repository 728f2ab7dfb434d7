/**
 * What the explorer looks at, in its worker: one network, one picture with its labels, one GPU. Whatever computes here
 * (the levels, the debugger, what-if) asks for the subject and computes on that:
 *
 *     const { model, batch } = await session.subject();
 */
import {
  DenseNet,
  decodeBlob,
  type Gpu,
  type Labelled,
  loadWeights,
  outputsOf,
  type PixelBatch,
  type WeightMap,
} from 'chexgpu';
import { type AdapterWords, type Device, openDevice } from '../../../worker/device.js';
import type { WorkHost } from '../../../worker/protocol.js';
import { type ExplorerNetwork, networkOf } from '../networks.js';
import type { SubjectWish } from '../types.js';
import { labelledBatch, type Picture, type Preparation, phantomPicture, preparationOf } from './pictures.js';
import { type RecordedDocument, RecordedRun } from './recordedRun.js';
import { GpuRun, type RunValues } from './run.js';
import { compiled, type ExplorerTraining, explorerTraining } from './training.js';

export interface Subject {
  /** Grows with every subject: what was computed of another one is out of date. */
  readonly generation: number;
  readonly network: ExplorerNetwork;
  readonly gpu: Gpu;
  readonly device: Device;
  readonly training: ExplorerTraining;
  /** Compiled by `training`, and never trained: nobody changes its weights. */
  readonly model: DenseNet;
  /** As they were loaded. */
  readonly weights: WeightMap;
  /** Names of the outputs. */
  readonly labels: readonly string[];
  readonly picture: Picture;
  /** How pictures become input, as these weights were taught. */
  readonly preparation: Preparation;
  /** The picture at the network's size, with the labels of the loss. */
  readonly batch: Labelled<PixelBatch>;
}

type Loaded = Pick<Subject, 'model' | 'weights' | 'labels' | 'preparation'>;

/** What the levels are drawn of: values of a subject, or recorded ones. */
interface Seen {
  readonly run: RunValues;
  readonly labels: readonly string[];
  /** Of the picture. */
  readonly name: string;
  readonly adapter: AdapterWords | null;
  /** Where the values were recorded, in words; null where they are computed. */
  readonly recorded: string | null;
}

/** The recorded step, beside the scripts. */
const RECORDED = 'explorer-recorded.json';

export class SubjectSession {
  private device: Promise<Device> | null = null;
  private readonly loaded = new Map<string, Promise<Loaded>>();
  private file: { id: string; picture: Picture } | null = null;
  private current: { wish: string; subject: Promise<Subject>; seen: Promise<Seen> } | null = null;
  private generation = 0;
  private readonly leaving: (() => void)[] = [];
  network: ExplorerNetwork = networkOf('');

  constructor(private readonly host: WorkHost) {}

  /** The GPU, opened once. @throws AdapterError where the browser has no WebGPU */
  openDevice(): Promise<Device> {
    this.device ??= openDevice(
      (done, total) => this.host.emit('checking', { done, total }),
      (why) => this.host.emit('lost', why),
    );
    return this.device;
  }

  /** A picture of the reader's own, under an id that `look` is given. */
  async addFile(id: string, blob: Blob, name: string): Promise<Picture> {
    const picture: Picture = { name, image: await decodeBlob(blob, name), truth: null };
    // The one before stays where this one cannot be read.
    this.file = { id, picture };
    return picture;
  }

  /** @param left is called when something else will be looked at: to free what was made of the subject */
  onLeave(left: () => void): void {
    this.leaving.push(left);
  }

  /** Changes what is looked at. @throws as `subject`, and where nothing is recorded in the place of it */
  look(wish: SubjectWish): Promise<Seen> {
    const key = JSON.stringify(wish);
    if (this.current?.wish !== key) {
      this.leave();
      this.network = networkOf(wish.network);
      const subject = this.make(wish, ++this.generation);
      const seen = subject.then(seenOf, (error) => recorded(wish, error));
      this.current = { wish: key, subject, seen };
    }
    return this.current.seen;
  }

  /**
   * Checks the kernels in use that nothing is known of. Where some are wrong, all networks are made anew, with others:
   * what is looked at has to be looked at again.
   * @returns names of wrong kernels
   */
  async check(): Promise<readonly string[]> {
    const { checker } = await this.openDevice();
    const wrong = await checker.checkWaiting();
    if (wrong.length === 0) return wrong;
    this.leave();
    for (const loaded of this.loaded.values()) {
      loaded.then(
        ({ model }) => model.dispose(),
        () => {},
      );
    }
    this.loaded.clear();
    return wrong;
  }

  private leave(): void {
    this.current = null;
    for (const left of this.leaving) left();
  }

  /** What is looked at. @throws AdapterError, WeightsError, DataError */
  subject(): Promise<Subject> {
    if (!this.current) return Promise.reject(new Error('Nothing is looked at yet.'));
    return this.current.subject;
  }

  /** The values of what is looked at, recorded where there is no GPU. @throws as `look` */
  seen(): Promise<Seen> {
    if (!this.current) return Promise.reject(new Error('Nothing is looked at yet.'));
    return this.current.seen;
  }

  private async make({ network: id, image, labels }: SubjectWish, generation: number): Promise<Subject> {
    const network = networkOf(id);
    const [picture, device] = await Promise.all([this.picture(image), this.openDevice()]);
    let loaded = this.loaded.get(network.id);
    if (!loaded) {
      loaded = load(device.gpu, network);
      this.loaded.set(network.id, loaded);
      // It may be there the next time.
      loaded.catch(() => this.loaded.delete(network.id));
    }
    const { model, weights, labels: names, preparation } = await loaded;
    const batch = labelledBatch(network, picture, names, labels, preparation);
    const training = explorerTraining(names.length);
    const { gpu } = device;
    return {
      ...{ generation, network, gpu, device, model, weights, training },
      ...{ labels: names, picture, preparation, batch },
    };
  }

  private async picture(id: string): Promise<Picture> {
    if (this.file?.id === id) return this.file.picture;
    const phantom = phantomPicture(id);
    if (phantom) return phantom;
    throw new Error(
      `The picture ${id} is not here: a link does not carry somebody's own. Choose it again, or a phantom.`,
    );
  }
}

async function load(gpu: Gpu, network: ExplorerNetwork): Promise<Loaded> {
  const { config } = network;
  const read = await loadWeights(new URL(network.weights, import.meta.url), { config, name: network.title });
  const { labels } = outputsOf(read, undefined, network.title);
  const model = await DenseNet.create(gpu, { config, weights: read.weights, labels });
  await model.compile(compiled(explorerTraining(config.classes)));
  return { model, weights: read.weights, labels, preparation: preparationOf(read, network) };
}

function seenOf(subject: Subject): Seen {
  const { labels, picture, device } = subject;
  const { words: adapter } = device;
  return { run: new GpuRun(subject), labels, name: picture.name, adapter, recorded: null };
}

/** @throws the error, where it says something else than that there is no WebGPU, or nothing such is recorded */
async function recorded(wish: SubjectWish, error: Error): Promise<Seen> {
  if (error.name !== 'AdapterError') throw error;
  const answer = await fetch(new URL(RECORDED, import.meta.url));
  const document = (await answer.json()) as RecordedDocument;
  const { network, image } = document;
  if (wish.network !== network || wish.image !== image || wish.labels) {
    const what = `${networkOf(network).title}, ${document.picture} with its own labels`;
    throw new Error(`There is no WebGPU here, and only one step is recorded: ${what}.`);
  }
  return {
    run: new RecordedRun(document),
    labels: document.names,
    name: document.picture,
    adapter: null,
    recorded: document.recorded,
  };
}
