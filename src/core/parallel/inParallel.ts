/** Many small questions, some of them under way at once. */

/** Of files: enough to keep a disk busy, few enough for the handles that a process may have. */
const AT_ONCE = 32;

/** What `ask` says of each, in their order; the first rejection is that of all, and no other is asked for then. */
export async function inParallel<T, R>(items: readonly T[], ask: (item: T) => R | Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const i = next++;
      answers[i] = await ask(items[i]);
    }
  };
  const endAll = (error: unknown) => {
    next = items.length;
    throw error;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, () => work().catch(endAll)));
  return answers;
}
