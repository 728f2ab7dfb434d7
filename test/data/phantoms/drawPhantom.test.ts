import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { FIELD_CM, Thorax } from '../../../src/data/phantoms/anatomy/thorax.js';
import { placeFinding } from '../../../src/data/phantoms/findings/placeFinding.js';
import { drawPhantom, makeCohort, type PhantomSpec } from '../../../src/data/phantoms/index.js';
import { LABELS } from '../../../src/data/tables/labels.js';

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A healthy patient of the cohort, well placed before an open field. */
function healthy(index: number): PhantomSpec {
  const spec = makeCohort({ images: 40, seed: 11, maxVisits: 1 })[index];
  return { ...spec, findings: [], visit: { ...spec.visit, collimation: [], devices: [] } };
}

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

  // Whoever draws other pixels raises PHANTOM_VERSION and says so: published scores and weights are of these.
  it.each([
    [64, 40, 5, '2c4100df0558f121'],
    [97, 6, 3, 'b2a9594a530a8709'],
    [128, 5, 4, 'fd0db5792e26f958'],
    [224, 4, 7, '986ea3ba46a9a64c'],
    [320, 3, 6, '5ba41bff0038405e'],
    [640, 1, 8, 'aa774a576490a573'],
  ])('draws the pixels of version 1 at %i px', (size, images, seed, wanted) => {
    const hash = createHash('sha256');
    for (const spec of makeCohort({ images: Math.max(3, images), seed, balanced: true }).slice(0, images)) {
      const { pixels, boxes } = drawPhantom(spec, size);
      hash.update(pixels).update(JSON.stringify(boxes));
    }
    expect(hash.digest('hex').slice(0, 16)).toBe(wanted);
  });

  it('draws the same in memory that another drawing left', () => {
    const [first, second] = makeCohort({ images: 12, seed: 3, balanced: true });
    const alone = hash(drawPhantom(first, 64).pixels);
    drawPhantom(second, 64);
    drawPhantom(second, 97);
    expect(hash(drawPhantom(first, 64).pixels)).toBe(alone);
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
