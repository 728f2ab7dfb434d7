// An X-ray in, fourteen probabilities and a Grad-CAM picture of the likeliest finding out. No medical device.
//   node examples/node/predict.mjs IMAGE [WEIGHTS]      (after npm run build; without WEIGHTS they are random)
import { DenseNet, densenetConfig, LABELS } from 'chexgpu';
import { openNodeGpu, readWeightFile, readXray, writeOverlayPng } from 'chexgpu/node';

const [file = 'xray.png', weightFile] = process.argv.slice(2);
const { gpu, headline } = await openNodeGpu({ quiet: true });
console.log(headline);
const usual = densenetConfig('densenet121');
// PyTorch's weights say which network, labels and pixels they want; Keras' leave that to us.
const read = weightFile ? await readWeightFile(weightFile, usual) : undefined;
const labels = read?.labels ?? LABELS;
const model = await DenseNet.create(gpu, { config: read?.config ?? usual, weights: read?.tensors, seed: 0 });
const xray = await readXray(file, read?.preprocessing?.size ?? 320, read?.preprocessing ?? {});
const probabilities = await model.predict(xray);
for (const [i, label] of labels.entries()) console.log(`${probabilities[i].toFixed(4)}  ${label}`);
const best = probabilities.indexOf(Math.max(...probabilities));
const [cam] = await model.gradcam(xray, [best]);
await writeOverlayPng('gradcam.png', xray, { ...cam, label: labels[best], score: 'sigmoid' });
console.log(`Grad-CAM of ${labels[best]}: gradcam.png`);
gpu.dispose();
