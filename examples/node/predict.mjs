// An X-ray in, its probabilities and a Grad-CAM picture of the likeliest finding out. No medical device.
//   node examples/node/predict.mjs IMAGE [WEIGHTS]      (after npm run build; default: the package's own weights)
import { loadNetwork, openNodeGpu, writeOverlayPng } from 'chexgpu/node';

const [file = 'xray.png', weights] = process.argv.slice(2);
const { gpu, headline } = await openNodeGpu({ quiet: true });
console.log(headline);
// The weights and the history.json beside them say which network, labels and pixels they want.
const network = await loadNetwork(gpu, weights);
if (network.notice) console.log(network.notice);
const { labels, predictions } = await network.predictFiles([file]);
for (const [i, label] of labels.entries()) console.log(`${predictions[i].toFixed(4)}  ${label}`);
const best = labels[predictions.indexOf(Math.max(...predictions))];
const [{ image, maps }] = await network.explainFiles([file], { classes: [best] });
await writeOverlayPng('gradcam.png', image, maps[0]);
console.log(`Grad-CAM of ${best}: gradcam.png`);
await network.close();
gpu.dispose();
