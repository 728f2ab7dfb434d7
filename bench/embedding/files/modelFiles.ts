/** What the pages load: the network of `weights/` as the file of each library, all in float32, and drawn X-rays. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { drawPhantom, makeCohort } from '../../../src/data/phantoms/index.js';
import { LABELS, type Label } from '../../../src/data/tables/labels.js';
import { layerTable, parameterTable } from '../../../src/densenet/architecture.js';
import { writeWeights } from '../../../src/densenet/weights/formats.js';
import { modelConfig } from '../../../src/densenet/weights/keras/kerasModelConfig.js';
import { encodePng } from '../../../src/eval/explain/overlay.node.js';
import { loadWeights } from '../../../src/workflow/weights/loadWeights.js';
import type { LoadedWeights } from '../../../src/workflow/weights/weightsLoader.js';
import { encodePageOnnx } from './pageOnnx.js';

/**
 * Bytes of a weight file of TensorFlow.js. Its converter cuts at 4 MB; but loading waits for the heads of all answers
 * before it reads a body, and of seven files a browser asks for six at a time over HTTP 1.1: it would wait for ever.
 */
const SHARD = 8 << 20;
const SEED = 2028;

/** Digests of a file by its name: in hex, and as `fetch` takes it. */
export type Digests = Record<string, { sha256: string; integrity: string }>;

/** What the page hands to a task. */
export interface PageInput {
  side: number;
  finding: string;
  /** pixels[n,side,side] and labels[n,classes] of X-rays that the page has as arrays. */
  pixels: number[];
  labels: number[];
  digests: Digests;
}

/**
 * Writes below `folder`: `models/` and `input/`.
 * @param side of the X-rays in pixels, a multiple of 32
 * @param count X-rays in the batch
 */
export async function writeModelFiles(
  folder: string,
  network: string,
  side: number,
  count: number,
): Promise<void> {
  const loaded = await loadWeights(readFileSync(network));
  const digests: Digests = {};
  const write = (name: string, content: Uint8Array | string) => {
    const path = join(folder, 'models', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    const digest = createHash('sha256').update(content).digest();
    const integrity = `sha256-${digest.toString('base64')}`;
    digests[basename(name)] = { sha256: digest.toString('hex'), integrity };
  };
  const labels = [...loaded.labels!];
  const { config, weights, preprocessing } = loaded;
  const own = { labels, preprocessing: { ...preprocessing!, size: side } };
  write('chexgpu/weights.safetensors', await writeWeights('safetensors', weights, config, own));
  write('labels.json', JSON.stringify(labels));
  for (const [name, content] of tfjsFiles(loaded)) write(`tfjs/${name}`, content);
  write('densenet121/onnx/model.onnx', encodePageOnnx(config, weights, side));
  for (const [name, content] of transformersFiles(labels, side)) write(`densenet121/${name}`, content);
  await writeInput(folder, labels, { side, count, digests });
}

/** As tensorflowjs_converter makes a layers model of Keras' HDF5. */
function* tfjsFiles({ config, weights }: LoadedWeights): Generator<[string, Uint8Array | string]> {
  const specs = parameterTable(config);
  const all = Buffer.concat(
    specs.map(({ key }) => {
      const { buffer, byteOffset, byteLength } = weights.get(key)!;
      return Buffer.from(buffer, byteOffset, byteLength);
    }),
  );
  const many = Math.ceil(all.length / SHARD);
  const paths = Array.from({ length: many }, (_, i) => `group1-shard${i + 1}of${many}.bin`);
  for (const [i, path] of paths.entries()) yield [path, all.subarray(i * SHARD, (i + 1) * SHARD)];
  const topology = modelConfig(config, layerTable(config), specs, (layer) => layer);
  const named = specs.map(({ key, shape }) => ({ name: key, shape, dtype: 'float32' }));
  const model = {
    format: 'layers-model',
    modelTopology: { keras_version: '2.3.1', backend: 'tensorflow', model_config: topology },
    weightsManifest: [{ paths, weights: named }],
  };
  yield ['model.json', JSON.stringify(model)];
}

/** What transformers.js wants beside the ONNX file. */
function* transformersFiles(labels: readonly string[], side: number): Generator<[string, string]> {
  const id2label = Object.fromEntries(labels.map((label, i) => [i, label]));
  const label2id = Object.fromEntries(labels.map((label, i) => [label, i]));
  yield ['config.json', JSON.stringify({ model_type: 'custom', id2label, label2id })];
  const processor = {
    image_processor_type: 'ViTImageProcessor',
    do_resize: true,
    size: { height: side, width: side },
    resample: 2,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: false,
  };
  yield ['preprocessor_config.json', JSON.stringify(processor)];
}

/** One X-ray as a file, `count` as arrays. */
async function writeInput(
  folder: string,
  classes: readonly string[],
  { side, count, digests }: { side: number; count: number; digests: Digests },
): Promise<void> {
  const specs = makeCohort({ images: Math.max(count, 3), seed: SEED, balanced: true }).slice(0, count);
  const drawn = specs.map((spec) => drawPhantom(spec, side).pixels);
  const [xray] = drawn;
  const input: PageInput = {
    side,
    finding: LABELS[specs[0].labels.indexOf(1)],
    pixels: drawn.flatMap((pixels) => [...pixels]),
    labels: specs.flatMap(({ labels }) =>
      classes.map((label) => labels[LABELS.indexOf(label as Label)] ?? 0),
    ),
    digests,
  };
  mkdirSync(join(folder, 'input'), { recursive: true });
  writeFileSync(
    join(folder, 'input', 'xray.png'),
    await encodePng({ width: side, height: side, channels: 1, pixels: xray }),
  );
  writeFileSync(join(folder, 'input', 'input.json'), JSON.stringify(input));
}
