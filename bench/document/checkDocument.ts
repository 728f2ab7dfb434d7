/** Whether a file is a document of this bench, field by field: what is shown of it is there and of its kind. */
import { DataError } from '../../src/core/errors.js';
import { type BenchDocument, FORMAT, FORMAT_VERSION } from './document.js';

/** What is wrong with a value, beginning with its place; null where nothing is. */
type Check = (value: unknown, at: string) => string | null;
type Fields = Readonly<Record<string, Check>>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

const MOST_SHOWN = 40;
const must = (value: unknown, at: string, be: string) => {
  const shown = value === undefined ? 'missing' : (JSON.stringify(value) ?? 'none');
  const short = shown.length > MOST_SHOWN ? `${shown.slice(0, MOST_SHOWN)}…` : shown;
  return `${at} is ${short}, it must be ${be}`;
};

const number: Check = (v, at) => (Number.isFinite(v) ? null : must(v, at, 'a number'));
const text: Check = (v, at) => (typeof v === 'string' ? null : must(v, at, 'text'));
const flag: Check = (v, at) => (typeof v === 'boolean' ? null : must(v, at, 'true or false'));
const one =
  (...words: string[]): Check =>
  (v, at) =>
    words.includes(v as string) ? null : must(v, at, `one of ${words.join(', ')}`);
const nullable =
  (check: Check): Check =>
  (v, at) =>
    v === null ? null : check(v, at);
const optional =
  (check: Check): Check =>
  (v, at) =>
    v === undefined ? null : check(v, at);
const list =
  (check: Check): Check =>
  (v, at) => {
    if (!Array.isArray(v)) return must(v, at, 'a list');
    for (const [i, item] of v.entries()) {
      const wrong = check(item, `${at}[${i}]`);
      if (wrong) return wrong;
    }
    return null;
  };
const object =
  (fields: Fields): Check =>
  (v, at) => {
    if (!isObject(v)) return must(v, at, 'an object');
    for (const [name, check] of Object.entries(fields)) {
      const wrong = check(v[name], at === '' ? name : `${at}.${name}`);
      if (wrong) return wrong;
    }
    return null;
  };
const record =
  (check: Check): Check =>
  (v, at) => {
    if (!isObject(v)) return must(v, at, 'an object');
    return object(Object.fromEntries(Object.keys(v).map((name) => [name, check])))(v, at);
  };

const WORKLOAD: Fields = {
  kind: one('predict', 'train'),
  batch: number,
  size: number,
  precision: optional(one('f32', 'f16')),
};
const TIMING: Fields = { ms: number, noise: nullable(number), samples: list(number) };
const RATES: Fields = { flops: number, bytes: number, gflops: number, gbs: number };
const PROFILE_ROW = object({
  ...RATES,
  name: text,
  count: number,
  ns: number,
  share: number,
  ofPeak: nullable(number),
});

const KERNEL_ROW = object({
  ...RATES,
  op: text,
  variant: text,
  tile: text,
  shape: text,
  count: number,
  ms: number,
  noise: nullable(number),
  ofPeak: number,
  bound: one('compute', 'memory'),
  chosen: flag,
  fastest: flag,
});

const KERNELS = object({
  ...WORKLOAD,
  network: text,
  part: optional(text),
  clock: one('gpu', 'wall'),
  resolutionNs: number,
  repeats: number,
  stepMs: number,
  dispatches: number,
  checks: number,
  failed: list(object({ op: text, variant: text, why: text })),
  rows: list(KERNEL_ROW),
  totals: list(
    object({
      op: text,
      variant: text,
      shapes: number,
      count: number,
      ms: number,
      gflops: number,
      gbs: number,
      ofPeak: number,
      chosen: number,
      fastest: number,
      overNaive: optional(nullable(number)),
    }),
  ),
  step: list(PROFILE_ROW),
  convolutions: list((v, at) => PROFILE_ROW(v, at) ?? object({ ofBest: number, ok: flag })(v, at)),
  timeline: list(object({ label: text, kernel: text, begin: number, end: number })),
});

const FITS = object({
  line: nullable(object({ intercept: number, slope: number, r2: number })),
  power: nullable(object({ factor: number, exponent: number, r2: number })),
});
const MODEL = object({
  rows: list(
    object({
      ...WORKLOAD,
      ...TIMING,
      network: text,
      imagesPerSecond: number,
      plan: object(TIMING),
      firstMs: number,
      compileMs: number,
      pipelines: number,
      dispatches: number,
      planBytes: number,
      planBytesAnImage: number,
      ofPeak: number,
      groups: optional(list(PROFILE_ROW)),
    }),
  ),
  pipeline: list(object({ work: text, imagesPerSecond: number, size: number, sourceSize: number })),
  scaling: nullable(
    object({
      network: text,
      series: list(
        object({
          kind: one('predict', 'train'),
          along: one('batch', 'size'),
          points: list(
            object({
              ...WORKLOAD,
              timing: nullable(object(TIMING)),
              planBytes: nullable(number),
              skipped: nullable(text),
            }),
          ),
          time: FITS,
          memory: FITS,
        }),
      ),
    }),
  ),
});

const PEERS = object({
  date: text,
  adapter: text,
  versions: record(text),
  results: list(
    object({
      job: object({ kind: text, batch: number, size: number }),
      referee: text,
      rows: list(
        object({
          engine: text,
          status: one('ok', 'failed', 'wrong', 'unsupported'),
          ms: nullable(number),
          samples: list(number),
          firstMs: nullable(number),
          perImage: nullable(number),
          bytes: nullable(number),
          error: nullable(number),
          note: text,
          adapter: text,
        }),
      ),
      ratios: record(number),
    }),
  ),
});

const DOCUMENT = object({
  date: text,
  commit: nullable(text),
  adapter: object({ name: text, kind: text }),
  driver: text,
  versions: record(text),
  system: text,
  cpus: object({ count: number, model: text }),
  commandLine: text,
  peaks: nullable(object({ gflops: number, gbs: number, cacheGbs: nullable(number) })),
  kernels: optional(KERNELS),
  model: optional(MODEL),
  peers: optional(PEERS),
  others: optional(record(() => null)),
});

/** Why a value is no document of this bench; null if it is one. */
export function documentProblem(value: unknown): string | null {
  if (!isObject(value)) return 'it holds no JSON object';
  const { format, version } = value;
  if (format !== FORMAT) return 'no bench of chexgpu wrote it';
  if (version !== FORMAT_VERSION)
    return `it has version ${String(version)} of the format, not ${FORMAT_VERSION}`;
  return DOCUMENT(value, '');
}

/**
 * The document that a text holds.
 * @param name of the file, for errors
 * @throws DataError naming the file, and the first field that is wrong
 */
export function parseDocument(json: string, name: string): BenchDocument {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new DataError(`${name} is no JSON: ${(cause as Error).message}.`, 'Give a JSON file.', { cause });
  }
  const problem = documentProblem(value);
  if (problem) throw new DataError(`${name} is no result: ${problem}.`, 'Give a file that --out wrote.');
  return value as BenchDocument;
}
