/**
 * Whether a picture is a frontal chest X-ray: nine numbers of a small gray copy, weighed by a logistic regression that
 * was fitted on drawings alone. A notice, not a gate: how often it errs is in docs/chest-check.md.
 */
import { checkedImage, type PixelImage } from '../images/pixels.js';
import { type ChestFeature, chestFeatures, FEATURES } from './chestFeatures.js';
import { BIAS, TEMPLATE, TERMS } from './chestModel.js';

/** What the check says of a picture. */
export interface ChestCheck {
  /** 0..1: how much the picture is like the chests that the check knows. */
  readonly likelihood: number;
  /** Why it hardly is a frontal chest X-ray, in words, the weightiest first; empty where it looks like one. */
  readonly doubts: readonly string[];
}

/** Below it a picture is said to be no chest X-ray. */
const THRESHOLD = 0.5;
const MOST_DOUBTS = 2;

let template: Uint8Array | null = null;

function templateBytes(): Uint8Array {
  template ??= Uint8Array.from(TEMPLATE.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return template;
}

/**
 * Looks whether a picture is a chest X-ray from the front (PA or AP), upright, its lungs dark.
 * @param image pixels[h,w,channels], bytes 0..255
 * @throws as `xrayBatch` for what is no image
 */
export function frontalChest(image: PixelImage): ChestCheck {
  const features = chestFeatures(checkedImage(image), templateBytes());
  const terms = (Object.keys(FEATURES) as ChestFeature[]).map((name) => {
    const { mean, deviation, weight } = TERMS[name];
    return { name, value: (weight * (features[name] - mean)) / deviation };
  });
  const z = terms.reduce((sum, { value }) => sum + value, BIAS);
  const likelihood = 1 / (1 + Math.exp(-z));
  if (likelihood >= THRESHOLD) return { likelihood, doubts: [] };
  const against = terms.filter(({ value }) => value < 0).sort((a, b) => a.value - b.value);
  return { likelihood, doubts: against.slice(0, MOST_DOUBTS).map(({ name }) => FEATURES[name]) };
}
