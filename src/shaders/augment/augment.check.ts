/** The shapes and changes on which augment.ts is checked: every fill mode, both orders, all rules, odd sizes. */
import { TOLERANCE } from '../../core/tolerance.js';
import type { CheckCase, Operation, TensorSpec } from '../checkCase.js';
import { BOUNDS, COLOUR, CROP, crop, MOVE, move, RANGE, recolour } from './augment.js';
import * as reference from './augment.reference.js';
import {
  type Affine,
  FILL_MODES,
  type FillMode,
  type ImageChange,
  KERAS_RULES,
  type KerasRules,
} from './changes.js';
import { changeTable, TABLE_WORDS } from './changeTable.js';

type Shape = readonly [batch: number, height: number, width: number, channels: 1 | 3];

const NONE: ImageChange = {
  crop: null,
  affine: null,
  flipHorizontal: false,
  flipVertical: false,
  channelShift: null,
  brightness: null,
};

const randomWord = (random: () => number) => Math.floor(random() * 2 ** 32);

function pixelSpec([batch, height, width, channels]: Shape): TensorSpec {
  const words = Math.ceil((batch * height * width * channels) / 4);
  return { shape: [1, 1, 1, words], role: 'input', dtype: 'u32', fill: randomWord };
}

function tableSpec([batch, height, width]: Shape, images: readonly ImageChange[]): TensorSpec {
  const table = changeTable(images, batch, { height, width });
  return { shape: [batch, 1, 1, TABLE_WORDS], role: 'input', dtype: 'u32', fill: (_, i) => table[i] };
}

function cropCase(
  title: string,
  shape: Shape,
  crops: readonly ImageChange['crop'][],
  race = false,
): CheckCase {
  const images = crops.map((part) => ({ ...NONE, crop: part }));
  const x = pixelSpec(shape);
  return {
    op: 'augment.crop',
    title,
    variants: Object.keys(CROP),
    race,
    tensors: { x, table: tableSpec(shape, images), y: { ...x, role: 'output' } },
    record: (plan, { x, y, table }) => crop(plan, 'check', { x, y, table }, shape),
    reference: (t) => ({ y: reference.crop(t.x, t.table, shape) }),
    tolerance: TOLERANCE.exact,
  };
}

/** About the centre, with a shift. */
function turned(
  degrees: number,
  zoom: number,
  [down, right]: readonly [number, number],
  [, h, w]: Shape,
): Affine {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180) * zoom, Math.cos((degrees * Math.PI) / 180) * zoom];
  const [y, x] = [h / 2, w / 2];
  return [cos, -sin, y - cos * y + sin * x + down, sin, cos, x - sin * y - cos * x + right];
}

function moveCase(title: string, shape: Shape, fillMode: FillMode, order: 0 | 1, race = false): CheckCase {
  const images = [
    { ...NONE, affine: turned(23, 1.1, [0.3, -0.7], shape) },
    { ...NONE, flipHorizontal: true, affine: turned(-8, 0.8, [2.2, 1.9], shape) },
    // Several times the image away.
    { ...NONE, flipVertical: true, affine: turned(160, 1.7, [-3.1 * shape[1], 4.3 * shape[2]], shape) },
    { ...NONE, flipHorizontal: true, flipVertical: true },
    NONE,
  ].slice(0, shape[0]);
  const rules = { fillMode, cval: 31.25, interpolationOrder: order };
  return {
    op: 'augment.move',
    title: `${title}, ${fillMode}, order ${order}`,
    variants: Object.keys(MOVE),
    race,
    tensors: {
      pixels: pixelSpec(shape),
      table: tableSpec(shape, images),
      y: { shape, role: 'output' },
    },
    record: (plan, { pixels, table, y }) => move(plan, 'check', { pixels, table, y }, rules),
    reference: (t) => ({ y: reference.move(t.pixels, t.table, shape, rules) }),
    tolerance: TOLERANCE.f32Rounded,
  };
}

interface Colours {
  title: string;
  shape: Shape;
  rules: KerasRules;
  fill: NonNullable<TensorSpec['fill']>;
  rescale?: number;
  race?: boolean;
}

const bytes = (random: () => number) => Math.floor(256 * random());
const fractions = (random: () => number) => 255 * random();
/** Of images of 1,517 pixels, the darkest and the brightest at the ends of slices. */
const endsOut = (random: () => number, i: number) =>
  i % 1517 === 511 ? 0 : i % 1517 === 1516 ? 255 : 20 + 200 * random();
const beyond = (random: () => number) => 400 * random() - 60;

const COLOURS: Colours[] = [
  ...KERAS_RULES.flatMap((rules): Colours[] => [
    { title: `bytes, ${rules}`, shape: [4, 5, 7, 3], rules, fill: bytes },
    { title: `beyond bytes, ${rules}`, shape: [4, 19, 23, 1], rules, fill: beyond },
  ]),
  { title: 'several slices', shape: [3, 37, 41, 1], rules: '1.1.2', fill: endsOut, rescale: 1 / 255 },
  { title: 'black', shape: [2, 3, 3, 1], rules: '1.1.0', fill: () => 0 },
  { title: 'constant', shape: [2, 3, 3, 1], rules: '1.1.2', fill: () => 77 },
  { title: '320 px', shape: [4, 320, 320, 1], rules: '1.1.0', fill: fractions, race: true },
];

function colourCase(
  op: string,
  variants: string[],
  { title, shape, fill, race, rules, rescale = 1 }: Colours,
) {
  const images = [
    { ...NONE, brightness: 0.83 },
    { ...NONE, channelShift: -12.5, brightness: 1.21 },
    { ...NONE, channelShift: 40 },
    NONE,
  ].slice(0, shape[0]);
  return {
    op,
    title,
    variants,
    race,
    tensors: { x: { shape, role: 'inout', fill }, table: tableSpec(shape, images) },
    record: (plan, { x, table }) => recolour(plan, 'check', { x, table }, { rules, rescale }),
    reference: (t) => ({ x: reference.recolour(t.x, t.table, { rules, rescale }) }),
  } satisfies CheckCase;
}

const checks: CheckCase[] = [
  cropCase(
    'gray, odd',
    [3, 7, 5, 1],
    [{ top: 1, left: 2, height: 4, width: 3 }, null, { top: 6, left: 0, height: 1, width: 5 }],
  ),
  cropCase(
    'RGB',
    [2, 8, 6, 3],
    [
      { top: 0, left: 5, height: 8, width: 1 },
      { top: 3, left: 1, height: 5, width: 5 },
    ],
  ),
  cropCase('gray at 320 px', [4, 320, 320, 1], [{ top: 40, left: 11, height: 200, width: 260 }], true),
  ...FILL_MODES.flatMap((mode) => [
    moveCase('gray, rows of four', [5, 9, 12, 1], mode, 1),
    moveCase('RGB, rows of four', [3, 5, 8, 3], mode, 0),
    moveCase('RGB, odd', [5, 7, 5, 3], mode, 1),
    moveCase('gray, odd', [3, 6, 11, 1], mode, 0),
  ]),
  moveCase('one pixel', [3, 1, 1, 1], 'reflect', 1),
  moveCase('one row', [3, 1, 4, 1], 'wrap', 1),
  moveCase('gray at 320 px', [4, 320, 320, 1], 'nearest', 1, true),
  ...COLOURS.flatMap((one) => [
    colourCase('augment.range', Object.keys(RANGE), one),
    colourCase('augment.bounds', Object.keys(BOUNDS), one),
    colourCase('augment.colour', Object.keys(COLOUR), one),
  ]),
];

export const operation: Operation = { kernels: [CROP, MOVE, RANGE, BOUNDS, COLOUR], checks };
