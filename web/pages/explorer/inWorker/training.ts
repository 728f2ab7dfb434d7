/** How the step that the explorer shows trains: the very first one of a training, by Adam. */
export {
  type AdamRates,
  compiledFirstStep as compiled,
  type FirstStep as ExplorerTraining,
  firstStep as explorerTraining,
  type LossSettings,
} from '../../../../src/densenet/trace/firstStep.js';
