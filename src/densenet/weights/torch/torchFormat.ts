/** PyTorch's DenseNet in safetensors as one of the formats. */
import { weightsFormat } from '../format.js';
import { looksLikeSafetensors } from './signature.js';

export const TORCH_SAFETENSORS = weightsFormat(
  {
    name: 'safetensors',
    writes: { safetensors: ['.safetensors'] },
    readsSlowly: false,
    sniff: looksLikeSafetensors,
  },
  async () => (await import('./torchFiles.js')).TORCH_FILES,
);
