/** Convolution, gradient with respect to the weights. The formula stands in backwardWeights.naive.wgsl. */
import { kernels } from '../../engine/kernel.js';
import { type Choice, linear, type PlanBuilder } from '../../engine/plan.js';
import { elements, isVec4, pixels, type Tensor } from '../../engine/tensor.js';
import { reduceSlices } from '../reduce/reduce.js';
import { PIXELS_A_SLICE, workgroupSize } from '../tiling.js';
import backwardWeightsNaive from './backwardWeights.naive.wgsl';
import backwardWeightsSubgroup from './backwardWeights.subgroup.wgsl';
import backwardWeightsSubgroupScalar from './backwardWeights.subgroupScalar.wgsl';
import backwardWeightsTiled from './backwardWeights.tiled.wgsl';
import backwardWeightsTiledScalar from './backwardWeights.tiledScalar.wgsl';
import { type ConvShape, describeShape, gemmClass } from './shape.js';
import { sharingLanes, subgroupWorkgroup, tilesFor } from './tiles.js';

export const BACKWARD_WEIGHTS = kernels('conv.backwardWeights', {
  naive: backwardWeightsNaive,
  tiledScalar: backwardWeightsTiledScalar,
  tiled: backwardWeightsTiled,
  subgroupScalar: backwardWeightsSubgroupScalar,
  subgroup: backwardWeightsSubgroup,
});
type Variant = keyof typeof BACKWARD_WEIGHTS;

/** Threads that keep an adapter busy. */
const ENOUGH_THREADS = { software: 32, hardware: 65536 } as const;
/** Rows of the result a thread of the scalar kernels works on. */
const SCALAR_ROWS = 7;

interface Tensors {
  /** x[b,h,w,ci], what `convForward` read, with the same prologue. */
  x: Tensor;
  /** dy[b,oh,ow,co], may be a channel slice. */
  dy: Tensor;
  /** [scale | shift][ci] */
  affine?: Tensor;
  /** dw[ky,kx,ci,co], dense; overwritten. */
  dw: Tensor;
}

function choices(plan: PlanBuilder, { x, dy, dw }: Tensors): Choice<Variant>[] {
  const list: Choice<Variant>[] = [];
  const [kernel, , ci, co] = dw.shape;
  if (isVec4(dy)) {
    const tiles = tilesFor(plan.gpu, kernel ** 2 * ci, co / 4);
    if (isVec4(x)) {
      for (const { rows, columns4 } of tiles) {
        if (rows >= 4 && ci % rows === 0) {
          list.push({ variant: 'subgroup', tile: { ROWS: rows, OUT4: columns4 } });
        }
      }
      list.push({ variant: 'tiled', tile: {} });
    } else {
      for (const { rows, columns4 } of tiles) {
        if (rows === 8) list.push({ variant: 'subgroupScalar', tile: { ROWS: SCALAR_ROWS, OUT4: columns4 } });
      }
    }
    list.push({ variant: 'tiledScalar', tile: {} });
  }
  return [...list, { variant: 'naive', tile: {} }];
}

/** dw = gradient of the loss with respect to the weights. */
export function convBackwardWeights(
  plan: PlanBuilder,
  label: string,
  tensors: Tensors,
  shape: ConvShape,
): void {
  const { x, dy, affine, dw } = tensors;
  const [b, h, w, ci] = x.shape;
  const [, oh, ow, co] = dy.shape;
  const reduced = shape.kernel ** 2 * ci;
  const { variant, tile } = plan.choose<Variant>({
    op: 'conv.backwardWeights',
    key: gemmClass(shape, pixels(dy), reduced, co),
    choices: choices(plan, tensors),
    tensors: { x, dy, dw, ...(affine && { affine }) },
    record: (other, t) =>
      convBackwardWeights(other, label, { x: t.x, dy: t.dy, affine: t.affine, dw: t.dw }, shape),
  });
  const size = elements(dw.shape);
  const constants: Record<string, number> = {
    KERNEL: shape.kernel,
    STRIDE: shape.stride,
    PAD: shape.pad,
    PROLOGUE: affine ? 1 : 0,
    ...tile,
  };
  const params: Record<string, number> = {
    batch: b,
    inHeight: h,
    inWidth: w,
    inChannels: ci,
    outHeight: oh,
    outWidth: ow,
    outChannels: co,
    xPixelStride: x.pixelStride,
    xOffset: x.channelOffset,
    dyPixelStride: dy.pixelStride,
    dyOffset: dy.channelOffset,
  };
  let workgroups = linear(size, 64);
  let slices = 1;
  if (variant !== 'naive') {
    const sharing = variant === 'subgroup' || variant === 'subgroupScalar';
    const rowsAThread = tile.ROWS ?? (variant === 'tiledScalar' ? SCALAR_ROWS : 4);
    const columnGroups = sharing ? co / 4 / tile.OUT4 : Math.ceil(co / (variant === 'tiledScalar' ? 8 : 16));
    constants.WORKGROUP = sharing ? subgroupWorkgroup(plan.gpu, false) : workgroupSize(plan);
    const threads = Math.ceil(reduced / rowsAThread);
    // A flushed sum may be as long as it likes.
    const wanted = Math.max(
      sharing ? 1 : pixels(dy) / PIXELS_A_SLICE,
      ENOUGH_THREADS[plan.gpu.info.kind] / (threads * columnGroups),
    );
    params.rowsPerSlice = Math.max(1, Math.floor((b * oh) / wanted));
    slices = Math.ceil((b * oh) / params.rowsPerSlice);
    if (sharing) {
      constants.LANES = sharingLanes(plan.gpu);
      constants.FLUSH = params.rowsPerSlice * ow > PIXELS_A_SLICE ? 1 : 0;
    }
    workgroups = [Math.ceil(threads / constants.WORKGROUP), columnGroups, slices];
  }
  const target = slices > 1 ? plan.tensor(`${label} slices`, [slices, 1, 1, size]) : dw;
  plan.add({
    kernel: BACKWARD_WEIGHTS[variant],
    label,
    constants,
    params,
    tensors: { x, dy, affine: affine ?? x, dw: target },
    workgroups,
    shape: describeShape(x, shape, co),
    flops: 2 * pixels(dy) * reduced * co,
    bytes: 4 * (elements(x.shape) + elements(dy.shape) + slices * size),
  });
  if (slices > 1) reduceSlices(plan, label, { x: target, y: dw });
}
