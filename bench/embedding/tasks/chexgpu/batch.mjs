import { arraySource, DenseNet, loadWeights, openGpu, predictAll } from 'chexgpu';

export default async function batch({ pixels, count, side }) {
  const loaded = await loadWeights('/models/chexgpu/weights.safetensors');
  const model = await DenseNet.create(await openGpu(), loaded);
  const { normalisation } = loaded.preprocessing;
  const xrays = arraySource({ pixels, height: side, width: side, batchSize: count, normalisation });
  return (await predictAll(model, xrays)).probabilities;
}
