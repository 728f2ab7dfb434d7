import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import {
  encodePng,
  gradcamGridSvg,
  gradcamTitle,
  overlayImage,
  rowPictures,
  writeOverlayPng,
} from '../../../src/eval/explain/overlay.node.js';
import type { GradcamMap, ReportImage } from '../../../src/eval/report/reportData.js';

const [width, height] = [33, 17];
const image: ReportImage = {
  width,
  height,
  channels: 1,
  pixels: Uint8Array.from({ length: width * height }, (_, i) => (i * 7) & 255),
};
const map: GradcamMap = {
  label: 'Mass & more',
  probability: 0.4,
  score: 'sigmoid',
  map: Float32Array.from({ length: width * height }, (_, i) => (i % width) / width),
  empty: false,
};

describe('an overlay', () => {
  it('is written in the size of its image', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chexgpu-overlay-'));
    await writeOverlayPng(join(folder, 'o.png'), image, map);
    const { data, info } = await sharp(join(folder, 'o.png')).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([33, 17, 3]);
    expect(new Uint8Array(data)).toEqual(overlayImage(image, map).pixels);
    await rm(folder, { recursive: true });
  });

  it('of an empty map is the X-ray as it was', () => {
    const { channels, pixels } = overlayImage(image, { ...map, empty: true });
    expect(channels).toBe(3);
    expect([...pixels]).toEqual([...image.pixels].flatMap((gray) => [gray, gray, gray]));
  });

  it('is made smaller where that is wanted, and never larger', async () => {
    const sizeOf = async (side?: number) => {
      const meta = await sharp(await encodePng(image, side)).metadata();
      return [meta.width, meta.height, meta.channels];
    };
    expect([await sizeOf(), await sizeOf(11), await sizeOf(999)]).toEqual([
      [33, 17, 1],
      [11, 6, 1],
      [33, 17, 1],
    ]);
  });

  it('refuses pixels that do not fit', async () => {
    await expect(encodePng({ ...image, width: 34 })).rejects.toThrow(DataError);
    await expect(encodePng(null as unknown as ReportImage)).rejects.toThrow(UsageError);
  });
});

describe('the grid', () => {
  it('has a picture per map beside the original, and the boxes of its class', async () => {
    const boxes = ['Mass & more', 'Hernia'].map((label) => ({ label, x: 3, y: 2, width: 10, height: 5 }));
    const row = { file: 'a<b.png', image, labels: ['Mass'], boxes, maps: [map] };
    const svg = gradcamGridSvg([row], [await rowPictures(row)]);
    expect(gradcamTitle(map)).toBe('Mass & more: p=0.400');
    expect(svg.match(/<image /g)).toHaveLength(2);
    // Both boxes on the original, its own on the map.
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(3);
    expect(svg).toContain('Mass &amp; more: p=0.400');
    expect(svg).toContain('a&lt;b.png · true labels: Mass');
  });
});
