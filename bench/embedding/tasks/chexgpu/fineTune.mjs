import { adam, arraySource, binaryCrossEntropy, DenseNet, fit, loadWeights, openGpu } from 'chexgpu';

export default async function fineTune({ pixels, labels, count, side }) {
  const loaded = await loadWeights('/models/chexgpu/weights.safetensors');
  const model = await DenseNet.create(await openGpu(), loaded);
  const { normalisation } = loaded.preprocessing;
  const shape = { height: side, width: side, batchSize: count, normalisation };
  const xrays = arraySource({ pixels, labels, classes: loaded.labels, ...shape });
  const settings = { epochs: 2, loss: binaryCrossEntropy(), optimizer: adam({ learningRate: 1e-4 }) };
  const { stepLoss } = await fit(model, xrays, settings);
  return stepLoss;
}
