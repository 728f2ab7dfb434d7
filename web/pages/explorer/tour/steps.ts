/**
 * The tour: pixel (10,11) of phantom 1 through the toy network to the loss, and back to `conv1/conv/kernel[0,0,0,5]`.
 * Each step is a place, so each is a link.
 */
import type { Place } from '../place.js';

interface TourStep {
  readonly title: string;
  readonly words: readonly string[];
  /** What differs from the start. */
  readonly place: Partial<Place>;
}

const CONV = { layer: 'conv1/conv', channel: 5, y: 5, x: 4 } as const;
/** Channel 5 where the block's layers read it. */
const BUFFER = { layer: 'conv2_block2_concat', channel: 5, y: 3, x: 2 } as const;
const POOL = { layer: 'pool1', channel: 5, y: 3, x: 2 } as const;

export const TOUR: readonly TourStep[] = [
  {
    title: 'A whole network',
    words: [
      'On the left a chest X-ray, drawn, 16 pixels high and wide. On the right what the network ' +
        'says of it. In between every column is a layer, as high as its map has channels.',
      'All numbers in this tour are read from the GPU after one step of training. We follow one of them.',
    ],
    place: { level: 'network', layer: 'input_1', y: 10, x: 11 },
  },
  {
    title: 'One pixel',
    words: [
      'Row 10, column 11. The picture comes as bytes from 0 to 255. The mean of its own pixels is ' +
        'taken off, and the rest divided by their standard deviation.',
      'Two numbers at the bottom: one added up plainly, one from the GPU. They will agree all the ' +
        'way, to single precision.',
    ],
    place: { level: 'pixel', layer: 'input_1', channel: 0, y: 10, x: 11 },
  },
  {
    title: 'The first convolution',
    words: [
      'Channel 5 of the first layer looks through a window of 7 × 7 pixels. Each pixel under it is ' +
        'multiplied by a weight; the 49 products add up to one number.',
      'Our pixel, row 10 and column 11, stands in the fourth row of the window, last column: it is ' +
        'one of the factors.',
    ],
    place: { level: 'pixel', ...CONV },
  },
  {
    title: 'The same everywhere',
    words: [
      'The window slides over the picture by 2 pixels at a time, with the same 49 weights. So a ' +
        'channel is a map: where is there what I look for?',
    ],
    place: { level: 'channel', ...CONV },
  },
  {
    title: 'Batch norm',
    words: [
      'The channel is brought to mean 0 and deviation 1 over all of its pixels in the batch, then ' +
        'stretched by gamma and moved by beta.',
      'While training it goes by the batch; when predicting by averages that moved along. Both are ' +
        'shown: they need not be alike.',
    ],
    place: { level: 'channel', ...CONV, layer: 'conv1/bn' },
  },
  {
    title: 'ReLU',
    words: [
      'What is below 0 becomes 0. Where it is shut, nothing goes on, and on the way back nothing comes through.',
    ],
    place: { level: 'pixel', ...CONV, layer: 'conv1/relu' },
  },
  {
    title: 'Pooling',
    words: [
      'Of every window of 3 × 3 the largest number is kept: 4 × 4 pixels are left, and what was ' +
        'strong is still there. Ours is the largest of its window, so it goes on.',
    ],
    place: { level: 'pixel', ...POOL },
  },
  {
    title: 'A dense block',
    words: [
      'Each of its layers reads all that is there, and appends 4 channels of its own. The stack ' +
        'grows by concatenation: here all are rows of one buffer, and nothing is ever copied.',
      'Our channel 5 is lit. Both layers of the block read it where it lies, and so does the head.',
    ],
    place: { level: 'block', ...BUFFER },
  },
  {
    title: 'What a layer appends',
    words: [
      'The second convolution of layer 1 reads 8 channels through windows of 3 × 3: 72 products. ' +
        'The result is channel 8 of the buffer, the first behind those that came in.',
    ],
    place: { level: 'pixel', layer: 'conv2_block1_2_conv', channel: 0, y: 2, x: 2 },
  },
  {
    title: 'From maps to one number each',
    words: [
      'Behind the last ReLU the mean of each channel is taken over all pixels: 16 numbers are left of the picture.',
    ],
    place: { level: 'pixel', layer: 'global_average_pooling2d_1', channel: 5 },
  },
  {
    title: 'Logits',
    words: ['For each label the 16 means are weighted and added up, and a bias on top. That is the logit.'],
    place: { level: 'pixel', layer: 'dense_1', channel: 0 },
  },
  {
    title: 'Probabilities and loss',
    words: [
      'The sigmoid makes of the logit a probability. The label says what it should be; the loss is ' +
        'minus the logarithm of what the right answer was given, added up over the labels.',
    ],
    place: { level: 'pixel', layer: 'loss' },
  },
  {
    title: 'And back',
    words: [
      'Now the other way: how would the loss change with each number? At the logit that is ' +
        'probability minus label. Every layer passes it on by the chain rule.',
    ],
    place: { level: 'pixel', layer: 'dense_1', channel: 0, direction: 'backward' },
  },
  {
    title: 'Gradients meet',
    words: [
      'Channel 5 was read three times: by both layers of the block and by the head. Each passes ' +
        'something back, and it adds up, number by number. Forward, concatenation was free; backward ' +
        'it is a sum.',
    ],
    place: { level: 'block', ...BUFFER, direction: 'backward' },
  },
  {
    title: 'Through batch norm',
    words: [
      'The mean and the variance depend on every pixel: so two means are taken off each gradient on ' +
        'its way through.',
    ],
    place: { level: 'pixel', ...CONV, direction: 'backward' },
  },
  {
    title: 'One weight',
    words: [
      'The weight kernel[0,0,0,5] is the upper left corner of our window. It was used at each of ' +
        'the 64 pixels of the map: its gradient is the sum of 64 products.',
      'Adam moves it against its gradient. Above: before and after, and each line of what Adam did.',
    ],
    place: { level: 'pixel', ...CONV, direction: 'update', weight: 'conv1/conv/kernel[0,0,0,5]' },
  },
  {
    title: 'All weights at once',
    words: [
      'That happens to every weight in the same step. Then comes the next picture. Now look around: ' +
        'every place of this page is a link that you can send to somebody.',
    ],
    place: { level: 'channel', ...CONV, direction: 'update' },
  },
];
