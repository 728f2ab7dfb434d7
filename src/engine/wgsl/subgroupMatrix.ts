/**
 * Matrices that a subgroup multiplies at once (tensor cores). In WebGPU they are an experiment whose spelling has
 * changed once already. Only this file knows the sizes that an adapter has, and the spellings.
 */

import { inScopes } from '../device/errorScopes.js';
import type { AdapterFacts } from '../device/gpuInfo.js';
import { type Declarations, readDeclarations } from './declarations.js';
import { extensionObstacle, MATRIX_EXTENSION, MATRIX_FEATURE } from './extensions.js';
import { replaced } from './specialise.js';

const NEEDED = ['shader-f16', 'subgroups', MATRIX_FEATURE];

/** Of the features needed, those that a device lacks. */
function missingFeatures({ device }: AdapterFacts): string[] {
  return NEEDED.filter((feature) => !device.features.has(feature as GPUFeatureName));
}

/** What one multiplication does: m by k times k by n, of f16. */
export interface MatrixConfig {
  m: number;
  n: number;
  k: number;
  /** The sums are f16 too, not f32. */
  halfSum: boolean;
  /** Lanes of a subgroup. */
  subgroup: number;
}

/** One of the sizes that an adapter has, as it says it; not yet in the type declarations. */
export interface DeclaredConfig {
  componentType: string;
  resultComponentType: string;
  M: number;
  N: number;
  K: number;
}

/** All sizes that an adapter has. */
export function declaredConfigs({ device }: AdapterFacts): DeclaredConfig[] {
  const extra = device.adapterInfo as GPUAdapterInfo & { subgroupMatrixConfigs?: Iterable<DeclaredConfig> };
  // Copies: those of the device are no plain objects.
  return [...(extra.subgroupMatrixConfigs ?? [])].map(({ componentType, resultComponentType, M, N, K }) => ({
    componentType,
    resultComponentType,
    M,
    N,
    K,
  }));
}

/** Why this adapter cannot multiply matrices of f16 here; null where it can. */
export function matrixObstacle(gpu: AdapterFacts): string | null {
  const missing = missingFeatures(gpu);
  if (missing.length > 0) return `the adapter lacks ${missing.join(' and ')}`;
  const { subgroupMinSize, subgroupMaxSize } = gpu.info;
  if (subgroupMinSize !== subgroupMaxSize) {
    return `its subgroups have ${subgroupMinSize} to ${subgroupMaxSize} lanes, the kernel is for one size`;
  }
  return matrixConfig(gpu) ? null : 'none of its matrix sizes is of f16 and a whole number of vec4s per lane';
}

/** `extensionObstacle`, and of shaders with matrices also why their sizes do not fit; null where all do. */
export function kernelObstacle(gpu: AdapterFacts, enables: ReadonlySet<string>): string | null {
  return enables.has(MATRIX_EXTENSION) ? matrixObstacle(gpu) : extensionObstacle(gpu, enables);
}

/**
 * The multiplication to use: f32 sums before f16 sums, then 16x16x16, then the largest.
 * @returns null where the adapter has none that fits
 */
export function matrixConfig(gpu: AdapterFacts): MatrixConfig | null {
  const { subgroupMinSize, subgroupMaxSize: subgroup } = gpu.info;
  if (missingFeatures(gpu).length > 0 || subgroupMinSize !== subgroup) return null;
  const usable = declaredConfigs(gpu)
    .filter((c) => c.componentType === 'f16' && ['f32', 'f16'].includes(c.resultComponentType))
    .map(({ M, N, K, resultComponentType }) => ({
      m: M,
      n: N,
      k: K,
      halfSum: resultComponentType === 'f16',
      subgroup,
    }))
    .filter(({ m, n }) => n % 4 === 0 && (m * n) % (4 * subgroup) === 0 && subgroup % (n / 4) === 0);
  const price = ({ m, n, k, halfSum }: MatrixConfig) =>
    (halfSum ? 1e9 : 0) + (m === 16 && n === 16 && k === 16 ? 0 : 1e6 - m * n * k);
  return usable.sort((a, b) => price(a) - price(b))[0] ?? null;
}

/**
 * How a WebGPU implementation spells loads and stores: `load<T, row_major>(p, at, stride)` or
 * `load<T>(p, at, false, stride)`.
 */
export type MatrixDialect = 'templates' | 'arguments';

const CALL = /\b(subgroupMatrix(?:Load|Store))<(?:([\w:]+(?:<[^<>]*>)?),\s*)?row_major>\(/g;

/** `const HALF_SUM` decides over the type of the sums, which no constant of WGSL can: it is an alias. */
function withSums(source: string, { constants, aliases }: Declarations): string {
  const result = aliases.get('Result');
  if (constants.get('HALF_SUM')?.value !== 'true' || !result) return source;
  return replaced(source, [{ at: result, text: 'alias Result = f16;' }]);
}

/** WGSL as our files spell it (`templates`), in another spelling. */
export function spellMatrices(source: string, dialect: MatrixDialect): string {
  const text = withSums(source, readDeclarations(source));
  if (dialect === 'templates') return text;
  let out = '';
  let end = 0;
  for (const match of text.matchAll(CALL)) {
    const [head, call, type = ''] = match;
    const open = match.index + head.length;
    const stride = lastArgument(text, open);
    out += `${text.slice(end, match.index)}${call}${type && `<${type}>`}(`;
    out += `${text.slice(open, stride)} false,`;
    end = stride;
  }
  return out + text.slice(end);
}

/** Where the last argument begins, behind its comma; `from` is behind the opening bracket. */
function lastArgument(text: string, from: number): number {
  let depth = 0;
  let comma = from;
  for (let i = from; i < text.length && depth >= 0; i++) {
    if ('(['.includes(text[i])) depth++;
    else if (')]'.includes(text[i])) depth--;
    else if (text[i] === ',' && depth === 0) comma = i + 1;
  }
  return comma;
}

const PROBE = `enable f16;
enable ${MATRIX_EXTENSION};
var<workgroup> numbers: array<f16, 256>;
@compute @workgroup_size(128) fn main() {
  let matrix = subgroupMatrixLoad<subgroup_matrix_left<f16, 8, 8>, row_major>(&numbers, 0u, 8u);
  subgroupMatrixStore<row_major>(&numbers, 0u, matrix, 8u);
}`;

const dialects = new WeakMap<GPUDevice, Promise<MatrixDialect>>();

function dialectOf(device: GPUDevice): Promise<MatrixDialect> {
  let dialect = dialects.get(device);
  if (!dialect) {
    dialect = probe(device);
    dialects.set(device, dialect);
  }
  return dialect;
}

async function probe(device: GPUDevice): Promise<MatrixDialect> {
  const { outcome, report } = inScopes(device, () =>
    device.createShaderModule({ label: 'matrix probe', code: PROBE }),
  );
  if ('thrown' in outcome) throw outcome.thrown;
  const [{ messages }, { refused }] = await Promise.all([outcome.value.getCompilationInfo(), report]);
  return refused !== null || messages.some(({ type }) => type === 'error') ? 'arguments' : 'templates';
}

/** A specialised shader as this device spells it; one without matrices stays as it is. */
export async function matrixSyntax(device: GPUDevice, source: string): Promise<string> {
  const { enables } = readDeclarations(source);
  return enables.has(MATRIX_EXTENSION) ? spellMatrices(source, await dialectOf(device)) : source;
}
