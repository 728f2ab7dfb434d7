/** What the Reader has done in its worker: decoding, resizing, prediction, Grad-CAM, checks of kernels. */
import {
  type DenseNet,
  decodeBlob,
  type GradcamMap,
  type Interpolation,
  type OperatingPointsFile,
  type PixelImage,
  pixelFindings,
  xrayBatch,
} from 'chexgpu';
import { makeCohort } from 'chexgpu/phantoms';
import { frontalChest, type Reading, readingsPage } from 'chexgpu/reading';
import { type Device, openDevice } from '../../../worker/device.js';
import { type LoadedNetwork, makeNetwork, readNetwork, SHIPPED_WEIGHTS } from '../../../worker/network.js';
import { type Call, Transferred, type WorkHost } from '../../../worker/protocol.js';
import { type Decoded, type Loaded, type Opened, type Predicted, type Source, THUMB_SIDE } from '../types.js';
import { type Look, reportPictures, sideBySide } from './exports.js';
import { shownPhantom } from './phantom.js';
import { shownBitmap } from './pixels.js';
import { pointsBeside, pointsFor } from './points.js';

/** Synthetic patients; those with few findings are drawn in turn. */
const PHANTOMS = 60;
const PHANTOM_SEED = 12;
/** With more of them it is hard to see which is which. */
const MOST_FINDINGS = 3;
/** Decoded X-rays that are held in memory. */
const HELD = 6;
/** What is said of weights that say nothing of themselves. */
const OWN_NETWORK = 'a file of your own; nobody here has tested it';

/** An X-ray for the report, with what was predicted and the finding to explain. */
export interface ReportedXray {
  readonly id: number;
  readonly classIndex: number;
  readonly probabilities: Float32Array;
}
interface ReportAsked {
  readonly ids: readonly ReportedXray[];
  readonly size: number;
  readonly look: Look;
}
interface PngAsked {
  readonly id: number;
  readonly size: number;
  readonly classIndex: number;
  readonly boxes: boolean;
  readonly look: Look;
}

interface Held {
  readonly image: PixelImage;
  readonly name: string;
  readonly truth: Decoded['truth'];
}

export type ReaderWork = Awaited<ReturnType<typeof makeWork>>;

export function makeWork(host: WorkHost) {
  const reader = new ReaderNetwork(host);
  return {
    /** Opens the GPU and loads the network: the package's own, or the one of `weights`. */
    open: ({ weights }: { weights: string | File | null }, call: Call) => reader.open(weights, call),
    /** Another network. After an error the one before stays. */
    load: ({ file, name }: { file: Blob; name: string }, call: Call) => reader.load(file, name, call),
    /** Compiles what a prediction at this size runs, before somebody waits for it. */
    warmUp: ({ size }: { size: number }) => reader.warmUp(size),
    decode: ({ id, source }: { id: number; source: Source }) => reader.decode(id, source),
    predict: ({ id, size }: { id: number; size: number }) => reader.predict(id, size),
    explain: ({ id, size, classIndex }: { id: number; size: number; classIndex: number }) =>
      reader.explain(id, size, classIndex),
    /** The X-ray beside its Grad-CAM, as PNG. */
    png: (asked: PngAsked) => reader.png(asked),
    /** A page of these X-rays with what was found in each. */
    report: (asked: ReportAsked, call: Call) => reader.report(asked, call),
    forget: ({ id }: { id: number }) => reader.forget(id),
    /** Checks the kernels in use that nothing is known of; the event `checking` says how far it is. */
    check: () => reader.check(),
  };
}

class ReaderNetwork {
  private readonly sources = new Map<number, Source>();
  private readonly held = new Map<number, Held>();
  private device: Device | null = null;
  private network: LoadedNetwork | null = null;
  private points: OperatingPointsFile | null = null;

  constructor(private readonly host: WorkHost) {}

  async open(weights: string | File | null, call: Call): Promise<Opened> {
    const source = weights instanceof File ? weights : new URL(weights ?? SHIPPED_WEIGHTS, import.meta.url);
    call.report('Opening the GPU');
    const name = source instanceof File ? source.name : nameIn(source);
    // Side by side: the one waits for the driver, the other for the network.
    const [device, read, points] = await Promise.all([
      openDevice(
        (done, total) => this.host.emit('checking', { done, total }),
        (why) => this.host.emit('lost', why),
      ),
      readNetwork(source, name, call),
      source instanceof File ? null : pointsBeside(source.href),
    ]);
    this.device = device;
    this.network = await makeNetwork(device.gpu, read, name);
    return { ...this.loaded(points), adapter: device.words };
  }

  async load(file: Blob, name: string, call: Call): Promise<Loaded> {
    const { gpu } = this.opened().device;
    const network = await makeNetwork(gpu, await readNetwork(file, name, call), name);
    void this.network?.model.dispose();
    this.network = network;
    return this.loaded(null);
  }

  private loaded(points: OperatingPointsFile | null): Loaded {
    this.points = points;
    const { name, labels, preparation, notice } = this.opened().network;
    const trust = notice ?? OWN_NETWORK;
    return {
      name,
      labels,
      size: preparation.size,
      trust,
      points: pointsFor(points, labels, preparation.size),
    };
  }

  private opened(): { device: Device; network: LoadedNetwork } {
    const { device, network } = this;
    if (!device || !network) throw new Error('The network is not loaded yet.');
    return { device, network };
  }

  async warmUp(size: number): Promise<void> {
    await this.opened().network.model.planOf('predict', 1, size);
  }

  async decode(id: number, source: Source): Promise<Transferred<Decoded>> {
    this.sources.set(id, source);
    const { name, image, truth } = await this.image(id);
    const bitmap = await shownBitmap(image);
    const thumb = await thumbOf(bitmap);
    const notes = image.facts ? pixelFindings(new Map([[name, image.facts]])).map((one) => one.message) : [];
    const decoded: Decoded = {
      name,
      width: image.width,
      height: image.height,
      bitmap,
      thumb,
      notes,
      doubts: frontalChest(image).doubts,
      truth,
    };
    return new Transferred(decoded, [bitmap, thumb]);
  }

  private async image(id: number): Promise<Held> {
    const known = this.held.get(id);
    // Again the last one: the first of the map is the one to go.
    this.held.delete(id);
    const source = this.sources.get(id);
    if (!source) throw new Error('This X-ray was taken away.');
    const image = known ?? (await read(source));
    this.held.set(id, image);
    for (const oldest of this.held.keys()) {
      if (this.held.size <= HELD) break;
      this.held.delete(oldest);
    }
    return image;
  }

  private async batch(id: number, size: number) {
    const { image, name } = await this.image(id);
    const { interpolation, normalisation } = this.opened().network.preparation;
    const options = {
      interpolation: interpolation as Interpolation,
      normalisation: normalisation ?? undefined,
    };
    return xrayBatch(image, size, name, options);
  }

  /** With the network that there is; once more where another one took its place meanwhile, which ended it. */
  private async compute<T>(work: (model: DenseNet) => Promise<T>): Promise<T> {
    for (;;) {
      const { network } = this.opened();
      try {
        return await work(network.model);
      } catch (error) {
        if (network === this.network) throw error;
      }
    }
  }

  predict(id: number, size: number): Promise<Predicted> {
    return this.compute(async (model) => {
      const started = performance.now();
      const probabilities = await model.predict(await this.batch(id, size));
      return { probabilities, milliseconds: performance.now() - started };
    });
  }

  explain(id: number, size: number, classIndex: number): Promise<Transferred<GradcamMap>> {
    return this.compute(async (model) => {
      const [map] = await model.gradcam(await this.batch(id, size), [classIndex]);
      return new Transferred(map, [map.map.buffer]);
    });
  }

  async png({ id, size, classIndex, boxes, look }: PngAsked): Promise<Blob> {
    const { model, labels, notice } = this.opened().network;
    const [map] = await model.gradcam(await this.batch(id, size), [classIndex]);
    const { image, truth } = await this.image(id);
    const drawn = boxes ? (truth?.boxes ?? []) : [];
    return sideBySide(
      image,
      map,
      labels[classIndex],
      drawn,
      look,
      `The network was ${notice ?? OWN_NETWORK}`,
    );
  }

  async report({ ids, size, look }: ReportAsked, { signal, report }: Call): Promise<Blob> {
    const { model, labels, name, notice, preparation } = this.opened().network;
    const readings: Reading[] = [];
    for (const [done, { id, classIndex, probabilities }] of ids.entries()) {
      signal.throwIfAborted();
      report('Writing the report', done, ids.length);
      const { image, name, truth } = await this.image(id);
      const [map] = await model.gradcam(await this.batch(id, size), [classIndex]);
      const pictures = await reportPictures(name, image, map, labels[classIndex], look);
      const { doubts } = frontalChest(image);
      readings.push({ name, probabilities, doubts, truth: truth?.findings ?? null, pictures });
    }
    const page = readingsPage({
      network: name,
      trust: notice ?? OWN_NETWORK,
      labels,
      size,
      adapter: this.opened().device.words.name,
      madeAt: new Date().toISOString(),
      points: size === preparation.size ? this.points : null,
      readings,
    });
    return new Blob([page], { type: 'text/html' });
  }

  forget(id: number): void {
    this.sources.delete(id);
    this.held.delete(id);
  }

  /** @returns kernels checked on this adapter, now or before, and those that were used and are wrong */
  async check(): Promise<{ right: number; wrong: readonly string[] }> {
    const { device, network } = this.opened();
    const wrong = await device.checker.checkWaiting();
    if (wrong.length > 0) {
      // Its plans name them: one made anew uses others, or says that there are none.
      this.network = await network.again();
      void network.model.dispose();
    }
    const verdicts = [...device.checker.asked.values()];
    return { right: verdicts.filter((verdict) => verdict === 'right').length, wrong };
  }
}

function nameIn({ pathname, href }: URL): string {
  return decodeURIComponent(pathname.split('/').pop() ?? href);
}

async function read(source: Source): Promise<Held> {
  if (source.kind === 'file') {
    return { image: await decodeBlob(source.file, source.name, 'depth'), name: source.name, truth: null };
  }
  const cohort = makeCohort({ images: PHANTOMS, seed: PHANTOM_SEED, balanced: true, maxVisits: 1 });
  const clear = cohort.filter(({ findings }) => findings.length > 0 && findings.length <= MOST_FINDINGS);
  const spec = clear[source.number % clear.length];
  const { image, boxes } = shownPhantom(spec);
  const findings = spec.findings.map(({ label }) => label);
  return { image, name: `phantom ${source.number + 1}`, truth: { findings, boxes } };
}

/** The square in the middle, small. */
function thumbOf(bitmap: ImageBitmap): Promise<ImageBitmap> {
  const side = Math.min(bitmap.width, bitmap.height);
  const [x, y] = [Math.floor((bitmap.width - side) / 2), Math.floor((bitmap.height - side) / 2)];
  return createImageBitmap(bitmap, x, y, side, side, {
    resizeWidth: THUMB_SIDE,
    resizeHeight: THUMB_SIDE,
    resizeQuality: 'medium',
  });
}
