/**
 * The network's numbers on the GPU. All trainable tensors lie in one buffer, so that an update of the optimizer is one
 * dispatch; gradients and the optimizer's slots have the same layout; moving averages lie in another. Each tensor
 * starts at a multiple of LAYOUT_BLOCK floats, which is what a binding offset must be.
 *
 * A training pass moves a copy of the moving averages, the next ones; they take the place of the present ones when
 * the step is taken, so that a step that is refused leaves everything as it was.
 *
 * A batch norm's gamma and beta are neighbours, one tensor [1,1,2,c]; so are its moving mean and variance.
 */
import { firstIndex, firstNotFinite, kindOf, shown } from '../../core/arguments.js';
import { WeightsError } from '../../core/errors.js';
import { tell, type WorkOptions } from '../../core/work.js';
import { COPY_DST, COPY_SRC, STORAGE } from '../../engine/device/bufferUsage.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { denseTensor, elements, type Tensor } from '../../engine/plan/tensor.js';
import type { Numbers, TrainableLayout } from '../optimizers/optimizer.js';
import {
  LAYOUT_BLOCK,
  type ParameterSpec,
  type ParameterTable,
  requireWeightMap,
  type WeightMap,
} from '../parameterSpec.js';

type Shape = [number, number, number, number];

interface Region {
  /** Floats from the start of its buffer. */
  offset: number;
  shape: Shape;
}

/** A buffer of the optimizer's state. */
export type SlotBuffer = `slot ${string}`;

/** Buffers with the layout of the trainable tensors; the average of the weights and those behind it: WeightAverage. */
export type TrainableBuffer = 'weights' | 'gradients' | 'average' | 'trained' | SlotBuffer;

/** Buffers with the layout of the moving averages: the present ones, and those of a step under way. */
export type MovingBuffer = 'moving' | 'nextMoving';

export type BufferName = TrainableBuffer | MovingBuffer;

/** Weights and moving averages as they lie in their buffers, checked. */
export interface PackedWeights {
  weights: Float32Array<ArrayBuffer>;
  moving: Float32Array<ArrayBuffer>;
}

/** The optimizer's slots as they lie in their buffers, by the slot's name. */
export type PackedSlots = Readonly<Record<string, Float32Array<ArrayBuffer>>>;

export class Parameters implements TrainableLayout {
  readonly table: readonly ParameterSpec[];
  /** Floats in the trainable buffers, padding included. */
  readonly trainableSize: number;
  private readonly movingSize: number;
  private readonly regions = new Map<string, Region>();
  /** No weight `w`, and no number in a slot of the optimizer, is larger than these. */
  bounds: Numbers = { w: 0 };
  private readonly buffers = new Map<BufferName, GPUBuffer>();

  constructor(
    private readonly gpu: Gpu,
    private readonly network: ParameterTable,
  ) {
    this.table = network.parameters;
    const next = { trainable: 0, moving: 0 };
    const place = (key: string, kind: 'trainable' | 'moving', shape: Shape) => {
      this.regions.set(key, { offset: next[kind], shape });
      next[kind] += Math.ceil(elements(shape) / LAYOUT_BLOCK) * LAYOUT_BLOCK;
    };
    for (const spec of this.table) {
      const { layer, tensor, shape, size } = spec;
      if (tensor === 'gamma') place(`${layer}/gammaBeta`, 'trainable', [1, 1, 2, size]);
      else if (tensor === 'moving_mean') place(`${layer}/moving`, 'moving', [1, 1, 2, size]);
      else if (tensor === 'kernel' || tensor === 'bias') place(spec.key, 'trainable', fourDimensions(shape));
    }
    this.trainableSize = next.trainable;
    this.movingSize = next.moving;
  }

  /**
   * A tensor of one layer, e.g. `view('weights', 'conv1/conv/kernel')`, `view('moving', 'bn/moving')`; it has
   * memory if its buffer has.
   */
  view(name: BufferName, key: string): Tensor {
    const region = this.regions.get(key);
    if (!region) throw new WeightsError(`The network ${this.network.name} has no tensor ${key}.`);
    const bytes = elements(region.shape) * 4;
    const buffer = this.buffers.get(name) ?? null;
    const storage = { label: `${key} ${name}`, bytes, buffer, byteOffset: region.offset * 4 };
    return denseTensor(storage, region.shape);
  }

  /** A whole buffer as one vector; it has memory if its buffer has. */
  flat(name: BufferName): Tensor {
    const size = this.sizeOf(name);
    const buffer = this.buffers.get(name) ?? null;
    return denseTensor({ label: name, bytes: size * 4, buffer, byteOffset: 0 }, [1, 1, 1, size]);
  }

  /**
   * Gives these buffers memory, zeroed, where they have none yet, or leaves all as it was: a network that only
   * predicts has no gradients.
   * @throws OutOfMemoryError
   */
  async allocate(...names: BufferName[]): Promise<void> {
    const missing = names.filter((name) => !this.buffers.has(name));
    if (missing.length === 0) return;
    const make = () =>
      missing.map((name) =>
        this.gpu.createBuffer(name, this.sizeOf(name) * 4, STORAGE | COPY_SRC | COPY_DST),
      );
    const made = await this.gpu.guarded(
      `the parameters of ${this.network.name}`,
      make,
      'Use a smaller network.',
    );
    for (const [i, name] of missing.entries()) this.buffers.set(name, made[i]);
  }

  /** All weights and moving averages, without padding. */
  get bytes(): number {
    return 4 * this.table.reduce((sum, { size }) => sum + size, 0);
  }

  /** Floats of a buffer. */
  private sizeOf(name: BufferName): number {
    return name === 'moving' || name === 'nextMoving' ? this.movingSize : this.trainableSize;
  }

  /** Writes whole buffers, all or none; buffers without memory get it. */
  private async upload(images: Partial<Record<BufferName, Float32Array<ArrayBuffer>>>): Promise<void> {
    const names = Object.keys(images) as BufferName[];
    await this.allocate(...names);
    await this.gpu.guarded(`the parameters of ${this.network.name}`, () => {
      for (const name of names) {
        this.gpu.device.queue.writeBuffer(this.buffers.get(name)!, 0, images[name]!);
      }
    });
  }

  /**
   * Checks all weights and moving averages and copies them: what becomes of the caller's arrays changes nothing.
   * @throws WeightsError naming the tensor that is missing, too many, of the wrong kind or size, or not finite
   */
  pack(weights: WeightMap): PackedWeights {
    requireWeightMap(weights);
    const known = new Set(this.table.map((spec) => spec.key));
    for (const key of weights.keys()) {
      if (!known.has(key))
        throw new WeightsError(`The weights hold ${key}, which ${this.network.name} has not.`);
    }
    const images = {
      weights: new Float32Array(this.trainableSize),
      moving: new Float32Array(this.movingSize),
    };
    for (const spec of this.table) {
      const values = weights.get(spec.key);
      if (!values) throw new WeightsError(`The weights lack ${spec.key} [${spec.shape.join(', ')}].`);
      if (kindOf(values) !== 'Float32Array') {
        throw new WeightsError(`${spec.key} is ${shown(values)}; it must be a Float32Array.`);
      }
      if (values.length !== spec.size) {
        throw new WeightsError(
          `${spec.key} has ${values.length} numbers; ` +
            `${this.network.name} wants [${spec.shape.join(', ')}] = ${spec.size}.`,
        );
      }
      const bad = firstNotFinite(values);
      if (bad >= 0) throw new WeightsError(`${spec.key}[${bad}] is ${values[bad]}.`, 'The file is damaged.');
      const negative = spec.tensor === 'moving_variance' ? firstIndex(values, (v) => v < 0) : -1;
      if (negative >= 0) {
        throw new WeightsError(
          `${spec.key}[${negative}] is ${values[negative]}.`,
          'A variance is never negative.',
        );
      }
      images[spec.trainable ? 'weights' : 'moving'].set(values, this.offsetOf(spec));
    }
    return images;
  }

  /** Replaces all weights and moving averages, or none. @throws OutOfMemoryError */
  async write(packed: PackedWeights): Promise<void> {
    await this.upload({ ...packed });
    this.bounds.w = largest(packed.weights);
  }

  /** All weights and moving averages, by Keras' names. @param buffer that holds the weights */
  async read(buffer: TrainableBuffer = 'weights', work: WorkOptions = {}): Promise<WeightMap> {
    const weights = await this.exported(buffer, work);
    const moving = await this.exported('moving', work);
    return new Map(
      this.table.map((spec) => {
        const image = spec.trainable ? weights : moving;
        const offset = this.offsetOf(spec);
        return [spec.key, image.slice(offset, offset + spec.size)];
      }),
    );
  }

  /** One number for each trainable weight (gradients, a slot of the optimizer), by Keras' names. */
  async readTrainable(buffer: TrainableBuffer, work: WorkOptions): Promise<WeightMap> {
    const image = await this.exported(buffer, work);
    return new Map(
      this.table
        .filter((spec) => spec.trainable)
        .map((spec) => {
          const offset = this.offsetOf(spec);
          return [spec.key, image.slice(offset, offset + spec.size)];
        }),
    );
  }

  /** One number per LAYOUT_BLOCK floats of the trainable buffers: TrainableLayout. */
  perBlock(value: (spec: ParameterSpec) => number): Float32Array {
    const blocks = new Float32Array(this.trainableSize / LAYOUT_BLOCK);
    for (const spec of this.table) {
      // Beta lies behind gamma, in the same tensor.
      if (!spec.trainable || spec.tensor === 'beta') continue;
      const size = spec.tensor === 'gamma' ? 2 * spec.size : spec.size;
      const from = this.offsetOf(spec) / LAYOUT_BLOCK;
      blocks.fill(value(spec), from, from + Math.ceil(size / LAYOUT_BLOCK));
    }
    return blocks;
  }

  /** Copies the slots of a state that passed `checkOptimizerState`. */
  packSlots(slots: Readonly<Record<string, WeightMap>>): PackedSlots {
    return Object.fromEntries(
      Object.entries(slots).map(([slot, values]) => {
        const image = new Float32Array(this.trainableSize);
        for (const spec of this.table) {
          if (spec.trainable) image.set(values.get(spec.key)!, this.offsetOf(spec));
        }
        return [slot, image];
      }),
    );
  }

  /** Replaces all slots by these, or none. @throws OutOfMemoryError */
  async writeSlots(packed: PackedSlots): Promise<void> {
    const slots = Object.entries(packed);
    await this.upload(Object.fromEntries(slots.map(([slot, image]) => [slotBuffer(slot), image])));
    this.keepSlots(slots.map(([slot, image]) => [slot, largest(image)]));
  }

  /** The optimizer's slots are these, all zeros. */
  async resetSlots(slots: readonly string[]): Promise<void> {
    const zeros = new Float32Array(this.trainableSize);
    // Without memory they are zeros already.
    const held = slots.map(slotBuffer).filter((name) => this.buffers.has(name));
    if (held.length > 0) await this.upload(Object.fromEntries(held.map((name) => [name, zeros])));
    this.keepSlots(slots.map((slot) => [slot, 0]));
  }

  /** Replaces what the optimizer moves where the network is an average of it. */
  async writeTrained(trained: Float32Array<ArrayBuffer>): Promise<void> {
    await this.upload({ trained });
    this.bounds.w = Math.max(this.bounds.w, largest(trained));
  }

  /** The bound of the weights anew, after others took their place. */
  async measureWeights(): Promise<void> {
    this.bounds.w = largest(await this.floats('weights'));
  }

  /** Frees slots of another optimizer than the one with these bounds. */
  private keepSlots(bounds: [slot: string, bound: number][]): void {
    const own = new Set<BufferName>(bounds.map(([slot]) => slotBuffer(slot)));
    this.free(...[...this.buffers.keys()].filter((name) => name.startsWith('slot ') && !own.has(name)));
    this.bounds = { ...Object.fromEntries(bounds), w: this.bounds.w };
  }

  /** Takes the memory of these buffers, where they have any. */
  free(...names: BufferName[]): void {
    for (const name of names) {
      const buffer = this.buffers.get(name);
      if (buffer) this.gpu.destroyBuffer(buffer);
      this.buffers.delete(name);
    }
  }

  /** Before a training pass, within `Gpu.guarded`: the next moving averages begin as the present ones. */
  beginMoving(): void {
    const { device } = this.gpu;
    const encoder = device.createCommandEncoder({ label: 'moving averages' });
    this.copy(encoder, 'moving', 'nextMoving');
    device.queue.submit([encoder.finish()]);
  }

  /** When a step is taken: the next moving averages become the present ones. */
  takeMoving(encoder: GPUCommandEncoder): void {
    this.copy(encoder, 'nextMoving', 'moving');
  }

  /** When a batch of a group is done, within `Gpu.guarded`: its gradients wait for the next, its averages are taken. */
  keepGradients(): void {
    const { device } = this.gpu;
    const encoder = device.createCommandEncoder({ label: 'mean gradient' });
    this.copy(encoder, 'gradients', slotBuffer('accumulated'));
    this.takeMoving(encoder);
    device.queue.submit([encoder.finish()]);
  }

  /** Sets tensors of a buffer that has memory to 0. Within `Gpu.guarded`. */
  clear(name: TrainableBuffer, specs: readonly ParameterSpec[]): void {
    const encoder = this.gpu.device.createCommandEncoder({ label: `clear ${name}` });
    for (const spec of specs) {
      encoder.clearBuffer(this.buffers.get(name)!, 4 * this.offsetOf(spec), 4 * spec.size);
    }
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** A whole buffer into another of the same layout; both have memory. */
  copy(encoder: GPUCommandEncoder, from: BufferName, to: BufferName): void {
    encoder.copyBufferToBuffer(this.buffers.get(from)!, 0, this.buffers.get(to)!, 0, this.sizeOf(from) * 4);
  }

  /** What another network of this layout has in these buffers, zeros where it has none. Within `Gpu.guarded`. */
  takeFrom(other: Parameters, names: readonly BufferName[]): void {
    const encoder = this.gpu.device.createCommandEncoder({ label: 'copies of the weights' });
    for (const name of names) {
      const [from, to] = [other.buffers.get(name), this.buffers.get(name)!];
      if (from) encoder.copyBufferToBuffer(from, 0, to, 0, to.size);
      else encoder.clearBuffer(to);
    }
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** A whole buffer for the caller, who hears of it and may end the waiting before and behind it. */
  private async exported(name: BufferName, work: WorkOptions): Promise<Float32Array> {
    const total = this.sizeOf(name) * 4;
    const tellDone = (done: number) =>
      tell(work, { phase: 'export', done, total, unit: 'bytes', note: name });
    await tellDone(0);
    const image = await this.floats(name);
    await tellDone(total);
    return image;
  }

  /** A whole buffer, padding included. */
  async floats(name: BufferName): Promise<Float32Array> {
    const buffer = this.buffers.get(name);
    if (!buffer) return new Float32Array(this.sizeOf(name));
    return new Float32Array(await this.gpu.read(buffer, 0, this.sizeOf(name) * 4));
  }

  /** Where a tensor begins in its buffer, in floats. */
  offsetOf({ layer, tensor, key, size }: ParameterSpec): number {
    const pair = tensor === 'gamma' || tensor === 'beta' ? 'gammaBeta' : 'moving';
    if (tensor === 'kernel' || tensor === 'bias') return this.regions.get(key)!.offset;
    const second = tensor === 'beta' || tensor === 'moving_variance';
    return this.regions.get(`${layer}/${pair}`)!.offset + (second ? size : 0);
  }

  dispose(): void {
    for (const buffer of this.buffers.values()) this.gpu.destroyBuffer(buffer);
    this.buffers.clear();
  }
}

export const slotBuffer = (slot: string): SlotBuffer => `slot ${slot}`;

function fourDimensions(shape: readonly number[]): Shape {
  return [...Array<number>(4 - shape.length).fill(1), ...shape] as Shape;
}

function largest(values: Float32Array): number {
  let most = 0;
  // By index: an iterator takes ten times as long over seven million numbers.
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]);
    if (magnitude > most) most = magnitude;
  }
  return most;
}

/** Copies of what is a tensor; of what is none whoever reads it says so. */
export function copiesOf(weights: WeightMap): WeightMap {
  if (kindOf(weights) !== 'Map') return weights;
  const copy = (values: Float32Array) => (kindOf(values) === 'Float32Array' ? values.slice() : values);
  return new Map([...weights].map(([key, values]) => [key, copy(values)]));
}
