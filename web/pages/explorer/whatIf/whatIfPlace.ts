/** What is changed, as the address says it: `zero=conv1/conv:3&rate=0.1&swap=phantom2&slope=0.1&norm=off`. */
import { phantomTitle } from '../phantoms.js';
import type { Place } from '../place.js';
import type { Change } from './types.js';

export const UNCHANGED: Change = { zero: null, learningRate: null, image: null, slope: 0, noNorm: false };

const NAMES = ['zero', 'rate', 'swap', 'slope', 'norm'];

/** What somebody wrote wrongly changes nothing. */
export function readChange(more: Place['more']): Change {
  const [, layer, channel] = /^(.+):(\d{1,6})$/.exec(more.zero ?? '') ?? [];
  const positive = (text: string | undefined) => (text && Number(text) > 0 ? Number(text) : null);
  return {
    zero: layer ? { layer, channel: Number(channel) } : null,
    learningRate: positive(more.rate),
    image: /^phantom\d{1,2}$/.test(more.swap ?? '') ? more.swap : null,
    slope: Math.min(1, positive(more.slope) ?? 0),
    noNorm: more.norm === 'off',
  };
}

export function writeChange(more: Place['more'], change: Partial<Change>): Place['more'] {
  const { zero, learningRate, image, slope, noNorm } = { ...readChange(more), ...change };
  const others = Object.entries(more).filter(([name]) => !NAMES.includes(name));
  return Object.fromEntries([
    ...others,
    ...(zero ? [['zero', `${zero.layer}:${zero.channel}`]] : []),
    ...(learningRate === null ? [] : [['rate', String(learningRate)]]),
    ...(image === null ? [] : [['swap', image]]),
    ...(slope === 0 ? [] : [['slope', String(slope)]]),
    ...(noNorm ? [['norm', 'off']] : []),
  ]);
}

export const isChanged = (change: Change): boolean => Object.keys(writeChange({}, change)).length > 0;

/** In a sentence. */
export function changeWords({ zero, learningRate, image, slope, noNorm }: Change): string {
  const parts = [
    zero && `channel ${zero.channel} of ${zero.layer} is 0`,
    learningRate !== null && `the learning rate is ${learningRate}`,
    image !== null && `the picture is ${phantomTitle(image)}`,
    slope === 1 && 'there is no ReLU',
    slope > 0 && slope < 1 && `the ReLU leaks ${slope} of what is below 0`,
    noNorm && 'batch norms pass on what they read',
  ].filter((part) => typeof part === 'string');
  return parts.length === 0 ? 'nothing is changed' : parts.join(', ');
}
