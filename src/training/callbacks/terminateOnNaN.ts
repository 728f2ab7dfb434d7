/**
 * Callback: a step that is not finite ends the training in good order. Keras' `TerminateOnNaN`, but for one thing: in
 * Keras the step has been taken and the weights are NaN by then; here it was refused, so they are those before it.
 */
import type { Callback, RefusedStepInfo, TrainingContext } from './callback.js';

/**
 * The epoch is closed with the steps that it has had, `onEpoch` and `onTrainEnd` are called (which brings back
 * EarlyStopping's best weights), and `fit` returns a history with the reason. Without this callback `fit` rejects with
 * the NonFiniteError. As in Keras only training steps are looked at: a validation that is not finite rejects.
 */
export class TerminateOnNaN implements Callback {
  onRefusedStep({ epoch, step, error }: RefusedStepInfo, training: TrainingContext): void {
    training.stop(`step ${step + 1} of epoch ${epoch + 1} is not finite and was not taken: ${error.message}`);
  }
}
