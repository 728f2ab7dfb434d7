import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LABELS } from '../../src/data/tables/labels.js';
import type { OperatingPointsFile } from '../../src/eval/scores/operatingPoints.js';
import { pointsFor } from '../../web/pages/reader/inWorker/points.js';

const FILE = JSON.parse(
  readFileSync(new URL('../../weights/phantoms-densenet121.points.json', import.meta.url), 'utf8'),
) as OperatingPointsFile;

describe('the operating points of the network in the box', () => {
  it('are one for each finding, better than chance on what they were chosen on', () => {
    expect(FILE.images).toBe(600);
    expect(FILE.points.map(({ label }) => label)).toEqual([...LABELS]);
    for (const { threshold, sensitivity, specificity } of FILE.points) {
      expect(threshold).toBeGreaterThan(0);
      expect(threshold).toBeLessThan(1);
      expect(sensitivity + specificity - 1).toBeGreaterThan(0.5);
    }
  });

  it('are given in the order of the outputs, and to no network that has others', () => {
    const turned = [...LABELS].reverse();
    const points = pointsFor(FILE, turned, 224);
    expect(points).toMatchObject({
      size: 224,
      from: "Youden's J on 600 balanced phantoms of seed 2027, 224 px",
    });
    expect(points?.of.map(({ threshold }) => threshold)).toEqual(
      FILE.points.map((p) => p.threshold).reverse(),
    );
    expect(pointsFor(FILE, [...LABELS, 'Fracture'], 224)).toBeNull();
    expect(pointsFor(null, LABELS, 224)).toBeNull();
    expect(pointsFor({ ...FILE, format: 'x' } as unknown as OperatingPointsFile, LABELS, 224)).toBeNull();
  });
});
