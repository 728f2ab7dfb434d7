/** Reads what peerFiles.ts wrote. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @returns {Float32Array} */
function readFloats(path) {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Configuration, layers, and weights by key. */
export function readNetwork(folder) {
  const network = JSON.parse(readFileSync(join(folder, 'network.json'), 'utf8'));
  const all = readFloats(join(folder, 'weights.bin'));
  const weights = new Map(
    network.parameters.map(({ key, offset, size }) => [key, all.subarray(offset, offset + size)]),
  );
  return { ...network, weights };
}

export function readBatch(folder, { batch, size }) {
  const name = join(folder, `${batch}x${size}`);
  return { x: readFloats(`${name}.x.bin`), labels: readFloats(`${name}.labels.bin`) };
}

/** The version of an installed package. */
export function versionOf(require, name) {
  return require(`${name}/package.json`).version;
}

/** Bytes of weights, moving averages, gradients and Adam's two moments in f32: what every training holds. */
export function heldBytes(parameters) {
  return parameters.reduce((sum, { size, trainable }) => sum + 4 * size * (trainable ? 4 : 1), 0);
}
