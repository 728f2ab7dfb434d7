import { AutoModel, AutoProcessor, env, RawImage } from '@huggingface/transformers';

env.allowLocalModels = true;
env.allowRemoteModels = false;
env.backends.onnx.wasm.wasmPaths = '/wasm/';

export default async function batch({ pixels, count, side }) {
  const model = await AutoModel.from_pretrained('densenet121', { device: 'webgpu', dtype: 'fp32' });
  const processor = await AutoProcessor.from_pretrained('densenet121');
  const xrays = Array.from({ length: count }, (_, i) => {
    const gray = pixels.subarray(i * side * side, (i + 1) * side * side);
    return new RawImage(gray, side, side, 1).rgb();
  });
  const { probabilities } = await model(await processor(xrays));
  return probabilities.data;
}
