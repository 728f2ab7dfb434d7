/** What the Reader has done in its worker: decoding, resizing, prediction, Grad-CAM, checks of kernels. */
import {
  byteSize,
  decodeBlob,
  type GradcamMap,
  type Interpolation,
  type PixelImage,
  pixelFindings,
  xrayBatch,
} from 'chexgpu';
import { drawPhantom, makeCohort } from 'chexgpu/phantoms';
import { type Device, openDevice } from '../../worker/device.js';
import { fetchBytes, type LoadedNetwork, loadNetwork, SHIPPED_WEIGHTS } from '../../worker/network.js';
import { type Call, Transferred, type WorkHost } from '../../worker/protocol.js';
import { pointsBeside, type StoredPoints } from './points.js';
import {
  type Decoded,
  type Loaded,
  type Opened,
  type Predicted,
  SHOWN_SIDE,
  type Source,
  THUMB_SIDE,
} from './types.js';

/** Side of a drawn phantom, in pixels; like a file it is resized to what the network takes. */
const PHANTOM_SIDE = 512;
/** Synthetic patients; those with few findings are drawn in turn. */
const PHANTOMS = 60;
const PHANTOM_SEED = 12;
/** With more of them it is hard to see which is which. */
const MOST_FINDINGS = 3;
/** Decoded X-rays that are held in memory. */
const HELD = 6;

interface Held {
  readonly image: PixelImage;
  readonly name: string;
  readonly truth: Decoded['truth'];
}

export type ReaderWork = Awaited<ReturnType<typeof makeWork>>;

export function makeWork(host: WorkHost) {
  const reader = new Reading(host);
  return {
    /** Opens the GPU and loads the network: the package's own, or the one at `weights`. */
    open: ({ weights }: { weights: string | null }, call: Call) => reader.open(weights, call),
    /** Another network. After an error the one before stays. */
    load: ({ file, name }: { file: Blob; name: string }, call: Call) => reader.load(file, name, call),
    /** Compiles what a prediction at this size runs, before somebody waits for it. */
    warmUp: ({ size }: { size: number }) => reader.warmUp(size),
    decode: ({ id, source }: { id: number; source: Source }) => reader.decode(id, source),
    predict: ({ id, size }: { id: number; size: number }) => reader.predict(id, size),
    explain: ({ id, size, classIndex }: { id: number; size: number; classIndex: number }) =>
      reader.explain(id, size, classIndex),
    forget: ({ id }: { id: number }) => reader.forget(id),
    /** Checks the kernels in use that nothing is known of; the event `checking` says how far it is. */
    check: () => reader.check(),
  };
}

class Reading {
  private readonly sources = new Map<number, Source>();
  private readonly held = new Map<number, Held>();
  private device: Device | null = null;
  private network: LoadedNetwork | null = null;

  constructor(private readonly host: WorkHost) {}

  async open(weights: string | null, call: Call): Promise<Opened> {
    const address = weights ?? new URL(SHIPPED_WEIGHTS, import.meta.url).href;
    call.report('Opening the GPU');
    // Side by side: the one waits for the driver, the other for the network.
    const [device, bytes, points] = await Promise.all([
      openDevice((done, total) => this.host.emit('checking', { done, total })),
      fetchBytes(address, 'Loading the network', call),
      pointsBeside(address),
    ]);
    this.device = device;
    call.report('Reading the network', 0, 0);
    this.network = await loadNetwork(device.gpu, bytes, nameIn(address));
    return { ...this.loaded(points), adapter: device.words };
  }

  async load(file: Blob, name: string, call: Call): Promise<Loaded> {
    const { gpu } = this.opened().device;
    call.report(`Reading ${name}, ${byteSize(file.size)}`);
    const network = await loadNetwork(gpu, new Uint8Array(await file.arrayBuffer()), name);
    void this.network?.model.dispose();
    this.network = network;
    return this.loaded(null);
  }

  private loaded(points: StoredPoints | null): Loaded {
    const { name, labels, preparation, notice } = this.opened().network;
    const trust = notice ?? 'a network of your own; nobody here has tested it';
    return {
      name,
      labels,
      size: preparation.size,
      trust,
      points: points?.forLabels(labels) ?? null,
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
      doubts: [],
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

  async predict(id: number, size: number): Promise<Predicted> {
    const { model } = this.opened().network;
    const started = performance.now();
    const probabilities = await model.predict(await this.batch(id, size));
    return { probabilities, milliseconds: performance.now() - started };
  }

  async explain(id: number, size: number, classIndex: number): Promise<Transferred<GradcamMap>> {
    const { model } = this.opened().network;
    const [map] = await model.gradcam(await this.batch(id, size), [classIndex]);
    return new Transferred(map, [map.map.buffer]);
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

function nameIn(address: string): string {
  return decodeURIComponent(new URL(address).pathname.split('/').pop() ?? address);
}

async function read(source: Source): Promise<Held> {
  if (source.kind === 'file') {
    return { image: await decodeBlob(source.file, source.name), name: source.name, truth: null };
  }
  const cohort = makeCohort({ images: PHANTOMS, seed: PHANTOM_SEED, balanced: true, maxVisits: 1 });
  const clear = cohort.filter(({ findings }) => findings.length > 0 && findings.length <= MOST_FINDINGS);
  const spec = clear[source.number % clear.length];
  const { pixels, boxes } = drawPhantom(spec, PHANTOM_SIDE);
  const share = (pixels: number) => pixels / PHANTOM_SIDE;
  return {
    image: { width: PHANTOM_SIDE, height: PHANTOM_SIDE, channels: 1, data: pixels },
    name: `phantom ${source.number + 1}`,
    truth: {
      findings: spec.findings.map(({ label }) => label),
      boxes: boxes.map(({ label, x, y, w, h }) => ({
        label,
        x: share(x),
        y: share(y),
        w: share(w),
        h: share(h),
      })),
    },
  };
}

/** As it is shown: no larger than a screen needs. */
async function shownBitmap({ width, height, channels, data }: PixelImage): Promise<ImageBitmap> {
  const rgba = new ImageData(width, height);
  for (let i = 0, from = 0; i < width * height; i++, from += channels) {
    rgba.data[4 * i] = data[from];
    rgba.data[4 * i + 1] = data[from + (channels === 3 ? 1 : 0)];
    rgba.data[4 * i + 2] = data[from + (channels === 3 ? 2 : 0)];
    rgba.data[4 * i + 3] = 255;
  }
  const scale = Math.min(1, SHOWN_SIDE / Math.max(width, height));
  return createImageBitmap(rgba, {
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: 'high',
  });
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
