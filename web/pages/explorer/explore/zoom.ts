/** From one level to the next: the part that is gone into grows until it fills the stage, and back. */

const HOW = { duration: 460, easing: 'cubic-bezier(0.45, 0, 0.15, 1)' } as const;

const isStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Where the part in the cursor lies on the stage. */
export function focusBox(stage: Element): DOMRect | null {
  return stage.querySelector('[data-focus]')?.getBoundingClientRect() ?? null;
}

/**
 * @param by 1: inwards, from the part's box to the stage; -1: outwards, from the stage to the part's new box
 * @param before the part's box before the level changed
 */
export function zoom(stage: HTMLElement, by: 1 | -1, before: DOMRect | null): void {
  const scene = stage.firstElementChild;
  if (!scene || isStill()) return;
  const whole = scene.getBoundingClientRect();
  const part = by === 1 ? before : focusBox(stage);
  if (!part || part.width === 0 || whole.width === 0) {
    scene.animate([{ opacity: 0 }, { opacity: 1 }], HOW);
    return;
  }
  // As wide as the part is on the stage, at most fourfold.
  const share = Math.max(0.25, Math.min(1, part.width / whole.width));
  const [dx, dy] = [part.left - whole.left, part.top - whole.top];
  const small = `translate(${dx}px, ${dy}px) scale(${share})`;
  const large = `scale(${1 / share}) translate(${-dx}px, ${-dy}px)`;
  const from = by === 1 ? small : large;
  const frames = [
    { transform: from, opacity: 0.1, transformOrigin: '0 0' },
    { transform: 'none', opacity: 1, transformOrigin: '0 0' },
  ];
  scene.animate(frames, HOW);
}
