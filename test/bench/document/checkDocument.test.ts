import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { documentProblem, parseDocument } from '../../../bench/document/checkDocument.js';
import { compareDocuments } from '../../../bench/document/compare.js';
import { type BenchDocument, FORMAT, FORMAT_VERSION } from '../../../bench/document/document.js';
import * as tables from '../../../bench/document/tables.js';
import { DataError } from '../../../src/core/errors.js';
import { document, KERNELS, MODEL, PEERS } from './documents.js';

const RESULTS = fileURLToPath(new URL('../../../bench/results', import.meta.url));

const FULL = document({
  kernels: { ...KERNELS, convolutions: [{ ...KERNELS.step[0], ofBest: 1, ok: true }] },
  model: {
    rows: [{ ...MODEL, groups: KERNELS.step }],
    pipeline: [{ work: 'decode, resize', imagesPerSecond: 5, images: 10, size: 64, sourceSize: 1024 }],
    scaling: {
      network: 'densenet121',
      budgetMs: 1,
      maxBytes: 1,
      series: [
        {
          kind: 'predict',
          along: 'batch',
          points: [{ kind: 'predict', batch: 1, size: 64, timing: MODEL.plan, planBytes: 5, skipped: null }],
          time: { line: { intercept: 1, slope: 1, r2: 1 }, power: { factor: 1, exponent: 1, r2: 1 } },
          memory: { line: null, power: null },
        },
      ],
    },
  },
  peers: PEERS,
});

/** All that command and page show of a document. */
function shown({ peaks, kernels, model, peers }: BenchDocument): unknown {
  return [
    peaks && tables.peaksLine(peaks),
    kernels && tables.shapeTable(kernels.rows),
    kernels && tables.variantTable(kernels.totals),
    kernels && tables.profileTable('', kernels.step),
    kernels && tables.convolutionTable(kernels.convolutions),
    model && tables.modelTable(model),
    model && tables.groupTables(model),
    model && tables.pipelineTable(model.pipeline),
    model?.scaling && [tables.scalingTable(model.scaling), tables.growthLines(model.scaling)],
    peers && tables.peersTable(peers),
  ];
}

/** Every place in a value: a list of keys each. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (value === null || typeof value !== 'object') return [path];
  const below = Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]));
  return path.length > 0 ? [path, ...below] : below;
}

type Holder = Record<string, unknown>;

function replaced(path: readonly string[], by: unknown): BenchDocument {
  const copy = structuredClone(FULL);
  const holder = path.slice(0, -1).reduce<unknown>((at, key) => (at as Holder)[key], copy) as Holder;
  holder[path.at(-1)!] = by;
  return copy;
}

describe('a document that is read', () => {
  it('is taken if a bench wrote it, of every version that results are kept of', () => {
    expect(documentProblem(FULL)).toBeNull();
    const kept = readdirSync(RESULTS).filter((name) => name.endsWith('.json'));
    expect(kept.length).toBeGreaterThan(3);
    for (const name of kept) {
      const read = parseDocument(readFileSync(join(RESULTS, name), 'utf8'), name);
      expect(read.format).toBe(FORMAT);
      shown(read);
    }
  });

  it.each([
    ['{', /^x\.json is no JSON: /],
    ['[]', /^x\.json is no result: it holds no JSON object/],
    ['{"format":"else"}', /no bench of chexgpu wrote it/],
    [`{"format":"${FORMAT}","version":99}`, /version 99 of the format, not 1/],
    [`{"format":"${FORMAT}","version":${FORMAT_VERSION}}`, /date is missing, it must be text/],
    [
      JSON.stringify(replaced(['kernels', 'rows', '1', 'ms'], '3')),
      /kernels\.rows\[1\]\.ms is "3", it must be a n/,
    ],
    [
      JSON.stringify(replaced(['peers', 'results'], 'y'.repeat(99))),
      /peers\.results is "y{39}…, it must be a list/,
    ],
  ])('is refused with the place and the reason: %.40s', (text, message) => {
    expect(() => parseDocument(text, 'x.json')).toThrow(DataError);
    expect(() => parseDocument(text, 'x.json')).toThrow(message);
  });

  it('is refused, or can be shown and compared, whatever stands in any one place of it', () => {
    const all = places(FULL);
    expect(all.length).toBeGreaterThan(150);
    let refused = 0;
    for (const path of all) {
      for (const by of [null, undefined, 'words', -3, {}, [], [null], true]) {
        const changed = replaced(path, by);
        if (documentProblem(changed)) refused++;
        else {
          shown(changed);
          compareDocuments(FULL, changed);
        }
      }
    }
    expect(refused).toBeGreaterThan(3 * all.length);
  });
});
