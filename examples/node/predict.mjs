// An X-ray in, fourteen probabilities and a Grad-CAM picture of the likeliest finding out. No medical device.
//   node examples/node/predict.mjs IMAGE [WEIGHTS]      (after npm run build; without WEIGHTS they are random)
import { DenseNet, densenetConfig, LABELS, resizeNearest, SAMPLEWISE } from 'chexgpu';
import { decodeFile, openNodeGpu, readWeightFile, writeOverlayPng } from 'chexgpu/node';

const [file, weightFile] = process.argv.slice(2);
if (!file) throw new Error('usage: node examples/node/predict.mjs IMAGE [WEIGHTS]');
const { gpu, headline } = await openNodeGpu({ quiet: true });
console.log(headline);

const config = densenetConfig('densenet121');
const weights = weightFile ? (await readWeightFile(weightFile, config)).tensors : undefined;
const model = await DenseNet.create(gpu, { config, weights, seed: 0 });
const { width, height, channels, data: pixels } = resizeNearest((await decodeFile(file)).image, 320, 320);
const labels = new Float32Array(LABELS.length);
const normalisation = SAMPLEWISE;
const batch = { count: 1, height, width, channels, pixels, normalisation, labels, files: [file] };

const probabilities = await model.predict(batch);
for (const [i, label] of LABELS.entries()) console.log(`${probabilities[i].toFixed(4)}  ${label}`);
const best = probabilities.indexOf(Math.max(...probabilities));
const [cam] = await model.gradcam(batch, [best]);
await writeOverlayPng(
  'gradcam.png',
  { width, height, channels, pixels },
  { ...cam, label: LABELS[best], score: 'sigmoid' },
);
console.log(`Grad-CAM of ${LABELS[best]}: gradcam.png`);
gpu.dispose();
