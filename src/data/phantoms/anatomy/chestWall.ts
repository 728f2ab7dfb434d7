/** The rib cage and the body around it, as tables over the height on the film. */
import { curve, lerp, smoothstep, Table } from '../curves.js';
import type { Anatomy, Visit } from '../patient.js';

export interface ChestWall {
  /** Half width of the inner chest, in image widths. */
  readonly inner: Table;
  /** Inside of the rib cage along the ray at the widest place of that height, cm. */
  readonly lungDepth: Table;
  /** Body along the ray, cm. */
  readonly bodyDepth: Table;
  /** Half width of the body, in image widths. */
  readonly bodyHalf: Table;
}

/** A height on the film as a share of the lung's: 0 at the apex, 1 at the foot of the dome. */
type Level = (y: number) => number;

/**
 * @param halfWidth of the inner chest where it is widest, in image widths
 * @param hyper hyperinflation, 0..1
 */
export function chestWall(
  anatomy: Anatomy,
  visit: Visit,
  { halfWidth, hyper, level }: { halfWidth: number; hyper: number; level: Level },
): ChestWall {
  const chestDepth = (anatomy.female ? 16 : 17.5) * (0.94 + 0.06 * visit.inspiration) * (1 + 0.12 * hyper);
  const inner = innerHalfWidth(halfWidth, hyper, level);
  return {
    inner,
    lungDepth: depthOfLung(chestDepth, level),
    bodyDepth: depthOfBody(chestDepth, anatomy, level),
    bodyHalf: bodyHalfWidth(inner, anatomy, level),
  };
}

type Points = readonly (readonly [number, number])[];

/** Of the level, as a share of the widest place. */
const INNER_HALF_WIDTH: Points = [
  [-0.02, 0.2],
  [0, 0.27],
  [0.03, 0.4],
  [0.07, 0.51],
  [0.13, 0.62],
  [0.22, 0.735],
  [0.33, 0.83],
  [0.47, 0.91],
  [0.62, 0.965],
  [0.8, 1],
  [1, 1.005],
  [1.3, 0.97],
];

/** Of the level, as a share of the deepest place. */
const LUNG_DEPTH: Points = [
  [0, 0],
  [0.02, 0.26],
  [0.06, 0.42],
  [0.13, 0.58],
  [0.25, 0.75],
  [0.42, 0.9],
  [0.65, 1],
  [0.85, 0.96],
  [1, 0.82],
];

function innerHalfWidth(halfWidth: number, hyper: number, q: Level): Table {
  return new Table(
    -0.1,
    1.3,
    (y) => halfWidth * curve(INNER_HALF_WIDTH, q(y) - 0.02 * hyper * (q(y) < 0.5 ? -1 : 0)),
  );
}

function depthOfLung(chestDepth: number, q: Level): Table {
  return new Table(-0.1, 1.3, (y) => (q(y) <= 0 ? 0 : chestDepth * curve(LUNG_DEPTH, q(y))));
}

function depthOfBody(chestDepth: number, anatomy: Anatomy, q: Level): Table {
  const wall = 3.5 + 6.5 * anatomy.habitus;
  const points: Points = [
    [-0.2, 12.5],
    [-0.03, 12.5],
    [0.08, 14],
    [0.2, (chestDepth + wall) * 0.84],
    [0.4, (chestDepth + wall) * 0.97],
    [0.7, chestDepth + wall],
    [0.95, chestDepth + wall + 1.5],
    [1.5, chestDepth + wall + 3],
  ];
  return new Table(-0.2, 1.4, (y) => curve(points, q(y)));
}

function bodyHalfWidth(inner: Table, anatomy: Anatomy, q: Level): Table {
  const wallWidth = 0.045 + 0.085 * anatomy.habitus;
  return new Table(-0.2, 1.4, (y) => {
    const chest = inner.at(y) + wallWidth + 0.075 * smoothstep(0.62, 0.12, q(y));
    const waist = 0.03 * smoothstep(0.95, 1.4, q(y)) * (1 - 1.6 * anatomy.habitus);
    const neck = 0.105 + 0.03 * anatomy.habitus + 0.12 * smoothstep(-0.07, 0.05, q(y));
    return lerp(neck, chest - waist, smoothstep(-0.02, 0.14, q(y)));
  });
}
