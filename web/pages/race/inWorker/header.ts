/** Where, when and of what a page measured: as little of the machine as a browser tells. */
import type { BenchHeader } from '../../../../bench/document/document.js';
import { version } from '../../../../package.json';
import type { Device } from '../../../worker/device.js';
import type { Wishes } from '../types.js';
import { browserOf, systemOf } from './userAgent.js';

/** Drivers that compute on the processor have names of their own, as in Node. */
function kindOf({ kind, name }: Device['words']): string {
  if (kind === 'hardware') return kind;
  if (/swiftshader/i.test(name)) return 'swiftshader';
  return /llvmpipe|lavapipe/i.test(name) ? 'lavapipe' : kind;
}

/** "Race in a page: densenet121, train 4x64, conv.forward of dense block 1; the network" */
function wordsOf({ network, kind, size, batch, part, ops, kernels, model }: Wishes): string {
  const raced = kernels ? [`${ops.join(' ')}${part ? ` of ${part}` : ''}`] : [];
  const whole = model ? ['the network as a whole'] : [];
  return `Race in a page: ${network}, ${kind} ${batch}x${size}; ${[...raced, ...whole].join('; ')}`;
}

export function pageHeader({ gpu, words }: Device, wishes: Wishes): BenchHeader {
  const { userAgent, hardwareConcurrency } = navigator;
  return {
    date: new Date().toISOString(),
    commit: null,
    adapter: { name: words.name, kind: kindOf(words) },
    driver: gpu.info.description,
    versions: { chexgpu: version, browser: browserOf(userAgent) },
    system: systemOf(userAgent),
    cpus: { count: hardwareConcurrency, model: 'unknown' },
    commandLine: wordsOf(wishes),
  };
}
