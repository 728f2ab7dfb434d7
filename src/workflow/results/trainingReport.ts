/** The report's data of a training and of what came of it. */
import { dataSummary } from '../../eval/report/dataSummary.js';
import { modelSummary } from '../../eval/report/modelSummary.js';
import type { ReportData, RunInfo } from '../../eval/report/reportData.js';
import type { CamScore } from '../../training/inspection/explainer.js';
import { describeOptimizer } from '../../training/optimizers/optimizer.js';
import { augmentationWords } from '../data/augmentationWords.js';
import { type Dataset, SAMPLER_WORDS } from '../data/dataset.node.js';
import type { Trained } from '../training/trainToCheckpoint.node.js';
import type { StartingNetwork } from '../weights/startingNetwork.node.js';

/** What the report says of a training besides its results. */
export interface ReportedTraining {
  dataset: Dataset;
  /** Drawn for this run. */
  isPhantom: boolean;
  network: StartingNetwork;
  trained: Trained;
  score: CamScore;
}

export function trainingReport(
  { dataset, isPhantom, network, trained, score }: ReportedTraining,
  run: Omit<RunInfo, 'settings'>,
  results: Pick<ReportData, 'samples' | 'evaluation' | 'gradcam' | 'pointing' | 'timings' | 'problems'>,
): ReportData {
  const { frequencies, plan, preparation, training } = trained;
  const { train, valid, test } = dataset;
  return {
    title: isPhantom ? 'Synthetic chest X-rays (phantoms)' : `Chest X-rays in ${dataset.source}`,
    run: {
      ...run,
      settings: {
        'image size': `${plan.size} px`,
        interpolation: preparation.interpolation,
        'pixel scaling': preparation.scaling,
        augmentation: augmentationWords(preparation.augmentation, preparation.augmentOn),
        sampler: preparation.sampler ? SAMPLER_WORDS[preparation.sampler] : 'each image once in an epoch',
        labels: train.classes.join(', '),
        'batch size': String(plan.batchSize),
        'epochs x steps': `${plan.epochs} x ${plan.stepsPerEpoch}`,
        loss: training.loss.title,
        ...('posWeights' in training.loss.settings && { 'class weights': frequencies.weighting }),
        optimizer: describeOptimizer(plan.optimizer),
        'batch norm momentum': String(network.config.bnMomentum),
        'Grad-CAM of': score,
      },
    },
    data: dataSummary(dataset.source, { train, valid, test }),
    frequencies,
    model: modelSummary(network.config, plan.size, network.origin),
    training,
    ...results,
  };
}
