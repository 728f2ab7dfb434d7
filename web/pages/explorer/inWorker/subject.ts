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
  initialWeights,
  LABELS,
  type Labelled,
  loadWeights,
  type PixelBatch,
  SAMPLEWISE,
  type WeightMap,
  xrayBatch,
} from 'chexgpu';
import { type Device, openDevice } from '../../../worker/device.js';
import type { WorkHost } from '../../../worker/protocol.js';
import { type ExplorerNetwork, networkOf } from '../networks.js';
import type { SubjectWish } from '../types.js';
import { type Picture, phantomPicture } from './pictures.js';
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
  /** The picture at the network's size, with the labels of the loss. */
  readonly batch: Labelled<PixelBatch>;
}

type Loaded = Pick<Subject, 'model' | 'weights' | 'labels'>;

export class SubjectSession {
  private device: Promise<Device> | null = null;
  private readonly loaded = new Map<string, Promise<Loaded>>();
  private file: { id: string; picture: Promise<Picture> } | null = null;
  private current: { wish: string; subject: Promise<Subject> } | null = null;
  private generation = 0;

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
  addFile(id: string, blob: Blob, name: string): Promise<Picture> {
    const picture = decodeBlob(blob, name).then((image): Picture => ({ name, image, truth: null }));
    this.file = { id, picture };
    return picture;
  }

  /** Changes what is looked at. @throws as `subject` */
  look(wish: SubjectWish): Promise<Subject> {
    const key = JSON.stringify(wish);
    if (this.current?.wish !== key) this.current = { wish: key, subject: this.make(wish, ++this.generation) };
    return this.current.subject;
  }

  /** What is looked at. @throws AdapterError, WeightsError, DataError */
  subject(): Promise<Subject> {
    if (!this.current) return Promise.reject(new Error('Nothing is looked at yet.'));
    return this.current.subject;
  }

  private async make({ network: id, image, labels }: SubjectWish, generation: number): Promise<Subject> {
    const network = networkOf(id);
    const [picture, device] = await Promise.all([this.picture(image), this.openDevice()]);
    let loaded = this.loaded.get(network.id);
    if (!loaded) {
      loaded = load(device.gpu, network);
      this.loaded.set(network.id, loaded);
    }
    const { model, weights, labels: names } = await loaded;
    const batch = xrayBatch(picture.image, network.size, picture.name, { normalisation: SAMPLEWISE });
    const positive = labels ?? trueLabels(picture, names);
    const own = Float32Array.from(names, (_, c) => (positive.includes(c) ? 1 : 0));
    const labelled = { ...batch, labels: own };
    const { gpu } = device;
    const training = explorerTraining(names.length);
    return {
      ...{ generation, network, gpu, device, model, weights, training },
      ...{ labels: names, picture, batch: labelled },
    };
  }

  private async picture(id: string): Promise<Picture> {
    if (this.file?.id === id) return this.file.picture;
    return phantomPicture(id) ?? (phantomPicture('phantom1') as Picture);
  }
}

async function load(gpu: Gpu, network: ExplorerNetwork): Promise<Loaded> {
  const { config } = network;
  const read = network.weights
    ? await loadWeights(new URL(network.weights, import.meta.url), { config, name: network.title })
    : { weights: initialWeights(config, 1), labels: null };
  const labels = read.labels ?? LABELS.slice(0, config.classes);
  const model = await DenseNet.create(gpu, { config, weights: read.weights, labels });
  await model.compile(compiled(explorerTraining(config.classes)));
  return { model, weights: read.weights, labels };
}

/** Outputs that the picture was drawn with. */
export function trueLabels({ truth }: Picture, names: readonly string[]): number[] {
  if (!truth) return [];
  const isThere = (name: string) => truth[(LABELS as readonly string[]).indexOf(name)] === 1;
  return [...names.keys()].filter((c) => isThere(names[c]));
}
