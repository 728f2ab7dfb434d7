import { AutoModel, AutoProcessor, env, interpolate, RawImage } from '@huggingface/transformers';

env.allowLocalModels = true;
env.allowRemoteModels = false;
env.backends.onnx.wasm.wasmPaths = '/wasm/';

export default async function gradcam({ file, finding, side }) {
  const model = await AutoModel.from_pretrained('densenet121', { device: 'webgpu', dtype: 'fp32' });
  const processor = await AutoProcessor.from_pretrained('densenet121');
  const { pixel_values } = await processor(await RawImage.fromBlob(file));
  const { cams } = await model({ pixel_values });
  const label = model.config.label2id[finding];
  const map = interpolate(cams.slice(0, [label, label + 1]), [side, side]).data.map((v) => Math.max(0, v));
  const most = Math.max(...map);
  return map.map((value) => value / most);
}
