/** Dividing patients among splits so that every finding has its share in each. */

/** A patient, or whatever else must stay together. */
export interface Group<Id> {
  readonly id: Id;
  images: number;
  /** Images with each label. */
  readonly positives: number[];
}

/**
 * The rows of each patient counted together, in the order of their first rows.
 * @param labels labels[row, class]; what is not 1 counts as 0
 */
export function groupRows<Id>(ids: readonly Id[], labels: ArrayLike<number>, classes: number): Group<Id>[] {
  const groups = new Map<Id, Group<Id>>();
  ids.forEach((id, row) => {
    let group = groups.get(id);
    if (!group) {
      group = { id, images: 0, positives: new Array<number>(classes).fill(0) };
      groups.set(id, group);
    }
    group.images++;
    for (let c = 0; c < classes; c++) if (labels[row * classes + c] === 1) group.positives[c]++;
  });
  return [...groups.values()];
}

/**
 * Iterative stratification (Sechidis, Tsoumakas and Vlahavas, ECML 2011) of whole groups: those with the rarest label
 * first, each to the split that still lacks most images of it.
 * @param shares wanted of the images, each split; their sum is 1
 * @param integer a random whole number from 0 to below its argument
 * @returns the split of each group; none is empty where there are as many groups
 */
export function stratify<Id>(
  groups: readonly Group<Id>[],
  shares: readonly number[],
  integer: (below: number) => number,
): Map<Id, number> {
  const images = groups.reduce((sum, group) => sum + group.images, 0);
  const classes = groups[0]?.positives.map((_, k) => k) ?? [];
  const totalOf = (k: number, among: readonly Group<Id>[]) =>
    among.reduce((sum, g) => sum + g.positives[k], 0);
  const lacking = shares.map((share) => ({
    images: share * images,
    positives: classes.map((k) => share * totalOf(k, groups)),
  }));
  const result = new Map<Id, number>();
  const assign = (group: Group<Id>, label: number): void => {
    const need = (i: number): number => (label < 0 ? lacking[i].images : lacking[i].positives[label]);
    let best = 0;
    for (let i = 1; i < lacking.length; i++) {
      const more = need(i) - need(best);
      if (more > 1e-9 || (Math.abs(more) <= 1e-9 && lacking[i].images > lacking[best].images)) best = i;
    }
    result.set(group.id, best);
    lacking[best].images -= group.images;
    group.positives.forEach((value, k) => {
      lacking[best].positives[k] -= value;
    });
  };
  for (let waiting = shuffled(groups, integer); waiting.length > 0; ) {
    const left = classes.map((k) => totalOf(k, waiting));
    let rarest = -1;
    for (const k of classes) if (left[k] > 0 && (rarest < 0 || left[k] < left[rarest])) rarest = k;
    const others: Group<Id>[] = [];
    for (const group of waiting) {
      if (rarest >= 0 && group.positives[rarest] === 0) others.push(group);
      else assign(group, rarest);
    }
    waiting = others;
  }
  fillEmptySplits(result, groups, shares.length);
  return result;
}

/** By Fisher and Yates. */
function shuffled<T>(items: readonly T[], integer: (below: number) => number): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** A split without a group takes one from the split with the most. */
function fillEmptySplits<Id>(result: Map<Id, number>, groups: readonly Group<Id>[], count: number): void {
  for (let split = 0; split < count; split++) {
    if ([...result.values()].includes(split)) continue;
    const members = Array.from({ length: count }, (_, s) => groups.filter(({ id }) => result.get(id) === s));
    const largest = members.reduce((a, b) => (b.length > a.length ? b : a));
    if (largest.length > 1) result.set(largest[largest.length - 1].id, split);
  }
}
