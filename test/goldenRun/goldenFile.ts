/** The golden runs that are kept, one file per software adapter, and how a run is compared with one. */
import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { NodeGpu } from '../../src/node.js';
import type { GoldenDispatches, GoldenNumbers } from './record.js';

/** Where a run was made: bits hang on all of it. */
export interface Place {
  /** The adapter with the version of its driver. */
  adapter: string;
  /** Zeros where there are none. */
  subgroups: [smallest: number, largest: number];
  processor: string;
}

export interface GoldenRun {
  place: Place;
  numbers: GoldenNumbers;
  dispatches: GoldenDispatches;
}

/** Instructions that software drivers compile for where they find them: with others they round elsewhere. */
const VECTORS = ['sse4_1', 'avx', 'avx2', 'fma', 'avx512f'];

/** Virtual machines hide the model's name, so on Linux what the kernel knows beside it. */
async function processorHere(): Promise<string> {
  const name = cpus()[0]?.model ?? process.arch;
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const fact = (key: string) => new RegExp(`^${key}\\s*: (.*)$`, 'm').exec(text)?.[1];
  const flags = fact('flags')?.split(' ') ?? [];
  const vectors = VECTORS.filter((flag) => flags.includes(flag)).join(' ');
  const numbers = [fact('cpu family'), fact('model'), fact('stepping')].filter(Boolean).join('/');
  return [name, numbers, vectors].filter(Boolean).join(', ');
}

export async function placeOf({ gpu, name }: NodeGpu): Promise<Place> {
  const { subgroupMinSize, subgroupMaxSize, features } = gpu.info;
  return {
    adapter: name,
    subgroups: features.includes('subgroups') ? [subgroupMinSize, subgroupMaxSize] : [0, 0],
    processor: await processorHere(),
  };
}

const pathOf = (kind: string) => fileURLToPath(new URL(`${kind}.json`, import.meta.url));

/** Adapters that are the same everywhere. */
export const hasGoldenRun = (kind: string): boolean => kind === 'lavapipe' || kind === 'swiftshader';

export function readGoldenRun(kind: string): GoldenRun {
  const path = pathOf(kind);
  if (!existsSync(path)) throw new Error(`${path} is not there: \`npm run golden\` makes it.`);
  return JSON.parse(readFileSync(path, 'utf8')) as GoldenRun;
}

export async function writeGoldenRun(kind: string, run: GoldenRun): Promise<string> {
  const path = pathOf(kind);
  await writeFile(path, `${JSON.stringify(run, null, 1)}\n`);
  return path;
}

/** Numbers and hashes below `value`, by their paths. */
function leaves(value: unknown, path = ''): [path: string, leaf: unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, below]) => leaves(below, path ? `${path}.${key}` : key));
}

/** Whether a number that is not the same passes. */
export type Near = (got: number, want: number, path: string) => boolean;

/**
 * Where `got` is not `want`, the first few in words.
 * @param near where it is given, hashes are passed over; default: nothing passes
 */
export function differences(got: unknown, want: unknown, near?: Near): string[] {
  const [gotLeaves, wantLeaves] = [new Map(leaves(got)), new Map(leaves(want))];
  const paths = new Set([...wantLeaves.keys(), ...gotLeaves.keys()]);
  const found: string[] = [];
  for (const path of paths) {
    const [g, w] = [gotLeaves.get(path), wantLeaves.get(path)];
    if (Object.is(g, w)) continue;
    if (near && typeof g === 'string' && typeof w === 'string') continue;
    if (near && typeof g === 'number' && typeof w === 'number' && near(g, w, path)) continue;
    found.push(`${path}: got ${g}, recorded ${w}`);
  }
  const more = found.length - SHOWN;
  return more > 0 ? [...found.slice(0, SHOWN), `and ${more} more of ${paths.size}`] : found;
}

const SHOWN = 5;
