// What a page of somebody's does with chexgpu: weights from addresses, a prediction, a map.
import { DenseNet, loadWeights, openGpu, xrayBatch } from 'chexgpu';

async function predict(gpu, address, image) {
  try {
    const loaded = await loadWeights(address);
    const model = await DenseNet.create(gpu, loaded);
    const batch = xrayBatch(image, undefined, 'a', loaded.preprocessing);
    const probabilities = [...(await model.predict(batch))];
    const [{ map }] = await model.gradcam(batch, ['Mass']);
    await model.dispose();
    return { labels: loaded.labels, probabilities, map: [...map] };
  } catch ({ name, message }) {
    return { name, message };
  }
}

/** Of each weight file beside `base` what it says of the image there. */
export async function predictAll(base) {
  const { width, height, pixels } = await (await fetch(new URL('image.json', base))).json();
  const image = { width, height, channels: 1, data: Uint8Array.from(pixels) };
  const gpu = await openGpu();
  const outcome = { bytesLeft: -1 };
  for (const kind of ['safetensors', 'h5']) {
    outcome[kind] = await predict(gpu, new URL(`weights.${kind}`, base), image);
  }
  outcome.bytesLeft = gpu.allocatedBytes;
  gpu.dispose();
  return outcome;
}
