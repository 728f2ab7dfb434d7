/** How each level is laid out. */
import { css } from 'lit';

export const levelStyles = css`
  /* The network. */
  .network {
    display: grid;
    gap: 18px;
    grid-template-columns: auto minmax(0, 1fr);
  }
  .network .map {
    grid-column: 1 / -1;
    grid-row: 2;
    position: relative;
  }
  .network .key {
    grid-column: 1 / -1;
    grid-row: 3;
  }
  .network.wide .key {
    grid-row: 2;
  }
  .network.wide {
    grid-template-columns: 132px minmax(0, 1fr) 156px;
  }
  .network.wide .map {
    grid-column: 2;
    grid-row: 1;
  }
  svg text {
    fill: var(--muted);
    font: 12px var(--font);
    font-variant-numeric: tabular-nums;
  }
  svg .title {
    fill: var(--ink);
    font-weight: 600;
    font-size: 13px;
  }
  svg .here .title {
    fill: var(--accent);
  }
  svg .here text:first-child {
    fill: var(--ink);
    font-weight: 600;
  }
  svg .ground {
    stroke: var(--line-strong);
  }
  svg .ring {
    fill: none;
    stroke: var(--ring);
    stroke-width: 1.5;
  }
  svg .arrow {
    fill: none;
    stroke: var(--accent);
    stroke-width: 1.6;
  }
  svg .arrow.back {
    stroke: var(--found);
  }
  .thumb {
    position: absolute;
  }
  .over {
    position: absolute;
    background: none;
    border: 1px solid transparent;
    border-radius: 10px;
    padding: 0;
    min-height: 0;
  }
  .over:hover {
    border-color: var(--line-strong);
  }
  .over.here[aria-pressed='true'] {
    background: none;
    border-color: var(--accent);
  }
  .ends ul {
    display: grid;
    gap: 2px;
    margin: 6px 0 10px;
  }
  .ends li button {
    width: 100%;
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 0 8px;
    padding: 3px 6px;
    min-height: 30px;
    font-size: 13px;
    text-align: left;
  }
  .ends .name {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .ends .value {
    font-variant-numeric: tabular-nums;
  }
  .ends .track {
    grid-column: 1 / -1;
    grid-row: 2;
    height: 4px;
    border-radius: 2px;
    background: var(--sunken);
    overflow: hidden;
  }
  .ends .track i {
    display: block;
    height: 100%;
    background: var(--plus);
  }
  .ends .track i.minus {
    background: var(--minus);
  }
  .ends .loss {
    width: 100%;
    justify-content: space-between;
  }

  /* A block. */
  .block {
    display: grid;
    gap: 22px;
  }
  .stack .rows {
    position: relative;
  }
  .stack svg {
    display: block;
  }
  .stack .old {
    opacity: 0.5;
  }
  .stack chexgpu-sheet {
    position: absolute;
    pointer-events: none;
  }
  .stack .over {
    border-radius: 6px;
  }
  .arrivals ol,
  .chain ol {
    display: flex;
    flex-wrap: wrap;
    gap: 12px;
  }
  .arrivals li {
    display: flex;
    align-items: start;
    gap: 10px;
  }
  .arrivals figcaption {
    max-width: 110px;
    overflow-wrap: anywhere;
    margin-top: 4px;
    font-variant-numeric: tabular-nums;
  }
  .arrivals figcaption b {
    color: var(--ink);
  }
  .sign {
    font-size: 20px;
    color: var(--muted);
    align-self: center;
  }
  .arrivals p {
    margin-top: 8px;
  }
  .layer {
    display: grid;
    gap: 6px;
    align-content: start;
    padding: 8px;
    border: 1px solid var(--line);
    border-radius: 10px;
    height: 100%;
  }
  .layer.here {
    border-color: var(--accent);
    box-shadow: inset 0 0 0 1px var(--accent);
  }
  .layer .name {
    display: grid;
    justify-content: start;
    justify-items: start;
    gap: 0;
    padding: 2px 4px;
    white-space: normal;
    text-align: left;
    line-height: 1.3;
    background: none;
    border-color: transparent;
  }
  .layer .name span {
    font-size: 12px;
    color: var(--muted);
    overflow-wrap: anywhere;
  }
  .kernels {
    display: grid;
    grid-template-columns: repeat(2, minmax(0, auto));
    gap: 8px;
    justify-content: start;
  }
  .none {
    min-height: 60px;
  }

  /* A channel. */
  .channel {
    display: grid;
    gap: 22px;
    grid-template-columns: minmax(0, 1fr);
  }
  .channel .big {
    display: grid;
    gap: 10px;
    align-content: start;
    justify-items: start;
  }
  .channel .about {
    display: grid;
    gap: 18px;
    align-content: start;
  }
  .place {
    font-size: 14px;
    color: var(--muted);
    font-variant-numeric: tabular-nums;
  }
  @container (min-width: 1500px) {
    .channel .about {
      grid-template-columns: repeat(2, minmax(0, 1fr));
    }
  }
  @container (min-width: 720px) {
    .channel {
      grid-template-columns: auto minmax(0, 1fr);
    }
  }
`;
