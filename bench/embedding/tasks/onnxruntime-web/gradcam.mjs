import { InferenceSession, Tensor } from 'onnxruntime-web/webgpu';

export default async function gradcam({ file, finding, side }) {
  const executionProviders = ['webgpu'];
  const session = await InferenceSession.create('/models/densenet121/onnx/model.onnx', {
    executionProviders,
  });
  const labels = await (await fetch('/models/labels.json')).json();
  const image = await createImageBitmap(file, { resizeWidth: side, resizeHeight: side });
  const pixel_values = await Tensor.fromImage(image, { tensorFormat: 'RGB' });
  const { cams } = await session.run({ pixel_values });
  const [, , h, w] = cams.dims;
  const cam = cams.data.subarray(labels.indexOf(finding) * h * w);
  const place = (i, n) => Math.min(Math.max(((i + 0.5) * n) / side - 0.5, 0), n - 1);
  const map = Float32Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [place(Math.floor(i / side), h), place(i % side, w)];
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const row = (r) => {
      const [a, b] = [cam[r * w + left], cam[r * w + Math.min(left + 1, w - 1)]];
      return a + (x - left) * (b - a);
    };
    const above = row(top);
    return Math.max(0, above + (y - top) * (row(Math.min(top + 1, h - 1)) - above));
  });
  const most = Math.max(...map);
  return map.map((value) => value / most);
}
