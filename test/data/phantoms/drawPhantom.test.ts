import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { FIELD_CM, Thorax } from '../../../src/data/phantoms/anatomy/thorax.js';
import { placeFinding } from '../../../src/data/phantoms/findings/findings.js';
import {
  BALANCED_FREQUENCY,
  drawPhantom,
  makeCohort,
  NOTEBOOK_FREQUENCIES,
  type PhantomSpec,
  SPLITS,
} from '../../../src/data/phantoms/index.js';
import { writePhantoms } from '../../../src/data/phantoms/writePhantoms.node.js';
import { LABELS } from '../../../src/data/tables/labels.js';

const HEADER =
  'Image,Atelectasis,Cardiomegaly,Consolidation,Edema,Effusion,Emphysema,Fibrosis,Hernia,Infiltration,' +
  'Mass,Nodule,PatientId,Pleural_Thickening,Pneumonia,Pneumothorax';

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A healthy patient of the cohort, well placed before an open field. */
function healthy(index: number): PhantomSpec {
  const spec = makeCohort({ images: 40, seed: 11, maxVisits: 1 })[index];
  return { ...spec, findings: [], visit: { ...spec.visit, collimation: [], devices: [] } };
}

describe('makeCohort', () => {
  it('gives the same plan for the same seed and another for another seed', () => {
    const a = makeCohort({ images: 60, seed: 5 });
    expect(makeCohort({ images: 60, seed: 5 })).toEqual(a);
    expect(makeCohort({ images: 60, seed: 6 })).not.toEqual(a);
    expect(a).toHaveLength(60);
    expect(new Set(a.map((s) => s.image)).size).toBe(60);
  });

  it('keeps image i whatever the number of images, but for its split', () => {
    const without = (specs: PhantomSpec[]): unknown[] => specs.map(({ split: _, ...rest }) => rest);
    const long = without(makeCohort({ images: 90, seed: 3 }));
    expect(without(makeCohort({ images: 40, seed: 3 }))).toEqual(long.slice(0, 40));
  });

  it('has the notebook frequencies', () => {
    const images = 4000;
    const specs = makeCohort({ images, seed: 1 });
    LABELS.forEach((label, k) => {
      const found = specs.filter((s) => s.labels[k] === 1).length / images;
      const f = NOTEBOOK_FREQUENCIES[k];
      // Visits of one patient hang together: allow for at most 4 equal ones.
      expect(Math.abs(found - f), label).toBeLessThan(4 * Math.sqrt((4 * f * (1 - f)) / images));
    });
    expect(NOTEBOOK_FREQUENCIES.reduce((a, b) => a + b, 0)).toBeCloseTo(0.675, 12);
  });

  it('has every finding equally often when balanced, and healthy patients too', () => {
    const images = 1500;
    const specs = makeCohort({ images, seed: 2, balanced: true });
    LABELS.forEach((label, k) => {
      const found = specs.filter((s) => s.labels[k] === 1).length / images;
      expect(Math.abs(found - BALANCED_FREQUENCY), label).toBeLessThan(0.05);
    });
    const none = specs.filter((s) => s.findings.length === 0).length / images;
    expect(none).toBeGreaterThan(0.15);
    expect(none).toBeLessThan(0.35);
  });

  it('labels exactly what it draws', () => {
    for (const spec of makeCohort({ images: 200, seed: 8, balanced: true })) {
      const named = LABELS.map((label) => (spec.findings.some((f) => f.label === label) ? 1 : 0));
      expect(spec.labels).toEqual(named);
    }
  });

  it('gives a patient one anatomy, and findings that stay where they were', () => {
    const specs = makeCohort({ images: 400, seed: 4, balanced: true });
    let stayed = 0;
    let resolved = 0;
    for (let i = 1; i < specs.length; i++) {
      const [before, now] = [specs[i - 1], specs[i]];
      if (before.patientId !== now.patientId) continue;
      expect(now.anatomy).toEqual(before.anatomy);
      expect(now.visit).not.toEqual(before.visit);
      for (const old of before.findings) {
        const same = now.findings.find((f) => f.label === old.label);
        if (!same) resolved++;
        else {
          stayed++;
          expect([same.side, same.t, same.q, same.seed]).toEqual([old.side, old.t, old.q, old.seed]);
        }
      }
    }
    expect(stayed).toBeGreaterThan(100);
    expect(resolved).toBeGreaterThan(50);
  });

  it('splits by patient, none empty, about 60/15/25', () => {
    for (const images of [3, 4, 7, 10, 60, 500]) {
      const specs = makeCohort({ images, seed: images });
      const of = new Map<number, string>();
      for (const s of specs) {
        expect(of.get(s.patientId) ?? s.split).toBe(s.split);
        of.set(s.patientId, s.split);
      }
      expect(new Set(of.values()).size).toBe(3);
    }
    const specs = makeCohort({ images: 500, seed: 9 });
    const share = SPLITS.map((split) => specs.filter((s) => s.split === split).length / 500);
    expect(share[0]).toBeCloseTo(0.6, 1);
    expect(share[1]).toBeCloseTo(0.15, 1);
    expect(share[2]).toBeCloseTo(0.25, 1);
  });

  it('shows every class both ways in the splits of a small balanced cohort', () => {
    for (const seed of [1, 2, 3]) {
      const specs = makeCohort({ images: 96, seed, balanced: true });
      for (const split of ['train', 'test']) {
        const rows = specs.filter((s) => s.split === split);
        LABELS.forEach((label, k) => {
          expect(new Set(rows.map((s) => s.labels[k])).size, `${split} ${label}`).toBe(2);
        });
      }
    }
  });

  it('refuses too few images and bad seeds', () => {
    expect(() => makeCohort({ images: 2, seed: 1 })).toThrow(UsageError);
    expect(() => makeCohort({ images: 10.5, seed: 1 })).toThrow(/at least 3/);
    expect(() => makeCohort({ images: 10, seed: -1 })).toThrow(UsageError);
    expect(() => makeCohort({ images: 10, seed: 1, maxVisits: 0 })).toThrow(UsageError);
  });
});

describe('drawPhantom', () => {
  it('draws the same bytes for the same spec at every size, and uses the gray scale', () => {
    const spec = makeCohort({ images: 12, seed: 21, balanced: true })[5];
    for (const size of [64, 97, 320]) {
      const { pixels } = drawPhantom(spec, size);
      expect(pixels).toHaveLength(size * size);
      expect(hash(drawPhantom(spec, size).pixels)).toBe(hash(pixels));
      const mean = pixels.reduce((a, b) => a + b, 0) / pixels.length;
      expect(mean).toBeGreaterThan(60);
      expect(mean).toBeLessThan(200);
      expect(pixels.filter((v) => v > 190).length).toBeGreaterThan(0.1 * pixels.length);
      expect(pixels.filter((v) => v < 120).length).toBeGreaterThan(0.1 * pixels.length);
    }
  });

  it('shows dark lungs, a white spine and a bright abdomen', () => {
    for (const index of [0, 3, 7]) {
      const spec = healthy(index);
      spec.visit = { ...spec.visit, pose: { angle: 0, magnification: 1, shiftX: 0, shiftY: 0 } };
      const size = 128;
      const { pixels, boxes } = drawPhantom(spec, size);
      const around = (x: number, y: number): number => {
        let sum = 0;
        for (let dy = -3; dy <= 3; dy++) {
          for (let dx = -3; dx <= 3; dx++) {
            sum += pixels[(Math.round(y * size) + dy) * size + Math.round((0.5 + x) * size) + dx];
          }
        }
        return sum / 49;
      };
      expect(boxes).toEqual([]);
      const lung = Math.max(around(-0.2, 0.4), around(0.22, 0.4));
      expect(around(0, 0.5)).toBeGreaterThan(lung + 60);
      expect(around(-0.15, 0.85)).toBeGreaterThan(lung + 60);
    }
  });

  it('refuses sizes outside 64 to 1024', () => {
    for (const size of [0, 63, 1025, 100.5, Number.NaN]) {
      expect(() => drawPhantom(healthy(0), size)).toThrow(UsageError);
    }
  });

  describe.each([...LABELS])('%s', (label) => {
    it('lies in its boxes, and the film differs there from that of the same patient without it', () => {
      const size = 64;
      for (let index = 0; index < 4; index++) {
        const base = healthy(index);
        const plain = drawPhantom(base, size).pixels;
        const spec = { ...base, findings: [placeFinding(label, [], 77, index)] };
        const { pixels, boxes } = drawPhantom(spec, size);
        expect(boxes.length).toBeGreaterThan(0);
        const inside = new Uint8Array(size * size);
        for (const box of boxes) {
          expect(box.label).toBe(label);
          for (const v of [box.x, box.y, box.w, box.h]) expect(Number.isInteger(v)).toBe(true);
          expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
          expect(Math.min(box.w, box.h)).toBeGreaterThanOrEqual(2);
          expect(Math.max(box.x + box.w, box.y + box.h)).toBeLessThanOrEqual(size);
          let change = 0;
          for (let y = box.y; y < box.y + box.h; y++) {
            for (let x = box.x; x < box.x + box.w; x++) {
              inside[y * size + x] = 1;
              change += Math.abs(pixels[y * size + x] - plain[y * size + x]);
            }
          }
          expect(change / (box.w * box.h)).toBeGreaterThan(3);
        }
        let within = 0;
        let without = 0;
        for (let i = 0; i < pixels.length; i++) {
          const d = (pixels[i] - plain[i]) ** 2;
          if (inside[i]) within += d;
          else without += d;
        }
        // Atelectasis also raises the dome and draws the mediastinum over, far outside its plates.
        if (label !== 'Atelectasis') expect(within).toBeGreaterThan(without);
      }
    });
  });

  it('draws hearts, nodules and masses of the size that defines them', () => {
    for (let index = 0; index < 12; index++) {
      const base = healthy(index);
      const ratio = (spec: PhantomSpec): number => {
        const thorax = new Thorax(spec.anatomy, spec.visit, spec.findings);
        let [left, right, chest] = [1, -1, 0];
        for (let y = 0.2; y < 0.8; y += 0.004) {
          chest = Math.max(chest, 2 * thorax.innerHalf(y));
          for (let x = -0.4; x < 0.4; x += 0.002) {
            if (thorax.heart.depthAt(x, y) <= 0) continue;
            left = Math.min(left, x);
            right = Math.max(right, x);
          }
        }
        return (right - left) / chest;
      };
      expect(ratio(base)).toBeLessThan(0.53);
      const large = placeFinding('Cardiomegaly', [], 31, index);
      expect(ratio({ ...base, findings: [large] })).toBeGreaterThan(0.55);
      expect(2 * FIELD_CM * placeFinding('Nodule', [], 31, index).size).toBeLessThan(3);
      expect(2 * FIELD_CM * placeFinding('Mass', [], 31, index).size).toBeGreaterThan(3);
    }
  });
});

describe('writePhantoms', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'phantoms-test-'));
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });
  const contents = async (folder: string): Promise<string[]> => {
    const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    return Promise.all(files.map(async (f) => `${f.slice(folder.length)} ${hash(await readFile(f))}`));
  };

  it('writes the same bytes twice, in the assignment format, without patient leakage', async () => {
    const options = { images: 14, size: 64, seed: 42, balanced: true };
    const calls: number[] = [];
    const first = await writePhantoms({
      ...options,
      out: join(root, 'a'),
      onProgress: (done) => calls.push(done),
    });
    await writePhantoms({ ...options, out: join(root, 'b') });
    const written = await contents(join(root, 'a'));
    expect(written).toEqual(await contents(join(root, 'b')));
    // And the list of them.
    expect(written).toHaveLength(14 + 5 + 1);
    expect(calls).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
    expect(first.images).toBe(14);
    expect(JSON.parse(await readFile(join(root, 'a', 'phantoms.json'), 'utf8'))).toEqual(first);

    const patient = HEADER.split(',').indexOf('PatientId');
    const seen = new Map<string, string>();
    let rows = 0;
    for (const split of SPLITS) {
      const lines = (await readFile(join(root, 'a', `${split}.csv`), 'utf8')).trimEnd().split('\n');
      expect(lines[0]).toBe(HEADER);
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines.slice(1)) {
        rows++;
        const cells = line.split(',');
        expect(cells[0]).toMatch(/^\d{8}_\d{3}\.png$/);
        expect(Number(cells[0].slice(0, 8))).toBe(Number(cells[patient]));
        expect(seen.get(cells[patient]) ?? split).toBe(split);
        seen.set(cells[patient], split);
      }
    }
    expect(rows).toBe(14);

    const specs = makeCohort(options);
    const boxes = (await readFile(join(root, 'a', 'boxes.csv'), 'utf8')).trimEnd().split('\n');
    expect(boxes[0]).toBe('Image,Label,x,y,w,h');
    expect(new Set(boxes.slice(1).map((l) => l.split(',', 2).join()))).toEqual(
      new Set(specs.flatMap((s) => s.findings.map((f) => `${s.image},${f.label}`))),
    );
    const file = join(root, 'a', 'images', specs[3].image);
    const meta = await sharp(file).metadata();
    expect([meta.width, meta.height, meta.channels, meta.depth]).toEqual([64, 64, 1, 'uchar']);
    const stored = await sharp(file).toColourspace('b-w').raw().toBuffer();
    expect(hash(stored)).toBe(hash(drawPhantom(specs[3], 64).pixels));
  });

  it('refuses a folder in use, and replaces one of its own when told to', async () => {
    const out = join(root, 'used');
    await mkdir(out);
    await writePhantoms({ out, images: 3, size: 64, seed: 1 });
    const before = await contents(out);
    await expect(writePhantoms({ out, images: 3, size: 64, seed: 2 })).rejects.toThrow(/not empty/);
    expect(await contents(out)).toEqual(before);
    await writePhantoms({ out, images: 4, size: 64, seed: 2, overwrite: true });
    expect(await contents(out)).not.toEqual(before);
    expect((await readdir(join(out, 'images'))).length).toBe(4);
    await writeFile(join(out, 'thesis.txt'), 'years of work');
    await writePhantoms({ out, images: 3, size: 64, seed: 2, overwrite: true });
    expect(await readFile(join(out, 'thesis.txt'), 'utf8')).toBe('years of work');

    const foreign = join(root, 'foreign');
    await mkdir(foreign);
    await writeFile(join(foreign, 'thesis.txt'), 'years of work');
    await expect(
      writePhantoms({ out: foreign, images: 3, size: 64, seed: 2, overwrite: true }),
    ).rejects.toThrow(UsageError);
    expect(await readdir(foreign)).toEqual(['thesis.txt']);
  });

  it('leaves nothing behind when it fails', async () => {
    const before = await readdir(root);
    const out = join(root, 'failed');
    const onProgress = (done: number): void => {
      if (done === 2) throw new Error('stop here');
    };
    await expect(writePhantoms({ out, images: 5, size: 64, seed: 1, onProgress })).rejects.toThrow(
      'stop here',
    );
    await expect(writePhantoms({ out, images: 2, size: 64, seed: 1 })).rejects.toThrow(UsageError);
    await expect(writePhantoms({ out, images: 5, size: 32, seed: 1 })).rejects.toThrow(UsageError);
    expect(await readdir(root)).toEqual(before);
  });
});
