/** What is compared, at what, and what some cannot do. */

export const LIBRARIES = ['chexgpu', 'tfjs', 'onnxruntime-web', 'transformers.js'] as const;
export type Library = (typeof LIBRARIES)[number];

/** What `npm i` is told for a page. Of chexgpu: the tarball of this repository. */
export const PACKAGES: Readonly<Record<Exclude<Library, 'chexgpu'>, readonly string[]>> = {
  tfjs: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-webgpu'],
  'onnxruntime-web': ['onnxruntime-web'],
  'transformers.js': ['@huggingface/transformers'],
};

export const TASKS = ['findings', 'batch', 'gradcam', 'load', 'fineTune'] as const;
export type Task = (typeof TASKS)[number];

export interface TaskFacts {
  title: string;
  /** How far its numbers may lie from chexgpu's: those of the race against the same engines in Node. */
  tolerance: number;
  /** Also timed on a second visit, with what the browser and the library have kept. */
  again: boolean;
}

export const TASK_FACTS: Readonly<Record<Task, TaskFacts>> = {
  findings: { title: '1. an X-ray file to 14 findings', tolerance: 1e-3, again: true },
  batch: { title: '2. a batch of own pixels to probabilities', tolerance: 1e-3, again: false },
  gradcam: { title: '3. Grad-CAM of one finding', tolerance: 1e-2, again: false },
  load: { title: '4. weights from a URL: progress, checksum, cache', tolerance: 0, again: true },
  fineTune: { title: '5. two steps of fine-tuning on own X-rays', tolerance: 1e-2, again: false },
};

/** Why there is no program, as the package and its documents say. */
export const CANNOT: Partial<Record<Library, Partial<Record<Task, string>>>> = {
  'onnxruntime-web': {
    fineTune: 'no training: `onnxruntime-web/training` was removed (microsoft/onnxruntime#22103)',
  },
  'transformers.js': { fineTune: 'no training: it runs ONNX files by onnxruntime-web' },
};

/** Weight file whose damage `load` must notice. */
export const WEIGHT_FILES: Readonly<Record<Library, string>> = {
  chexgpu: 'weights.safetensors',
  tfjs: 'group1-shard1of4.bin',
  'onnxruntime-web': 'model.onnx',
  'transformers.js': 'model.onnx',
};
