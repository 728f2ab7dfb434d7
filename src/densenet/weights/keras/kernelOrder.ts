/**
 * How a file stores convolution kernels. All of Keras 2 and 3, and Keras 1 with TensorFlow's dimension ordering,
 * store [height, width, in, out] as this project does; Keras 1 with Theano's ordering stores
 * [out, in, height, width]. Theano also convolves in the mathematical sense: its kernels are turned by 180
 * degrees against TensorFlow's, in whatever order they are stored.
 */
import type { ParameterSpec } from '../../../training/parameterSpec.js';

export type KernelOrder = 'hwio' | 'oihw';

/** Shape that a file with this order gives the tensor. */
export function storedShape({ shape }: ParameterSpec, order: KernelOrder): number[] {
  if (order === 'hwio' || shape.length !== 4) return shape;
  const [height, width, cin, cout] = shape;
  return [cout, cin, height, width];
}

/**
 * A tensor's numbers in this project's order; all but convolution kernels are returned as they are.
 * @param theano the file's kernels are Theano's
 */
export function fromStored(
  { shape }: ParameterSpec,
  values: Float32Array,
  order: KernelOrder,
  theano: boolean,
): Float32Array {
  if (shape.length !== 4 || (order === 'hwio' && !theano)) return values;
  const [height, width, cin, cout] = shape;
  const taps = height * width;
  const kernel = new Float32Array(values.length);
  for (let tap = 0; tap < taps; tap++) {
    const source = theano ? taps - 1 - tap : tap; // the last tap first: both axes reversed
    for (let i = 0; i < cin; i++) {
      for (let o = 0; o < cout; o++) {
        const from = order === 'hwio' ? (source * cin + i) * cout + o : (o * cin + i) * taps + source;
        kernel[(tap * cin + i) * cout + o] = values[from];
      }
    }
  }
  return kernel;
}
