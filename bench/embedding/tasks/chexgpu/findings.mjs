import { DenseNet, loadWeights, openGpu, toPixels, xrayBatch } from 'chexgpu';

export default async function findings({ file }) {
  const loaded = await loadWeights('/models/chexgpu/weights.safetensors');
  const model = await DenseNet.create(await openGpu(), loaded);
  const xray = xrayBatch(await toPixels(file), undefined, file.name, loaded.preprocessing);
  const probabilities = await model.predict(xray);
  return Object.fromEntries(loaded.labels.map((label, i) => [label, probabilities[i]]));
}
