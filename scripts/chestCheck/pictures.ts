/** Pictures that are no frontal chest X-rays, drawn by chance: what the check learns from, beside phantoms. */
import { MT19937 } from '../../src/core/mt19937.js';
import type { PixelImage } from '../../src/data/images/pixels.js';
import { drawPhantom } from '../../src/data/phantoms/drawPhantom.js';
import { makeCohort } from '../../src/data/phantoms/index.js';

const SIDE = 96;
const gray = (data: Uint8Array, width = SIDE, height = SIDE): PixelImage => ({
  width,
  height,
  channels: 1,
  data,
});

/** Phantoms as they are. */
export function* chests(count: number, seed: number): Generator<PixelImage> {
  for (const spec of makeCohort({ images: count, seed, balanced: true }))
    yield gray(drawPhantom(spec, SIDE).pixels);
}

type Shade = (x: number, y: number) => number;

function shaded(shade: Shade, width = SIDE, height = SIDE): PixelImage {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = shade(x / width, y / height);
      data[y * width + x] = Math.max(0, Math.min(255, Math.round(255 * value)));
    }
  }
  return gray(data, width, height);
}

/** Waves of some directions and lengths: clouds, cloth, landscapes. */
function waves(random: MT19937): Shade {
  const parts = Array.from({ length: 2 + random.choice(6) }, () => ({
    kx: random.uniform(-9, 9),
    ky: random.uniform(-9, 9),
    phase: random.uniform(0, 7),
    height: random.uniform(0.05, 0.3),
  }));
  return (x, y) =>
    parts.reduce(
      (sum, { kx, ky, phase, height }) => sum + height * Math.sin(6.3 * (kx * x + ky * y) + phase),
      0.5,
    );
}

/** Soft and hard blobs on a ground, bright or dark: objects, cells, limbs. */
function blobs(random: MT19937): Shade {
  const ground = random.random();
  const tilt = random.uniform(-0.5, 0.5);
  const parts = Array.from({ length: 1 + random.choice(9) }, () => ({
    x: random.random(),
    y: random.random(),
    w: random.uniform(0.03, 0.5),
    h: random.uniform(0.03, 0.5),
    hard: random.random() < 0.5,
    shade: random.uniform(-0.8, 0.8),
  }));
  return (x, y) =>
    parts.reduce(
      (sum, part) => {
        const d = ((x - part.x) / part.w) ** 2 + ((y - part.y) / part.h) ** 2;
        return sum + part.shade * (part.hard ? Number(d < 1) : Math.exp(-d));
      },
      ground + tilt * (y - 0.5),
    );
}

/** Rows of short dark strokes: text, tables, screens. */
function lines(random: MT19937): Shade {
  const dark = random.random() < 0.3;
  const rows = 6 + random.choice(18);
  const ink = Array.from({ length: rows * 40 }, () => random.random() < 0.5);
  return (x, y) => {
    const row = Math.floor(y * rows);
    const isInk = y * rows - row < 0.55 && ink[row * 40 + Math.floor(x * 40)];
    return dark ? Number(isInk) * 0.8 : 1 - Number(isInk) * 0.8;
  };
}

/** A bright tube or two with a brighter rim on black: arms, legs, fingers. */
function bones(random: MT19937): Shade {
  const tubes = Array.from({ length: 1 + random.choice(4) }, () => ({
    x: random.uniform(0.2, 0.8),
    lean: random.uniform(-0.6, 0.6),
    width: random.uniform(0.05, 0.2),
    shade: random.uniform(0.3, 0.8),
  }));
  const soft = random.uniform(0.15, 0.4);
  return (x, y) =>
    tubes.reduce((most, tube) => {
      const d = Math.abs(x - tube.x - tube.lean * (y - 0.5)) / tube.width;
      const flesh = d < 2 ? soft * Math.sqrt(1 - (d / 2) ** 2) : 0;
      const bone = d < 1 ? tube.shade * (0.6 + 0.4 * d * d) : 0;
      return Math.max(most, flesh + bone);
    }, 0.02);
}

/** A disc with things in it on black: slices of heads and bellies. */
function slices(random: MT19937): Shade {
  const inside = blobs(random);
  const [w, h] = [random.uniform(0.3, 0.48), random.uniform(0.3, 0.48)];
  return (x, y) => {
    const d = ((x - 0.5) / w) ** 2 + ((y - 0.5) / h) ** 2;
    if (d > 1) return 0.02;
    return d > 0.9 ? 0.8 : inside(x, y);
  };
}

/** A phantom turned, upside down, as its negative, or a piece of it. */
function wrongChest(phantom: PixelImage, random: MT19937): PixelImage {
  const { data, width: n } = phantom;
  const at = (x: number, y: number) => data[y * n + x];
  const turns: ((x: number, y: number) => number)[] = [
    (x, y) => at(y, n - 1 - x),
    (x, y) => at(n - 1 - y, x),
    (x, y) => at(x, n - 1 - y),
    (x, y) => 255 - at(x, y),
  ];
  const kind = random.choice(turns.length + 1);
  if (kind < turns.length) {
    return gray(Uint8Array.from({ length: n * n }, (_, i) => turns[kind](i % n, Math.floor(i / n))));
  }
  const side = Math.round(n * random.uniform(0.2, 0.4));
  const [left, top] = [random.choice(n - side), random.choice(n - side)];
  const piece = Uint8Array.from({ length: side * side }, (_, i) =>
    at(left + (i % side), top + Math.floor(i / side)),
  );
  return gray(piece, side, side);
}

/** A gray picture in colours, as photographs have them. */
function tinted({ data, ...shape }: PixelImage, random: MT19937): PixelImage {
  const [r, g, b] = [random.uniform(0.4, 1), random.uniform(0.4, 1), random.uniform(0.4, 1)];
  const rgb = new Uint8Array(3 * data.length);
  for (let i = 0; i < data.length; i++) rgb.set([data[i] * r, data[i] * g, data[i] * b], 3 * i);
  return { ...shape, channels: 3, data: rgb };
}

export const KINDS = { waves, blobs, lines, bones, slices };

/** `count` pictures of every kind in turn; chests turned or cut are of so many `patients`. */
export function* others(count: number, seed: number, patients = 60): Generator<PixelImage> {
  const random = new MT19937(seed);
  const shades = Object.values(KINDS);
  const phantoms = [...chests(patients, seed)];
  for (let i = 0; i < count; i++) {
    const kind = i % (shades.length + 3);
    const longer = random.random() < 0.3 ? random.uniform(1, 2) : 1;
    const picture =
      kind < shades.length
        ? shaded(shades[kind](random), SIDE, Math.round(SIDE / longer))
        : wrongChest(phantoms[random.choice(phantoms.length)], random);
    yield kind < 2 && random.random() < 0.6 ? tinted(picture, random) : picture;
  }
}
