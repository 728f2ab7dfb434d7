/** What the flags of a training ask for; how each of them is read stands beside its flags. */
import type { TrainingChoices } from '../../workflow/training/presets.js';
import { augmentationOf } from './augmentationFlags.js';
import { callbacksOf } from './callbackFlags.js';
import { classWeightsOf } from './labelFlags.js';
import { layersOf } from './layerFlags.js';
import { lossOf } from './lossFlags.js';
import { optimizerOf } from './optimizerFlags.js';
import { scheduleOf } from './scheduleFlags.js';
import type { TrainingFlags } from './sharedFlags.js';
import { updatesOf } from './updateFlags.js';

/** @throws UsageError for flags that contradict each other */
export function choicesOf(flags: TrainingFlags): TrainingChoices {
  const loss = lossOf(flags);
  return {
    ...flags,
    loss,
    classWeights: classWeightsOf(flags, loss),
    optimizer: optimizerOf(flags),
    schedule: scheduleOf(flags),
    updates: updatesOf(flags),
    layers: layersOf(flags),
    callbacks: callbacksOf(flags),
    augmentation: augmentationOf(flags),
  };
}
