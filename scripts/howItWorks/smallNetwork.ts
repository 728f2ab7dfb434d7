/** The plans of the toy network, small enough to be drawn. */
import { DenseNet, densenetConfig, openNodeGpu } from '../../src/node.js';

type Plan = Awaited<ReturnType<DenseNet['planOf']>>;

export async function withPlan(kind: 'predict' | 'train', draw: (plan: Plan) => string): Promise<string> {
  const { gpu } = await openNodeGpu({ quiet: true });
  const config = densenetConfig('toy');
  const model = await DenseNet.create(gpu, { config, seed: 1 });
  const one = new Array<number>(config.classes).fill(1);
  await model.compile({ posWeights: one, negWeights: one });
  const picture = draw(await model.planOf(kind, 1, 32));
  await model.dispose();
  gpu.dispose();
  return picture;
}
