// An X-ray in, fourteen probabilities and a Grad-CAM picture of the likeliest finding out. No medical device.
//   node examples/node/predict.mjs IMAGE [WEIGHTS]      (after npm run build; without WEIGHTS they are random)
import { DenseNet, densenetConfig, LABELS } from 'chexgpu';
import { openNodeGpu, readWeightFile, readXray, writeOverlayPng } from 'chexgpu/node';

const [file = 'xray.png', weightFile] = process.argv.slice(2);
const { gpu, headline } = await openNodeGpu({ quiet: true });
console.log(headline);
const config = densenetConfig('densenet121');
const weights = weightFile ? (await readWeightFile(weightFile, config)).tensors : undefined;
const model = await DenseNet.create(gpu, { config, weights, seed: 0 });
const xray = await readXray(file, 320);
const probabilities = await model.predict(xray);
for (const [i, label] of LABELS.entries()) console.log(`${probabilities[i].toFixed(4)}  ${label}`);
const best = probabilities.indexOf(Math.max(...probabilities));
const [cam] = await model.gradcam(xray, [best]);
await writeOverlayPng('gradcam.png', xray, { ...cam, label: LABELS[best], score: 'sigmoid' });
console.log(`Grad-CAM of ${LABELS[best]}: gradcam.png`);
gpu.dispose();
