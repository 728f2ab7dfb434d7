/** How the Reader is laid out: list, pictures and findings side by side where there is room, else below each other. */
import { css } from 'lit';

export const readerStyles = css`
  .toolbar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .saving {
    display: inline-flex;
    gap: 8px;
  }
  .viewing {
    display: grid;
    gap: 14px;
    min-width: 0;
  }
  .look {
    display: flex;
    flex-wrap: wrap;
    gap: 10px 22px;
    align-items: center;
    padding-top: 12px;
    border-top: 1px solid var(--line);
  }
  .look .opacity {
    flex: 1 1 200px;
    max-width: 360px;
  }
  .scale {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    font-size: 13px;
    color: var(--muted);
  }
  .scale canvas {
    width: 90px;
    height: 10px;
    border-radius: 3px;
  }
  .findings {
    display: grid;
    gap: 10px;
  }
  .findings .head {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    gap: 10px;
  }
  .strip chexgpu-film-strip {
    max-height: none;
  }
  /* Nothing is there yet. */
  .start {
    display: grid;
    place-items: center;
    min-height: min(58vh, 560px);
    border: 2px dashed var(--line-strong);
    border-radius: 18px;
    background: var(--surface);
    text-align: center;
    padding: 28px 18px;
  }
  .start .inside {
    display: grid;
    justify-items: center;
    gap: 14px;
    max-width: 560px;
  }
  .over .start,
  .over .columns {
    outline: 3px solid var(--accent);
    outline-offset: 4px;
    border-radius: 18px;
  }
  progress {
    width: 200px;
    height: 6px;
    accent-color: var(--accent);
  }
  .progress {
    display: flex;
    align-items: center;
    gap: 12px;
    font-size: 14px;
    color: var(--muted);
    min-height: 24px;
  }
  @container (max-width: 560px) {
    .toolbar .grow {
      flex-basis: 100%;
    }
    .toolbar > button:not(.square),
    .saving,
    .saving button {
      flex: 1 1 auto;
      padding: 0 8px;
    }
    .saving {
      flex-basis: 100%;
      padding: 0;
    }
    .toolbar .place {
      flex: 1;
    }
  }
  @container (min-width: 760px) {
    .columns {
      grid-template-columns: minmax(0, 1fr) minmax(330px, 400px);
    }
    .columns .strip {
      grid-column: 1 / -1;
    }
  }
  @container (min-width: 1180px) {
    .columns.many {
      grid-template-columns: 200px minmax(0, 1fr) 416px;
    }
    .columns .strip {
      grid-column: auto;
      max-height: calc(100vh - 190px);
      overflow-y: auto;
      padding: 10px;
    }
  }
`;
