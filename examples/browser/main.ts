/**
 * The page: an X-ray in, fourteen probabilities out, Grad-CAM, a few steps of training. What it computes it
 * also sends as events of the document, `chexgpu:probabilities` and `chexgpu:gradcam`, for whoever builds on it.
 */
import {
  byteSize,
  type CamScore,
  decodeBlob,
  type GpuInfo,
  LABELS,
  type PixelImage,
  pixelFindings,
  resizeNearest,
  sniffWeights,
  WEIGHTS_ENDINGS,
  xrayBatch,
} from 'chexgpu';
import { Activity } from './activity.js';
import { Bars } from './bars.js';
import { byId, make, numberIn, words } from './dom.js';
import {
  kerasFile,
  type Network,
  openNetwork,
  randomWeights,
  shippedWeights,
  weightsFrom,
} from './network.js';
import { drawSamples } from './phantoms.js';
import { Picture, thumbnail } from './picture.js';
import { Training } from './training.js';

interface Xray {
  name: string;
  image: PixelImage;
  /** What a phantom was drawn with; of a file nobody knows. */
  findings: readonly string[];
}

const picture = new Picture();
const training = new Training();
const bars = new Bars((classIndex) => void explain(classIndex));
const activity = new Activity((busy) => {
  activity.enableControls(!busy && network !== null);
  bars.enable(!busy && network !== null);
  byId('cam-off', HTMLButtonElement).disabled = busy || selected === null;
  if (!network) return;
  byId('memory', HTMLElement).textContent = byteSize(network.gpu.allocatedBytes);
  showChecks(network);
});
const report = activity.progress.bind(activity);

let network: Network | null = null;
let xray: Xray | null = null;
let selected: number | null = null;
/** Where the weights came from, and the steps trained since. */
let origin = '';
let trust = '';
let steps = 0;

const size = () => Number(byId('size', HTMLSelectElement).value);
const seedOf = () => numberIn('seed', 'Seed');

/** Runs `work` with the network, as the page's one task. */
function task(what: string, work: (network: Network) => Promise<string | undefined>): Promise<boolean> {
  return activity.run(what, async () => (network ? work(network) : undefined));
}

const UNTRAINED = 'The weights are random: these probabilities mean nothing yet.';
const LOADED =
  'Probabilities of the loaded weights. No diagnosis: the network has never been tested on your X-ray.';

/** Learning rates that are offered: of a network that begins, and of one that is not to forget. */
const RATES = { random: '0.001', learned: '0.00001' };

function describeWeights(): void {
  const trained = steps > 0 ? `, then ${steps} ${steps === 1 ? 'step' : 'steps'} on phantoms` : '';
  byId('weights-origin', HTMLElement).textContent = `${origin}${trained}`;
  const momentary = trust === UNTRAINED && steps > 0;
  byId('trust', HTMLElement).textContent = momentary
    ? 'Trained for a moment on drawings: a demonstration, no diagnosis.'
    : trust;
}

function showAdapter({ description, vendor, kind }: GpuInfo): void {
  const name = description.toLowerCase().includes(vendor.toLowerCase())
    ? description
    : `${vendor} ${description}`;
  byId('adapter', HTMLElement).textContent = name;
  const badge = byId('adapter-kind', HTMLElement);
  badge.textContent = kind;
  badge.classList.add(kind);
  badge.hidden = false;
  byId('size', HTMLSelectElement).value = kind === 'hardware' ? '224' : '64';
  training.preset(kind);
}

function showChecks({ checks: { right, broken } }: Network): void {
  const cell = byId('selftest', HTMLElement);
  const others = broken.length > 0 ? `; wrong and not used here: ${broken.join(', ')}` : '';
  cell.textContent = `${right} in use are right${others}`;
  cell.classList.toggle('bad', broken.length > 0);
}

function showXray(): void {
  if (!xray) return;
  const { name, image, findings } = xray;
  const asSeen = byId('as-seen', HTMLInputElement).checked;
  const shown = asSeen ? resizeNearest(image, size(), size()) : image;
  const drawn = findings.length > 0 ? `; drawn with ${findings.map(words).join(', ')}` : '';
  picture.pixelated = asSeen;
  picture.show(shown, `Chest X-ray ${name}${drawn}`);
  const notes = image.facts ? pixelFindings(new Map([[name, image.facts]])) : [];
  byId('caption', HTMLElement).textContent = [
    `${name}: ${image.width} × ${image.height} pixels, for the network ${size()} × ${size()}${drawn}`,
    ...notes.map(({ message }) => message),
  ].join('. ');
}

function hideMap(): void {
  selected = null;
  bars.select(null);
  picture.hideMap();
  byId('cam-off', HTMLButtonElement).disabled = true;
  byId('cam-text', HTMLElement).textContent =
    'Choose a finding above to see where in the X-ray its score comes from.';
}

/** Predicts the X-ray; with a class chosen, explains it again. */
async function refresh(net: Network): Promise<string | undefined> {
  if (!xray) return undefined;
  const started = performance.now();
  const probabilities = await net.model.predict(xrayBatch(xray.image, size(), xray.name));
  const took = performance.now() - started;
  bars.show(probabilities);
  document.dispatchEvent(
    new CustomEvent('chexgpu:probabilities', { detail: { name: xray.name, probabilities } }),
  );
  if (selected !== null) await showMap(net, selected);
  return `Predicted ${xray.name} in ${(took / 1000).toFixed(2)} s.`;
}

async function showMap(net: Network, classIndex: number): Promise<void> {
  if (!xray) return;
  const checked = document.querySelector<HTMLInputElement>('input[name=score]:checked');
  const score: CamScore = checked?.value === 'logit' ? 'logit' : 'sigmoid';
  const [cam] = await net.model.gradcam(xrayBatch(xray.image, size(), xray.name), [classIndex], { score });
  selected = classIndex;
  bars.select(classIndex);
  picture.showMap(cam);
  const label = words(LABELS[classIndex]);
  byId('cam-text', HTMLElement).textContent = cam.empty
    ? `Nothing in this X-ray speaks for ${label}: the map is zero everywhere.`
    : `${label}, p = ${cam.probability.toFixed(3)}: red is where its ` +
      `${score === 'logit' ? 'logit' : 'probability'} comes from.`;
  document.dispatchEvent(new CustomEvent('chexgpu:gradcam', { detail: { name: xray.name, score, ...cam } }));
}

function explain(classIndex: number): Promise<boolean> {
  const label = words(LABELS[classIndex]);
  return task(`Explaining ${label}`, async (net) => {
    const started = performance.now();
    await showMap(net, classIndex);
    return `Explained ${label} in ${((performance.now() - started) / 1000).toFixed(2)} s.`;
  });
}

function choose(next: Xray): Promise<boolean> {
  return task(`Predicting ${next.name}`, (net) => {
    xray = next;
    hideMap();
    bars.clear({ values: true });
    bars.markDrawn(next.findings);
    showXray();
    return refresh(net);
  });
}

function openFile(file: File): Promise<boolean> {
  return task(`Decoding ${file.name}`, async (net) => {
    const image = await decodeBlob(file, file.name);
    xray = { name: file.name, image, findings: [] };
    hideMap();
    bars.clear({ values: true });
    bars.markDrawn([]);
    showXray();
    return refresh(net);
  });
}

/** Replaces the weights and says where the new ones came from. */
async function useWeights(
  net: Network,
  weights: Parameters<Network['model']['importWeights']>[0],
  from: { words: string; trust: string },
): Promise<string | undefined> {
  await net.model.importWeights(weights);
  origin = from.words;
  trust = from.trust;
  byId('rate', HTMLInputElement).value = trust === UNTRAINED ? RATES.random : RATES.learned;
  steps = 0;
  bars.clear({ values: false });
  describeWeights();
  return refresh(net);
}

const SCALED_OTHERWISE = '; it says how pixels are scaled: here each image is normalised by itself instead';

/** By its content, not by its name. */
async function openDropped(file: File): Promise<boolean> {
  const start = new Uint8Array(await file.slice(0, 65_536).arrayBuffer());
  return sniffWeights(start) ? openWeights(file) : openFile(file);
}

function openWeights(file: File): Promise<boolean> {
  return task(`Reading ${file.name}`, async (net) => {
    const seed = seedOf();
    const { weights, tensors, head, scaled } = await weightsFrom(file, seed);
    const headWords = head ? '' : `; no head in the file: drawn with seed ${seed}`;
    return useWeights(net, weights, {
      words: `${file.name}, ${tensors} tensors${headWords}${scaled ? SCALED_OTHERWISE : ''}`,
      trust: head ? LOADED : UNTRAINED,
    });
  });
}

function resetWeights(): Promise<boolean> {
  return task('Drawing random weights', async (net) => {
    const seed = seedOf();
    return useWeights(net, randomWeights(seed), { words: `random, seed ${seed}`, trust: UNTRAINED });
  });
}

function saveWeights(): Promise<boolean> {
  return task('Writing the weights', async ({ model }) => {
    const blob = await kerasFile(model);
    const link = make('a', { href: URL.createObjectURL(blob), download: 'chexgpu-weights.h5' });
    link.click();
    // The download has its own hold on the blob by then.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    return `Saved chexgpu-weights.h5, ${byteSize(blob.size)}.`;
  });
}

function train(): Promise<boolean> {
  return task('Preparing to train', async (net) => {
    bars.rememberAsBefore();
    try {
      await training.run(net.model, size(), report);
    } finally {
      // Steps that were taken before an error count as well.
      steps += training.taken;
      describeWeights();
    }
    const predicted = await refresh(net);
    return `Trained ${training.taken} ${training.taken === 1 ? 'step' : 'steps'}. ${predicted ?? ''}`;
  });
}

function listen(): void {
  const picked = (id: string, use: (file: File) => Promise<boolean>) => {
    const input = byId(id, HTMLInputElement);
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      // The same file may be chosen again.
      if (file) void use(file).then(() => (input.value = ''));
    });
  };
  picked('file', openFile);
  byId('weights-file', HTMLInputElement).accept = WEIGHTS_ENDINGS.join(',');
  picked('weights-file', openWeights);
  const drop = byId('drop', HTMLElement);
  for (const type of ['dragover', 'drop', 'dragleave'] as const) {
    document.addEventListener(type, (event) => {
      // Elsewhere on the page a dropped file would replace the page.
      event.preventDefault();
      drop.classList.toggle('over', type === 'dragover');
      const file = type === 'drop' ? event.dataTransfer?.files[0] : undefined;
      if (file) void openDropped(file);
    });
  }
  byId('size', HTMLSelectElement).addEventListener('change', () => {
    showXray();
    void task('Predicting', refresh);
  });
  byId('as-seen', HTMLInputElement).addEventListener('change', showXray);
  for (const radio of document.querySelectorAll('input[name=score]')) {
    radio.addEventListener('change', () => {
      if (selected !== null) void explain(selected);
    });
  }
  const strength = byId('strength', HTMLInputElement);
  strength.addEventListener('input', () => {
    picture.strength = strength.valueAsNumber;
  });
  byId('cam-off', HTMLButtonElement).addEventListener('click', hideMap);
  byId('save', HTMLButtonElement).addEventListener('click', () => void saveWeights());
  byId('reset', HTMLButtonElement).addEventListener('click', () => void resetWeights());
  byId('train', HTMLButtonElement).addEventListener('click', () => void train());
}

async function offerSamples(): Promise<Xray | null> {
  const list = byId('samples', HTMLElement);
  let first: Xray | null = null;
  for await (const sample of drawSamples()) {
    first ??= sample;
    const findings = sample.findings.map(words).join(', ') || 'no finding';
    const button = make('button', { type: 'button', className: 'sample' }, thumbnail(sample.image), findings);
    button.dataset.control = '';
    button.disabled = activity.busy;
    button.addEventListener('click', () => void choose(sample));
    list.append(button);
  }
  return first;
}

/** The package's weights; random ones where the page was served without them. */
async function beginWith({ model }: Network, seed: number): Promise<void> {
  origin = `random, seed ${seed}`;
  trust = UNTRAINED;
  try {
    const shipped = await shippedWeights();
    await model.importWeights(shipped.weights);
    byId('size', HTMLSelectElement).value = String(shipped.size);
    byId('rate', HTMLInputElement).value = RATES.learned;
    origin = "the package's own, phantoms-densenet121";
    trust = `The network was ${shipped.notice}.`;
  } catch (error) {
    origin += `: ${error instanceof Error ? error.message : error}`;
  }
  describeWeights();
}

async function start(): Promise<void> {
  listen();
  let first: Xray | null = null;
  await activity.run('Opening the GPU', async () => {
    const seed = seedOf();
    network = await openNetwork(seed, report, ({ info }) => showAdapter(info));
    report('Loading the weights', 0, 0);
    await beginWith(network, seed);
    report('Drawing phantoms', 0, 0);
    first = await offerSamples();
    return undefined;
  });
  if (first) await choose(first);
}

await start();
