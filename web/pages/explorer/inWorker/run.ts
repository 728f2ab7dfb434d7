/** Values of a training step, as the library reads them. */
export {
  type StepPixels as Pixels,
  StepReader as GpuRun,
  type StepUpdate as Update,
  type StepValues as RunValues,
} from 'chexgpu/lab';
