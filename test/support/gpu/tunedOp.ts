/** An operation with choices, for the tuner's tests: y[i] = 3 * x[i], in as many useless turns as TURNS says. */
import type { Gpu } from '../../../src/engine/device/gpu.js';
import type { Choice } from '../../../src/engine/plan/choice.js';
import { type Kernel, kernels } from '../../../src/engine/plan/kernel.js';
import { linear, PlanBuilder, type ShapeClass, type UntunedClass } from '../../../src/engine/plan/plan.js';
import { paperTensor, type Tensor } from '../../../src/engine/plan/tensor.js';

const source = (name: string, factor: string) => `// ${name}
const TURNS: u32 = 1;
struct Params { count: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64;
  if (i >= params.count) { return; }
  var last = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) { last = ${factor} * x[i]; }
  y[i] = last;
}`;

export const OP = 'test.triple';
export const TRIPLE = kernels(OP, {
  quick: source('quick', '3.0'),
  slow: source('slow', '3.0'),
  naive: source('naive', '3.0'),
});
/** A kernel to stand in for one of them: right to four digits only. */
export const ALMOST: Kernel = kernels(OP, { almost: source('almost', '3.0005') }).almost;

export const CHOICES: readonly Choice[] = [
  { variant: 'slow', tile: { TURNS: 64 } },
  { variant: 'quick', tile: { TURNS: 1 } },
  { variant: 'quick', tile: { TURNS: 2 } },
  { variant: 'naive', tile: {} },
];
export const NAMES = ['slow TURNS=64', 'quick TURNS=1', 'quick TURNS=2', 'naive'];

/** A tensor that has no memory and needs none until a plan is built. */
export function shapeOnly(label: string, count: number): Tensor {
  return paperTensor(label, [1, 1, 1, count]);
}

/** Records the operation; with `seen` it tells which choice was taken. */
export function triple(
  plan: PlanBuilder,
  tensors: Readonly<Record<string, Tensor>>,
  seen: (choice: Choice) => void = () => {},
): void {
  const count = tensors.y.shape[3];
  const shape: ShapeClass = {
    key: `n${count}`,
    variants: TRIPLE,
    choices: CHOICES,
    tensors,
    record: (builder, clones) => triple(builder, clones),
  };
  const choice = plan.choose(shape);
  seen(choice);
  plan.add({
    kernel: TRIPLE[choice.variant as keyof typeof TRIPLE],
    label: 'triple',
    constants: choice.tile,
    params: { count },
    tensors: { x: tensors.x, y: tensors.y },
    workgroups: linear(count, 64),
    shape: `${count}`,
    flops: count,
    bytes: 8 * count,
  });
}

/** The classes that a plan with these sizes meets. */
export function classesOf(gpu: Gpu, counts: readonly number[]): UntunedClass[] {
  const saved = gpu.tuning;
  gpu.tuning = null;
  const builder = new PlanBuilder(gpu, 'classes');
  for (const count of counts) triple(builder, { x: shapeOnly('x', count), y: shapeOnly('y', count) });
  gpu.tuning = saved;
  return [...builder.untuned.values()];
}
