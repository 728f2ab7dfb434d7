import { InferenceSession, Tensor } from 'onnxruntime-web/webgpu';

export default async function batch({ pixels, count, side }) {
  const executionProviders = ['webgpu'];
  const session = await InferenceSession.create('/models/densenet121/onnx/model.onnx', {
    executionProviders,
  });
  const area = side * side;
  const rgb = new Float32Array(count * 3 * area);
  for (let i = 0; i < count * 3; i++) {
    const image = Math.floor(i / 3);
    rgb.set(pixels.subarray(image * area, (image + 1) * area), i * area);
  }
  const pixel_values = new Tensor('float32', rgb, [count, 3, side, side]);
  const { probabilities } = await session.run({ pixel_values });
  return probabilities.data;
}
