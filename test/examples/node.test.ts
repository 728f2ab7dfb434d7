import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SAMPLEWISE } from '../../src/data/generator/standardize.js';
import { decodeFile } from '../../src/data/images/decode.node.js';
import { resizeNearest } from '../../src/data/images/resize.js';
import { drawPhantom, makeCohort } from '../../src/data/phantoms/index.js';
import { LABELS } from '../../src/data/tables/labels.js';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { PHANTOM_WEIGHTS } from '../../src/densenet/weights/publicFiles.js';
import { readWeightFile } from '../../src/densenet/weights/weights.node.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { GRAY, writePng } from '../support/files/png.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'chexgpu-example-'));
const file = join(folder, 'xray.png');

/** Runs the example in a folder of its own. */
const predict = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(ROOT, 'examples/node/predict.mjs'), ...args], { cwd: folder });

beforeAll(() => {
  // The example imports what was built; this builds only when the sources changed.
  execFileSync(process.execPath, [join(ROOT, 'scripts/setup.mjs')], { stdio: 'inherit' });
  const [spec] = makeCohort({ images: 3, seed: 9, balanced: true });
  const samples = drawPhantom(spec, 400).pixels;
  writeFileSync(file, writePng({ width: 400, height: 400, bitDepth: 8, colorType: GRAY, samples }));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('examples/node/predict.mjs', () => {
  it('prints what the library computes and writes the picture', async () => {
    const { stdout } = await predict(file);
    const [headline, notice, ...lines] = stdout.trim().split('\n');
    expect(headline).toMatch(/^Adapter: /);
    expect(notice).toBe('trained on drawings; says nothing of a patient');
    const printed = lines.slice(0, 14).map((line) => line.split('  '));
    expect(printed.map(([, label]) => label)).toEqual([...LABELS]);

    const { gpu } = await openNodeGpu();
    const own = await readWeightFile(PHANTOM_WEIGHTS, densenetConfig('densenet121'));
    const model = await DenseNet.create(gpu, { config: own.config, weights: own.tensors });
    const size = own.preprocessing?.size ?? 0;
    const { data: pixels, ...shape } = resizeNearest((await decodeFile(file)).image, size, size);
    const labels = new Float32Array(14);
    const batch = { ...shape, count: 1, pixels, normalisation: SAMPLEWISE, labels, files: [file] };
    const probabilities = await model.predict(batch);
    gpu.dispose();
    for (const [i, [p]] of printed.entries()) {
      expect(Math.abs(Number(p) - probabilities[i])).toBeLessThanOrEqual(1e-4);
    }
    const best = LABELS[probabilities.indexOf(Math.max(...probabilities))];
    expect(lines[14]).toBe(`Grad-CAM of ${best}: gradcam.png`);
    const { image } = await decodeFile(join(folder, 'gradcam.png'));
    expect(image).toMatchObject({ width: size, height: size, channels: 3 });
    expect(image.data.some((v, i) => i % 3 === 0 && v !== image.data[i + 1])).toBe(true);
  });

  it('ends with an error for a weight file that is not there', async () => {
    await expect(predict(file, 'nowhere.h5')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no weight file 'nowhere.h5'"),
    });
  });
});
