/** The plans of a network small enough to be drawn: one block of two layers. */
import { DenseNet, densenetConfig, openNodeGpu } from '../../src/node.js';

type Plan = Awaited<ReturnType<DenseNet['planOf']>>;

const FIELDS = { blocks: [2], growthRate: 4, bottleneck: 2, stemChannels: 8, inputChannels: 1, classes: 4 };

export async function withPlan(kind: 'predict' | 'train', draw: (plan: Plan) => string): Promise<string> {
  const { gpu } = await openNodeGpu({ quiet: true });
  const model = await DenseNet.create(gpu, { config: densenetConfig('densenet121', FIELDS), seed: 1 });
  const one = new Array<number>(FIELDS.classes).fill(1);
  await model.compile({ posWeights: one, negWeights: one });
  const picture = draw(await model.planOf(kind, 1, 32));
  await model.dispose();
  gpu.dispose();
  return picture;
}
