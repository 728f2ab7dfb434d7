/**
 * What the image generator does at random to bytes, as kernels: a crop, the affine transforms and flips, colours. What
 * was drawn comes in a table (changeTable.ts). Formulas and sources stand in the heads of the kernels; the same on the
 * processor is src/data/generator/transform.ts.
 */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import boundsNaive from './bounds.naive.wgsl';
import { type ChangeRules, type Changes, FILL_MODES, KERAS_RULES } from './changes.js';
import colourNaive from './colour.naive.wgsl';
import cropNaive from './crop.naive.wgsl';
import moveNaive from './move.naive.wgsl';
import rangeNaive from './range.naive.wgsl';

export const CROP = kernels('augment.crop', { naive: cropNaive });
export const MOVE = kernels('augment.move', { naive: moveNaive });
export const RANGE = kernels('augment.range', { naive: rangeNaive });
export const BOUNDS = kernels('augment.bounds', { naive: boundsNaive });
export const COLOUR = kernels('augment.colour', { naive: colourNaive });

const WORKGROUP = 64;
const SLICES_PER_IMAGE = 64;
const LEAST_SLICE = 256;
const BYTES_PER_WORD = 4;

const described = (shape: Tensor['shape']) => `[${shape.join(',')}]`;

/** The rules of a batch's changes, and which of its stages there are beside the moves. */
export interface Stages extends ChangeRules {
  readonly crops: boolean;
  readonly recolours: boolean;
}

export function stagesOf(changes: Changes): Stages {
  const { images, fillMode, cval, interpolationOrder, rules, rescale } = changes;
  const colours = images.some((one) => one.channelShift !== null || one.brightness !== null);
  const crops = images.some((one) => one.crop !== null);
  return { fillMode, cval, interpolationOrder, rules, rescale, crops, recolours: colours || rescale !== 1 };
}

/**
 * y = each image cropped, turned, shifted, sheared, zoomed, flipped, its values shifted, brightened and rescaled.
 * @param pixels u32 words of uint8 pixels[b,h,w,channels]
 * @param table table[b,1,1,TABLE_WORDS] of the changes
 * @param y y[b,h,w,channels], dense, overwritten
 */
export function augment(
  plan: PlanBuilder,
  label: string,
  { pixels, table, y }: { pixels: Tensor; table: Tensor; y: Tensor },
  stages: Stages,
): void {
  let source = pixels;
  if (stages.crops) {
    source = plan.tensor(`${label} cropped`, [1, 1, 1, Math.ceil(elements(y.shape) / BYTES_PER_WORD)]);
    crop(plan, label, { x: pixels, y: source, table }, y.shape);
  }
  move(plan, label, { pixels: source, table, y }, stages);
  if (stages.recolours) recolour(plan, label, { x: y, table }, stages);
}

/**
 * y = the crop of each image, at the size of the image.
 * @param x u32 words of uint8 pixels[b,h,w,channels]
 * @param y as x, overwritten
 * @param table table[b,1,1,TABLE_WORDS]
 * @param shape [b,h,w,channels]
 */
export function crop(
  plan: PlanBuilder,
  label: string,
  tensors: { x: Tensor; y: Tensor; table: Tensor },
  shape: Tensor['shape'],
): void {
  requireDense(label, tensors);
  const [batch, height, width, channels] = shape;
  const size = elements(shape);
  plan.add({
    kernel: CROP[plan.pick(CROP, ['naive'])],
    label,
    constants: { CHANNELS: channels },
    params: { batch, height, width },
    tensors,
    workgroups: linear(Math.ceil(size / BYTES_PER_WORD), WORKGROUP),
    shape: described(shape),
    flops: 12 * size,
    bytes: 2 * size,
  });
}

/**
 * y = each image turned, shifted, sheared, zoomed and flipped.
 * @param pixels u32 words of uint8 pixels[b,h,w,channels]
 * @param table table[b,1,1,TABLE_WORDS]
 * @param y y[b,h,w,channels], dense, overwritten
 */
export function move(
  plan: PlanBuilder,
  label: string,
  tensors: { pixels: Tensor; table: Tensor; y: Tensor },
  { fillMode, cval, interpolationOrder }: Pick<ChangeRules, 'fillMode' | 'cval' | 'interpolationOrder'>,
): void {
  requireDense(label, tensors);
  const [batch, height, width, channels] = tensors.y.shape;
  const size = elements(tensors.y.shape);
  plan.add({
    kernel: MOVE[plan.pick(MOVE, ['naive'])],
    label,
    constants: { CHANNELS: channels },
    params: { batch, height, width, mode: FILL_MODES.indexOf(fillMode), order: interpolationOrder, cval },
    tensors,
    workgroups: linear(size, WORKGROUP),
    shape: `${described(tensors.y.shape)} ${fillMode}`,
    flops: 20 * size,
    bytes: 5 * size,
  });
}

/**
 * x = each image shifted in its values, brightened and rescaled, in place.
 * @param x x[b,h,w,c], dense
 * @param table table[b,1,1,TABLE_WORDS]
 */
export function recolour(
  plan: PlanBuilder,
  label: string,
  { x, table }: { x: Tensor; table: Tensor },
  { rules, rescale }: Pick<ChangeRules, 'rules' | 'rescale'>,
): void {
  requireDense(label, { x, table });
  const batch = x.shape[0];
  const size = elements(x.shape);
  const each = size / batch;
  const slice = Math.max(LEAST_SLICE, Math.ceil(each / SLICES_PER_IMAGE));
  const slices = Math.ceil(each / slice);
  const ranges = plan.tensor(`${label} ranges`, [batch, 1, slices, 2]);
  const bounds = plan.tensor(`${label} bounds`, [batch, 1, 1, 4]);
  const shape = described(x.shape);
  plan.add({
    kernel: RANGE[plan.pick(RANGE, ['naive'])],
    label,
    params: { batch, each, slice, slices },
    tensors: { x, ranges },
    workgroups: linear(batch * slices, WORKGROUP),
    shape,
    flops: 2 * size,
    bytes: 4 * size,
  });
  plan.add({
    kernel: BOUNDS[plan.pick(BOUNDS, ['naive'])],
    label,
    params: { batch, slices },
    tensors: { ranges, table, bounds },
    workgroups: linear(batch, WORKGROUP),
    shape,
    flops: 2 * batch * slices,
    bytes: 8 * batch * slices,
  });
  plan.add({
    kernel: COLOUR[plan.pick(COLOUR, ['naive'])],
    label,
    params: { batch, each, rules: KERAS_RULES.indexOf(rules), rescale },
    tensors: { table, bounds, x },
    workgroups: linear(size, WORKGROUP),
    shape,
    flops: 30 * size,
    bytes: 8 * size,
  });
}
