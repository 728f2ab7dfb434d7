/** How `loadWeights` does it; loaded by the first call. */
import { requireFields, shown, trueOrFalse } from '../../core/arguments.js';
import { UsageError, WeightsError } from '../../core/errors.js';
import { checkWork, type WorkOptions } from '../../core/work.js';
import { type DenseNetConfig, densenetConfig } from '../../densenet/architecture.js';
import type { WeightsReadOptions } from '../../densenet/weights/format.js';
import { type AnyWeights, readWeights } from '../../densenet/weights/formats.js';
import { READING } from '../../densenet/weights/weightArguments.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import { usualLabels } from '../prediction/outputs.js';
import { addressOf, type ByteSource, nameOf, readBytes } from './readBytes.js';
import { cachedBytes, keepBytes } from './weightsCache.js';

/** What is known of the weights beforehand, and how they are loaded. */
export interface LoadWeightsOptions extends WorkOptions, WeightsReadOptions {
  /** The network that is expected. Default: the one that the file's layers tell. */
  config?: DenseNetConfig;
  /** Hex digest that the file must have. */
  sha256?: string;
  /**
   * Keeps what comes from an address in the browser's Cache storage, by address and sha256, and takes it from there the
   * next time, without the network. Needs `sha256`: nothing else tells an old file from a new one. Default: false.
   */
  cache?: boolean;
  /** What errors call it; default its address. */
  name?: string;
}

/** Weights with what they mean, as `DenseNet.create` takes them; their `preprocessing` is for `xrayBatch`. */
export type LoadedWeights = Omit<AnyWeights, 'tensors'> & {
  /** By ParameterSpec.key; without the head's where `report.head` is false. */
  weights: WeightMap;
  /** Bytes of the file. */
  bytes: number;
  /** Whether they came from the cache. */
  fromCache: boolean;
  /** Why they are not in the cache where that was asked for, in words; loading goes on without. */
  notCached: string | null;
};

const OPTIONS = ['config', 'sha256', 'cache', 'name', ...READING];

/** As `loadWeights` says. */
export async function load(source: ByteSource, options: LoadWeightsOptions): Promise<LoadedWeights> {
  requireFields('The options of loadWeights', options, OPTIONS);
  checkWork(options);
  const { signal, onProgress, config, sha256, cache = false, name: given, ...reading } = options;
  const work = { signal, onProgress };
  const wanted = checkDigest(sha256);
  const address = addressOf(source);
  const name = given ?? nameOf(address);
  const place = checkCache(cache, address, source, wanted);
  signal?.throwIfAborted();
  const kept = place && (await cachedBytes(place));
  const isKept = kept instanceof Uint8Array && (await digestOf(kept)) === wanted;
  const bytes = isKept ? kept : await readBytes(source, name, work);
  const found = !isKept && wanted !== undefined ? await digestOf(bytes) : wanted;
  if (found !== wanted) {
    throw new WeightsError(`${name} is another file: its sha256 is ${found}, not ${wanted}.`, 'Check both.');
  }
  const read = await readWeights(bytes, config ?? densenetConfig('densenet121'), name, {
    recognise: config === undefined,
    ...reading,
    ...work,
  });
  // Only what can be read is worth keeping.
  const notCached = place && !isKept ? await keepBytes(place, bytes, signal) : null;
  signal?.throwIfAborted();
  const { tensors: weights, ...rest } = read;
  const labels = rest.report.head ? usualLabels(read) : null;
  const fits = labels?.length === rest.config.classes;
  return {
    ...rest,
    labels: fits ? labels : null,
    weights,
    bytes: bytes.length,
    fromCache: isKept,
    notCached,
  };
}

/** In small letters. @throws UsageError for what is no digest, or where none can be made */
function checkDigest(sha256: string | undefined): string | undefined {
  if (sha256 === undefined) return undefined;
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new UsageError(`sha256 is ${shown(sha256)}, it must be 64 hex digits.`);
  }
  if (globalThis.crypto?.subtle) return sha256.toLowerCase();
  throw new UsageError(
    'sha256 cannot be checked here: crypto.subtle is missing, as on pages that are neither https nor localhost.',
    'Serve the page by https, or leave out sha256 and cache.',
  );
}

async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Where the bytes would be kept; undefined where that is not asked for. */
function checkCache(cache: boolean, address: URL | undefined, source: ByteSource, sha256?: string) {
  if (!trueOrFalse('cache', cache)) return undefined;
  const method = typeof source === 'object' && 'method' in source ? source.method : 'GET';
  if (address === undefined || method !== 'GET') {
    throw new UsageError('cache is for what is fetched from an address by GET.', 'Leave it out.');
  }
  if (sha256 !== undefined) return { address, sha256 };
  throw new UsageError(
    'cache needs sha256: nothing else tells an old file from a new one.',
    'Give the digest of the file (sha256sum).',
  );
}
