/**
 * NumPy's .npz as one of the formats: arrays under Keras' names of the weights, 'conv1/conv/kernel' or Keras 3's
 * 'conv1_conv/kernel', in Keras' shapes.
 *
 *   np.savez('x.npz', **{w.path: w.numpy() for w in model.weights})     from Keras 3; w.name in Keras 2
 *   np.load('x.npz')['conv1/conv/kernel']                               of a file that was written here
 */
import { weightsFormat } from '../format.js';

/** Whether the first file of a zip archive is an array. */
function looksLikeNpz(bytes: Uint8Array): boolean {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 30));
  if (bytes.length < 30 || !text.startsWith('PK\x03\x04')) return false;
  const length = bytes[26] + 256 * bytes[27];
  return new TextDecoder().decode(bytes.subarray(30, 30 + length)).endsWith('.npy');
}

export const NUMPY_NPZ = weightsFormat(
  { name: 'NumPy .npz', writes: { npz: ['.npz'] }, readsSlowly: false, sniff: looksLikeNpz },
  async () => (await import('./npzFiles.js')).NPZ_FILES,
);
