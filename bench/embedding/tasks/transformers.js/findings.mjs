import { AutoModel, AutoProcessor, env, RawImage } from '@huggingface/transformers';

env.allowLocalModels = true;
env.allowRemoteModels = false;
env.backends.onnx.wasm.wasmPaths = '/wasm/';

export default async function findings({ file }) {
  const model = await AutoModel.from_pretrained('densenet121', { device: 'webgpu', dtype: 'fp32' });
  const processor = await AutoProcessor.from_pretrained('densenet121');
  const { pixel_values } = await processor(await RawImage.fromBlob(file));
  const { probabilities } = await model({ pixel_values });
  const { id2label } = model.config;
  return Object.fromEntries([...probabilities.data].map((p, i) => [id2label[i], p]));
}
