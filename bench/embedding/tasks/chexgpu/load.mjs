import { DenseNet, loadWeights, openGpu } from 'chexgpu';

export default async function load({ digests, onProgress }) {
  const loaded = await loadWeights('/models/chexgpu/weights.safetensors', {
    sha256: digests['weights.safetensors'].sha256,
    cache: true,
    onProgress: ({ phase, done, total }) => phase === 'load' && onProgress(done / total),
  });
  return DenseNet.create(await openGpu(), loaded);
}
