/** Essay 7: a phantom, the cells of Grad-CAM, and the map stretched over it, by the network in the box. */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import {
  DenseNet,
  drawPhantom,
  LABELS,
  loadWeights,
  makeCohort,
  openNodeGpu,
  overlay,
  xrayBatch,
} from '../../src/node.js';
import { svg, text } from './svg.js';

const SIDE = 224;
const FINDING = 'Mass';

export async function gradcamPicture(): Promise<string> {
  const { gpu } = await openNodeGpu({ quiet: true });
  const loaded = await loadWeights(await readFile('weights/phantoms-densenet121.h5'));
  const model = await DenseNet.create(gpu, loaded);
  const truth = LABELS.indexOf(FINDING);
  const output = loaded.labels?.indexOf(FINDING) ?? truth;
  const specs = makeCohort({ images: 60, seed: 1, balanced: true }).filter(
    ({ labels }) => labels[truth] === 1,
  );
  for (const spec of specs) {
    const { pixels: data, boxes } = drawPhantom(spec, SIDE);
    const image = { width: SIDE, height: SIDE, channels: 1, data } as const;
    const batch = xrayBatch(image, SIDE, 'phantom', loaded.preprocessing ?? undefined);
    const [map] = await model.gradcam(batch, [output]);
    const box = boxes.find(({ label }) => label === FINDING);
    if (map.probability < 0.9 || !box) continue;
    const cells = await cellsOf(model, batch, output);
    await model.dispose();
    gpu.dispose();
    return draw(
      { gray: await jpeg(data, 1), coloured: await jpeg(overlay(data, map.map, 0.5), 3) },
      box,
      cells,
      map,
    );
  }
  throw new Error(`no phantom whose ${FINDING} the network finds`);
}

/** map[7,7] before it is stretched: channels of the last batch norm by the weights of the class, see the essay. */
async function cellsOf(
  model: DenseNet,
  batch: ReturnType<typeof xrayBatch>,
  output: number,
): Promise<number[]> {
  let features: Float32Array = new Float32Array();
  let shape: readonly number[] = [];
  const options = { only: ({ name }: { name: string }) => name === 'bn' };
  await model.inspect(
    batch,
    (map) => {
      features = map.values;
      shape = map.shape;
    },
    options,
  );
  const kernel = (await model.exportWeights()).get('dense_1/kernel') as Float32Array;
  const [, height, width, channels] = shape;
  const classes = kernel.length / channels;
  const open = Array.from(
    { length: channels },
    (_, k) => features.filter((v, i) => i % channels === k && v > 0).length,
  );
  return Array.from({ length: height * width }, (_, at) =>
    open.reduce((sum, n, k) => sum + n * kernel[k * classes + output] * features[at * channels + k], 0),
  );
}

async function jpeg(pixels: Uint8Array, channels: 1 | 3): Promise<string> {
  const raw = { width: SIDE, height: SIDE, channels };
  const bytes = await sharp(pixels, { raw }).jpeg({ quality: 80 }).toBuffer();
  return `data:image/jpeg;base64,${bytes.toString('base64')}`;
}

function draw(
  { gray, coloured }: { gray: string; coloured: string },
  box: { x: number; y: number; w: number; h: number },
  cells: readonly number[],
  { probability }: { probability: number },
): string {
  const at = (column: number) => 15 + column * (SIDE + 15);
  const image = (column: number, href: string) =>
    `<image x="${at(column)}" y="40" width="${SIDE}" height="${SIDE}" href="${href}"/>`;
  const most = Math.max(...cells);
  const per = Math.sqrt(cells.length);
  const cell = SIDE / per;
  const frame = (column: number) =>
    `<rect x="${at(column) + box.x}" y="${40 + box.y}" width="${box.w}" height="${box.h}" fill="none" ` +
    'stroke="#ffffff" stroke-width="2"/>';
  const tints = cells.map((value, i) => {
    const strength = Math.max(0, value / most);
    const place = `x="${at(1) + (i % per) * cell}" y="${40 + Math.floor(i / per) * cell}"`;
    const look = `fill="#ff6a00" fill-opacity="${(0.8 * strength).toFixed(2)}" stroke="#888888" stroke-width="0.5"`;
    return `<rect ${place} width="${cell}" height="${cell}" ${look}/>`;
  });
  return svg(SIDE * 3 + 60, SIDE + 80, 'Grad-CAM of a mass in a phantom', [
    text(at(0), 28, 'a drawing, its mass boxed', 'bold'),
    text(at(1), 28, `${per}x${per} cells`, 'bold'),
    text(at(2), 28, 'stretched and coloured', 'bold'),
    image(0, gray),
    frame(0),
    image(1, gray),
    ...tints,
    frame(1),
    image(2, coloured),
    frame(2),
    text(
      at(0),
      SIDE + 62,
      `${FINDING} ${probability.toFixed(3)}, network in the box, ${SIDE} px`,
      'small soft',
    ),
  ]);
}
