import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { overlayImage } from '../../../src/eval/explain/overlay.node.js';
import { modelSummary } from '../../../src/eval/report/modelSummary.js';
import type { GradcamMap, ReportData, ReportImage } from '../../../src/eval/report/reportData.js';
import { writeReport } from '../../../src/eval/report/writeReport.node.js';
import { evaluate } from '../../../src/eval/scores/evaluate.js';

const random = new MT19937(5);
const EVIL = '<script>alert("x")</script>';
const LABELS = ['Cardiomegaly', EVIL, "Mass & 'more'", 'Hernia'];

function xray(width: number, height: number, channels: 1 | 3 = 1): ReportImage {
  const pixels = Uint8Array.from({ length: width * height * channels }, () => random.next32() & 255);
  return { width, height, channels, pixels };
}

function camOf(image: ReportImage, label: string, probability: number): GradcamMap {
  const map = Float32Array.from({ length: image.width * image.height }, () => random.random());
  return { label, probability, score: 'sigmoid', map, empty: false };
}

function wholeReport(): ReportData {
  const n = 40;
  const labels = Float32Array.from({ length: n * 4 }, (_, i) => Number(i % 4 !== 3 && random.random() < 0.4));
  const predictions = Float32Array.from(labels, (y) => (random.random() + 0.4 * y) / 1.4);
  const image = xray(24, 16);
  const positive = [0.1, 0.2, 0.05, 0.3];
  const negative = positive.map((f) => 1 - f);
  const stepLosses = Array.from({ length: 6 }, (_, i) => 1 / (i + 1));
  return {
    title: `Report ${EVIL}`,
    run: {
      name: EVIL,
      command: `chexgpu run --data "${EVIL}"`,
      seed: 7,
      startedAt: '2026-01-02T03:04:05Z',
      seconds: 61,
      adapter: { name: EVIL, driver: 'driver', software: true, reason: 'no GPU was found' },
      versions: { chexgpu: '0.1.0' },
      settings: { 'image size': '64' },
    },
    data: {
      source: EVIL,
      splits: [{ name: 'train', file: 'train.csv', images: 40, patients: 30 }],
      leakage: [{ a: 'train', b: 'test', patientIds: ['17', '4'] }],
    },
    samples: [{ file: EVIL, patientId: '17', labels: [EVIL], image: xray(24, 16, 3) }],
    frequencies: {
      split: 'train',
      labels: LABELS,
      samples: n,
      known: [n, n, n, n],
      counts: [4, 8, 2, 12],
      positive,
      negative,
      weighting: 'by class frequencies',
      evensSides: true,
      positiveWeights: negative,
      negativeWeights: positive,
    },
    model: modelSummary(densenetConfig('densenet121', { classes: 4 }), 64, EVIL),
    training: {
      loss: {
        name: 'weighted',
        title: 'weighted cross-entropy',
        reduction: 'mean over the batch, sum over the classes',
        settings: { posWeights: negative, negWeights: positive },
      },
      optimizer: 'Adam',
      callbacks: [`logs as ${EVIL}.csv`],
      layers: [`Frozen: ${EVIL}`],
      batchSize: 4,
      stopped: null,
      weightsEpoch: 2,
      stepLosses,
      epochs: [
        {
          epoch: 1,
          steps: 3,
          loss: 0.6111,
          valLoss: 0.7,
          valAuc: 0.8125,
          valAucs: { [EVIL]: 0.8125 },
          learningRate: 0.001,
          seconds: 3,
          imagesPerSecond: 4,
        },
        {
          epoch: 2,
          steps: 3,
          loss: 0.2056,
          valLoss: null,
          valAuc: null,
          valAucs: {},
          learningRate: null,
          seconds: 3,
          imagesPerSecond: 4,
        },
      ],
    },
    evaluation: evaluate(predictions, labels, LABELS),
    gradcam: [
      {
        file: 'a.png',
        labels: [EVIL],
        boxes: [{ label: EVIL, x: 2, y: 3, width: 10, height: 5 }],
        image,
        maps: [camOf(image, EVIL, 0.123), { ...camOf(image, 'Hernia', 0.9), empty: true }],
      },
    ],
    timings: [
      { phase: 'forward', seconds: 2, images: 24 },
      { phase: EVIL, seconds: 1, images: null },
    ],
  };
}

const VOID = new Set(['meta', 'img', 'br', 'link', 'input', 'hr']);

/** Every tag that opens closes, in order; attributes are quoted. Returns the names of all elements. */
function checkTags(markup: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const text = markup.replace(/<!doctype html>/, '').replace(/<style>[^<]*<\/style>/, '');
  const tag = /<(\/?)([A-Za-z][A-Za-z0-9:]*)((?:\s+[A-Za-z_:][-A-Za-z0-9_:.]*(?:="[^"<]*")?)*)\s*(\/?)>/y;
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', tag.lastIndex)) {
    tag.lastIndex = at;
    const found = tag.exec(text);
    if (!found) throw new Error(`not a tag: ${text.slice(at, at + 80)}`);
    const [, closing, name, , selfClosing] = found;
    if (closing) expect(open.pop()).toBe(name);
    else {
      names.push(name);
      if (!selfClosing && !VOID.has(name)) open.push(name);
    }
  }
  expect(open).toEqual([]);
  return names;
}

describe('the whole report', () => {
  let folder: string;
  let page: string;
  const data = wholeReport();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chexgpu-report-'));
    const written = await writeReport(folder, data);
    page = await readFile(written.html, 'utf8');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is well-formed and holds no script', () => {
    const names = checkTags(page);
    expect(names).not.toContain('script');
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
  });

  it('loads nothing', () => {
    expect(page).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
    for (const [, value] of page.matchAll(/\b(?:src|href|xlink:href)="([^"]*)"/g)) {
      expect(value).toMatch(/^(data:image\/png;base64,|#)/);
    }
    expect(page).not.toMatch(/url\((?!#)/);
    expect(page).not.toMatch(/@import|@font-face/);
  });

  it('follows the order of the notebook and says that it is no medical device', () => {
    const ids = [...page.matchAll(/<section id="([^"]+)"/g)].map((m) => m[1]);
    expect(ids).toEqual([
      'data',
      'samples',
      'frequencies',
      'contributions',
      'model',
      'roc',
      'gradcam',
      'timings',
    ]);
    expect([...page.matchAll(/href="#([^"]+)"/g)].map((m) => m[1])).toEqual(ids);
    expect(page.indexOf('Not a medical device')).toBeLessThan(page.indexOf('<h1>'));
  });

  it('has an alternative text for every picture and an inner id for one element only', () => {
    const images = page.match(/<img [^>]*>/g) ?? [];
    expect(images).toHaveLength(1 + 3);
    for (const image of images) expect(image).toMatch(/ alt="[^"]+"/);
    expect(page.match(/<svg xmlns/g)).toHaveLength(7);
    for (const svg of page.match(/<svg xmlns[^>]*>/g) ?? []) expect(svg).toMatch(/aria-label="[^"]+"/);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows AUCs in the legend and undefined ones with their reason', () => {
    const roc = data.evaluation?.classes[0].auc ?? 0;
    expect(page).toContain(`Cardiomegaly (${roc.toFixed(3)})`);
    expect(page).toContain('True positive rate');
    expect(page).toContain('undefined</span>');
    expect(page).toContain('Hernia (no positive example among 40 images)');
    expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;: p=0.123');
  });

  it('stands beside its data, figures and pictures, and nothing half-written', async () => {
    expect((await readdir(folder)).sort()).toEqual(['figures', 'images', 'report.html', 'report.json']);
    const figures = [
      'auc',
      'class-frequencies',
      'contributions',
      'epochs',
      'gradcam',
      'loss',
      'roc',
      'timings',
    ];
    expect((await readdir(join(folder, 'figures'))).sort()).toEqual(figures.map((f) => `${f}.svg`));
    for (const name of figures) {
      const svg = await readFile(join(folder, 'figures', `${name}.svg`), 'utf8');
      expect(checkTags(svg)[0]).toBe('svg');
      expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 \d/);
      expect(svg).not.toMatch(/NaN|undefined,/);
    }
    const json = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'));
    expect(json.evaluation).toEqual(JSON.parse(JSON.stringify(data.evaluation)));
    expect(json.run).toEqual(data.run);
    expect(json.gradcam[0].maps[0].probability).toBe(0.123);
    const png = join(folder, json.gradcam[0].maps[0].overlay);
    const { data: pixels } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    const row = data.gradcam[0];
    expect(new Uint8Array(pixels)).toEqual(overlayImage(row.image, row.maps[0]).pixels);
    expect((await sharp(join(folder, json.gradcam[0].image.file)).metadata()).channels).toBe(1);
  });

  it('draws the same bytes again', async () => {
    await writeReport(folder, data);
    expect((await readFile(join(folder, 'report.html'), 'utf8')) === page).toBe(true);
  });

  it('says first what failed', async () => {
    const problems = [{ part: `Grad-CAM of ${EVIL}`, message: EVIL }];
    const written = await writeReport(join(folder, 'failed'), { ...data, gradcam: [], problems });
    const failed = await readFile(written.html, 'utf8');
    checkTags(failed);
    expect(failed.match(/<section id="([^"]+)"/)?.[1]).toBe('problems');
    expect(failed).not.toContain(EVIL);
    expect(JSON.parse(await readFile(written.json, 'utf8')).problems).toEqual(problems);
  });

  it('leaves out what a run did not do', async () => {
    const nothing = evaluate([0.2, 0.3], [0, 1], ['A', 'B']);
    const part: ReportData = {
      ...data,
      data: null,
      samples: [],
      frequencies: null,
      model: null,
      training: null,
      gradcam: [],
      evaluation: nothing,
      timings: [],
    };
    const written = await writeReport(join(folder, 'part'), part);
    const small = await readFile(written.html, 'utf8');
    checkTags(small);
    expect([...small.matchAll(/<section id="([^"]+)"/g)].map((m) => m[1])).toEqual(['roc', 'timings']);
    expect(written.figures.map((f) => f.split('/').pop())).toEqual(['auc.svg']);
    expect(small).toContain('A (no positive example among 1 images); B (no negative example among 1 images)');
  });

  it('writes nothing when a map does not fit its image', async () => {
    const bad = wholeReport();
    bad.gradcam[0].maps[0].map = new Float32Array(7);
    await expect(writeReport(join(folder, 'bad'), bad)).rejects.toThrow(DataError);
    await expect(readdir(join(folder, 'bad'))).rejects.toThrow();
    await writeFile(join(folder, 'taken'), 'x');
    await expect(writeReport(join(folder, 'taken'), data)).rejects.toThrow(/taken.*could not be written/);
  });
});
