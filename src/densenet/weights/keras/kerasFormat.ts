/** Keras' HDF5 files as one of the formats. */
import { weightsFormat } from '../format.js';
import { signatureAt } from '../hdf5/signature.js';

export const KERAS_HDF5 = weightsFormat(
  {
    name: 'Keras HDF5',
    // Keras 3, and tf_keras since 2.13, tell their own format by the ending.
    writes: { keras2: ['.h5', '.hdf5'], 'keras2-model': ['.h5', '.hdf5'], keras3: ['.weights.h5'] },
    readsSlowly: true,
    sniff: (bytes) => signatureAt(bytes) !== undefined,
  },
  async () => (await import('./kerasFiles.js')).KERAS_FILES,
);
