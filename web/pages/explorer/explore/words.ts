/** What is to be seen, in words: for everybody who sees no picture, and for whoever wants to know what it means. */
import { isEnd, KIND_WORDS } from '../graph/graph.js';
import { number } from '../parts/numbers.js';
import type { View } from './view.js';

const FORWARD: Readonly<Record<string, string>> = {
  input:
    'The picture as the network reads it: its own mean taken off, divided by its own standard deviation.',
  conv:
    'A window slides over the map; at each place the numbers under it are multiplied by weights ' +
    'and added up over all channels.',
  batchnorm:
    'Each channel is brought to mean 0 and deviation 1 over the batch, then stretched by gamma ' +
    'and moved by beta, which are learned.',
  relu: 'What is below 0 becomes 0. Only this bend lets layers on layers say more than one layer could.',
  maxpool: 'The largest number of a window: half the rows and columns, what is strong stays.',
  avgpool: 'The mean of a window of four pixels: half the rows and columns.',
  gap: 'The mean of all pixels of a channel: how much of what it looks for is there, wherever it is.',
  dense: 'One number per label: all channel means, weighted and added up.',
  concat: 'Channels lie behind each other in one buffer: nothing is computed.',
  probabilities: 'The sigmoid makes of each logit a number between 0 and 1, each label for itself.',
  'loss terms': 'How wrong each label is: minus the logarithm of the probability that it was given.',
  loss: 'All terms added up: one number, which training makes small.',
};

const BACKWARD: Readonly<Record<string, string>> = {
  concat: 'A channel of the buffer hears from every layer that read it: what they pass back adds up.',
  input: 'How the loss would change with each pixel: where the network looks, for this loss.',
  conv:
    'How the loss changes with each number of this map. Where several layers read it, what they ' +
    'pass back adds up.',
  batchnorm: 'The gradient goes through where the ReLU behind is open, and is 0 where it is shut.',
  relu: 'What the layer that reads it passes back: its gradients, multiplied by its weights.',
  maxpool: 'All layers that read the pooled map pass something back; it adds up.',
  avgpool: 'All layers that read the pooled map pass something back; it adds up.',
  gap: 'Every logit passes back its gradient times its weight.',
  dense: 'The way back begins: probability minus label, where every label counts alike.',
};

const UPDATE =
  'Every weight moves against its gradient. Adam keeps a mean of its gradients (m) and of their ' +
  'squares (v), and divides the one by the root of the other.';

export function kindWords({ graph, place }: View): string {
  if (place.direction === 'update') return UPDATE;
  const kind = isEnd(place.layer) ? place.layer : graph.layer(place.layer).kind;
  return (place.direction === 'backward' ? BACKWARD : FORWARD)[kind] ?? '';
}

/** Where the cursor is and what number it is on, in a sentence. */
export function cursorWords({ graph, place, values, opened }: View): string {
  const { layer, channel, y, x, direction } = place;
  const kind = isEnd(layer) ? layer : graph.layer(layer).kind;
  if (direction === 'update') return `Weight ${place.weight}.`;
  const asked = { direction, name: layer, channel, y, x };
  const found = opened && values.explained(asked);
  const value = found ? ` It is ${number(found.gpu, 6)}.` : '';
  const what = direction === 'backward' ? 'Gradient of the ' : '';
  return `${what}${KIND_WORDS[kind]} ${layer}, channel ${channel}, pixel (${y}, ${x}).${value}`;
}
