/** Which step of Grad-CAM is shown, as the address says it: `cam=4&sum=7&score=logit`. */
import type { Place } from '../place.js';

export interface CamPlace {
  /** Of STEPS. */
  readonly step: number;
  /** Which of the growing sums; -1: the last. */
  readonly sum: number;
  readonly score: 'sigmoid' | 'logit';
}

export const STEPS = [
  {
    title: 'Feature maps',
    words: 'What the last batch norm gives, A[h,w,k], channel by channel, before its ReLU.',
  },
  {
    title: 'Gradients',
    words:
      'How the score would change with each of these numbers, dscore/dA. Behind A come a ReLU, a mean over all ' +
      'pixels and the classifier: where A is above 0 the gradient is the weight of the class over the number of ' +
      'pixels, else 0.',
  },
  {
    title: 'Channel weights',
    words:
      'The mean of each channel of gradients over its pixels: alpha[k], how much the channel matters to the score.',
  },
  {
    title: 'Weighted sum',
    words: 'The channels times their weights, added up one after the other, the weightiest first.',
  },
  { title: 'Resized', words: "To the size of the picture: between the sum's pixels straight lines." },
  {
    title: 'ReLU',
    words: 'What speaks against the class is cut off; the rest is divided by its largest value.',
  },
  { title: 'Overlay', words: 'On the picture: where the score comes from.' },
] as const;

export function readCam({ cam, sum, score }: Place['more']): CamPlace {
  const whole = (text: string | undefined, otherwise: number) =>
    text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : otherwise;
  return {
    step: Math.min(STEPS.length, Math.max(1, whole(cam, 1))),
    sum: whole(sum, -1),
    score: score === 'logit' ? 'logit' : 'sigmoid',
  };
}

export function writeCam(more: Place['more'], change: Partial<CamPlace>): Place['more'] {
  const { step, sum, score } = { ...readCam(more), ...change };
  const { cam: _, sum: __, score: ___, ...others } = more;
  return {
    ...others,
    ...(step === 1 ? {} : { cam: String(step) }),
    ...(sum < 0 ? {} : { sum: String(sum) }),
    ...(score === 'sigmoid' ? {} : { score }),
  };
}
