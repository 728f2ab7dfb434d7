/** Values of a training step, as the library reads them. */
export {
  GpuRun,
  type Pixels,
  type RunValues,
  type Update,
} from '../../../../src/densenet/trace/stepValues.js';
