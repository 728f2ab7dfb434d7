/** The ONNX file of the pages: the network with what an export from PyTorch would wrap around it. */
import type { DenseNetConfig } from '../../../src/densenet/architecture.js';
import { HEAD_LAYER } from '../../../src/densenet/architecture.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { networkGraph, toOihw } from '../../peers/onnx.js';
import type { Bytes, OnnxGraph } from '../../peers/onnxGraph.js';

const FLOAT = 1;
const EPSILON = 1e-6;

/**
 * From `pixel_values` [batch,c,size,size] of any scale, normalised image by image, to `probabilities` [batch,classes]
 * and `cams` [batch,classes,h,w]: Grad-CAM of every class before it is cut off at 0, up to a factor. Possible without
 * gradients as one dense layer stands behind the maps:
 * alpha[k,class] = weights[k,class] * the share of A[h,w,k] above 0.
 */
export function encodePageOnnx(config: DenseNetConfig, weights: WeightMap, size: number): Bytes {
  const graph = networkGraph(config, weights);
  normalise(graph);
  cams(graph, config, weights);
  return graph.finish(
    config.name,
    ['pixel_values', ['batch', config.inputChannels, size, size]],
    [
      ['probabilities', ['batch', config.classes]],
      ['cams', ['batch', config.classes, 'height', 'width']],
    ],
  );
}

/** image = (x - mean) / (std + epsilon), one mean and one population std per image. */
function normalise(graph: OnnxGraph): void {
  const axes = { axes: { ints: [1, 2, 3] } };
  const epsilon = graph.weight('epsilon', [1], Float32Array.of(EPSILON));
  graph.node('ReduceMean', ['pixel_values'], 'mean', axes);
  graph.node('Sub', ['pixel_values', 'mean'], 'centred');
  graph.node('Mul', ['centred', 'centred'], 'squares');
  graph.node('ReduceMean', ['squares'], 'variance', axes);
  graph.node('Sqrt', ['variance'], 'std');
  graph.node('Add', ['std', epsilon], 'scale');
  graph.node('Div', ['centred', 'scale'], 'image');
}

/** Of the last batch norm's output A[b,k,h,w], before its ReLU. */
function cams(graph: OnnxGraph, config: DenseNetConfig, weights: WeightMap): void {
  const kernel = weights.get(`${HEAD_LAYER}/kernel`)!;
  const channels = kernel.length / config.classes;
  const zero = graph.weight('zero', [1], Float32Array.of(0));
  const head = toOihw(kernel, [1, 1, channels, config.classes]);
  const name = graph.weight('cams/kernel', [config.classes, channels, 1, 1], head);
  graph.node('Greater', ['bn', zero], 'isPositive');
  graph.node('Cast', ['isPositive'], 'positive', { to: { int: FLOAT } });
  graph.node('GlobalAveragePool', ['positive'], 'share');
  graph.node('Mul', ['bn', 'share'], 'weighted');
  graph.node('Conv', ['weighted', name], 'cams', { kernel_shape: { ints: [1, 1] } });
}
