/** What each kind of map is, in one line of mathematics, and who says so. */
import type { NetworkLayer } from '../network.js';

type Layer = Exclude<NetworkLayer['kind'], 'zeropad'>;

/** What is handed over: the map of a layer by the layer's kind, what comes behind the logits, and gradients. */
export type MapKind =
  | Layer
  | 'map'
  | 'probabilities'
  | 'loss terms'
  | 'loss'
  | `gradient of ${Exclude<Layer, 'concat'>}`
  | 'gradient through batchnorm'
  | 'gradient through relu'
  | 'gradient through conv'
  | 'gradient of weights';

export interface Formula {
  formula: string;
  /** Where the formula is from. */
  source: string;
}

const DENSENET = 'Huang et al., Densely Connected Convolutional Networks, 2017';
const BATCH_NORM = 'Ioffe and Szegedy, Batch Normalization, 2015';
const RELU = 'Nair and Hinton, Rectified Linear Units, 2010';
const LOSS = 'the loss given to compile()';
const CHAIN =
  'the chain rule; Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986';
const CONV = 'LeCun et al., Gradient-based learning applied to document recognition, 1998';

/** dL/dy, short dy, is the gradient of the loss L with respect to a map y; n = b*h*w pixels. */
export const FORMULAS: Readonly<Record<MapKind, Formula>> = {
  input: {
    formula: 'x = (pixel - mean) / (deviation + epsilon), as the batch says',
    source: "Keras' ImageDataGenerator",
  },
  map: { formula: 'as the network records it', source: 'Network.record' },
  conv: {
    formula:
      'y[b,i,j,o] = sum over u,v,c of x[b, i*stride + u - pad, j*stride + v - pad, c] * kernel[u,v,c,o]',
    source: CONV,
  },
  batchnorm: {
    formula: 'y[..,c] = gamma[c] * (x[..,c] - mean[c]) / sqrt(variance[c] + epsilon) + beta[c]',
    source: BATCH_NORM,
  },
  relu: { formula: 'y = max(0, x)', source: RELU },
  maxpool: { formula: 'y[b,i,j,c] = largest x of the window, whose padding is 0', source: DENSENET },
  avgpool: { formula: 'y[b,i,j,c] = mean of x over the window', source: DENSENET },
  gap: { formula: 'y[b,c] = mean of x[b,i,j,c] over i,j', source: DENSENET },
  concat: {
    formula:
      'y = [what was there | the new channels]: one buffer, in which the new channels lie behind the others',
    source: DENSENET,
  },
  dense: { formula: 'logit[b,k] = sum over c of x[b,c] * kernel[c,k] + bias[k]', source: DENSENET },
  probabilities: {
    formula:
      'p = 1 / (1 + exp(-logit)) where the network ends in a sigmoid, exp(logit) / sum of exp in a softmax',
    source: DENSENET,
  },
  'loss terms': {
    formula:
      'terms[b,0,k] of a positive label, terms[b,1,k] of a negative one, both as the loss adds them up',
    source: LOSS,
  },
  loss: { formula: 'L = sum over k of (mean over b of -terms[b,0,k] - terms[b,1,k])', source: LOSS },
  'gradient of dense': { formula: 'dL/dlogit[b,k]: derivative of the loss', source: LOSS },
  'gradient of gap': { formula: 'dx[b,c] = sum over k of dlogit[b,k] * kernel[c,k]', source: CHAIN },
  'gradient of relu': {
    formula:
      'what its reader passes back: dx[b,i,j,c] = sum over u,v,o of dy[b, i - u + pad, j - v + pad, o] * ' +
      'kernel[u,v,c,o] of a convolution; dy of the largest of a window; dy / pixels of a mean',
    source: CHAIN,
  },
  'gradient of batchnorm': {
    formula: 'dz = da where the ReLU behind it is open (z > 0), else 0',
    source: CHAIN,
  },
  'gradient of conv': {
    formula: 'sum of what all readers of the map pass back to it',
    source: CHAIN,
  },
  'gradient of maxpool': { formula: 'sum of what all readers of the map pass back to it', source: CHAIN },
  'gradient of avgpool': { formula: 'sum of what all readers of the map pass back to it', source: CHAIN },
  'gradient of input': {
    formula:
      'dx[b,i,j,c] = sum over u,v,o of dy[b, (i - u + pad) / stride, (j - v + pad) / stride, o] * kernel[u,v,c,o], ' +
      'where the quotients are whole',
    source: CHAIN,
  },
  'gradient through batchnorm': {
    formula:
      'dx = gamma / sqrt(variance + epsilon) * (dz - mean(dz) - xhat * mean(dz * xhat)), xhat = (x - mean) / ' +
      'sqrt(variance + epsilon); by moving averages only the first factor times dz',
    source: BATCH_NORM,
  },
  'gradient through relu': { formula: 'dx = dy where x > 0, else 0', source: CHAIN },
  'gradient through conv': {
    formula: 'dx[b,i,j,c] = sum over u,v,o of dy[b, i - u + pad, j - v + pad, o] * kernel[u,v,c,o]',
    source: CHAIN,
  },
  'gradient of weights': {
    formula:
      'dkernel[u,v,c,o] = sum over b,i,j of x[b, i*stride + u - pad, j*stride + v - pad, c] * dy[b,i,j,o]; dbias = ' +
      'sum over b of dy; dgamma = sum over n of dz * xhat; dbeta = sum over n of dz',
    source: CHAIN,
  },
};
