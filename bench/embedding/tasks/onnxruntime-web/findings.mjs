import { InferenceSession, Tensor } from 'onnxruntime-web/webgpu';

export default async function findings({ file, side }) {
  const executionProviders = ['webgpu'];
  const session = await InferenceSession.create('/models/densenet121/onnx/model.onnx', {
    executionProviders,
  });
  const labels = await (await fetch('/models/labels.json')).json();
  const image = await createImageBitmap(file, { resizeWidth: side, resizeHeight: side });
  const pixel_values = await Tensor.fromImage(image, { tensorFormat: 'RGB' });
  const { probabilities } = await session.run({ pixel_values });
  return Object.fromEntries(labels.map((label, i) => [label, probabilities.data[i]]));
}
