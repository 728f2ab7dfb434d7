import { DenseNet, loadWeights, openGpu, toPixels, xrayBatch } from 'chexgpu';

export default async function gradcam({ file, finding }) {
  const loaded = await loadWeights('/models/chexgpu/weights.safetensors');
  const model = await DenseNet.create(await openGpu(), loaded);
  const xray = xrayBatch(await toPixels(file), undefined, file.name, loaded.preprocessing);
  const [{ map }] = await model.gradcam(xray, [finding]);
  return map;
}
