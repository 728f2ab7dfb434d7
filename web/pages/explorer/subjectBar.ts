/** What is looked at: the network, the picture, the labels that the loss takes for true. */
import { html, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { icons } from '../../parts/icons.js';
import { NETWORKS } from './networks.js';
import { PHANTOMS, phantomTitle } from './phantoms.js';
import type { ExplorerSession } from './session.js';

const chosenIn = (event: Event) => (event.target as HTMLSelectElement).value;

const option = ({ id, title }: { id: string; title: string }, chosen: string) =>
  html`<option value=${id} ?selected=${id === chosen}>${title}</option>`;

export function subjectBar(session: ExplorerSession): TemplateResult {
  const { place, opened } = session;
  const images = PHANTOMS.map((id) => ({ id, title: phantomTitle(id) }));
  if (!images.some(({ id }) => id === place.image)) {
    images.push({ id: place.image, title: opened?.picture ?? 'your picture' });
  }
  const chosen = (event: Event) => {
    const input = event.target as HTMLInputElement;
    const [file] = input.files ?? [];
    if (file) void session.addFile(file);
    // The same file may be chosen again.
    input.value = '';
  };
  return html`<div class="subject">
    <label class="field"
      >Network
      <select
        id="network"
        .value=${live(session.network.id)}
        @change=${(event: Event) => session.go({ network: chosenIn(event), labels: null, output: 0, tour: 0 })}
      >
        ${NETWORKS.map((one) => option(one, session.network.id))}
      </select>
    </label>
    <label class="field"
      >Picture
      <select
        id="image"
        .value=${live(place.image)}
        @change=${(event: Event) => session.go({ image: chosenIn(event), labels: null, tour: 0 })}
      >
        ${images.map((one) => option(one, place.image))}
      </select>
    </label>
    <label class="button file"
      >${icons.folder} Your own <input type="file" accept="image/png,image/jpeg" @change=${chosen}
    /></label>
    ${labelsMenu(session)}
  </div>`;
}

/** Which labels count as there: the loss, and so every gradient, depends on them. */
function labelsMenu(session: ExplorerSession): TemplateResult {
  const { opened, place } = session;
  const names = opened?.labels ?? [];
  const positive = opened?.positive ?? place.labels ?? [];
  const toggle = (k: number) => {
    const next = positive.includes(k) ? positive.filter((one) => one !== k) : [...positive, k];
    session.go({ labels: next.sort((a, b) => a - b), tour: 0 });
  };
  const said = positive.map((k) => names[k]).filter(Boolean);
  return html`<details class="labels">
    <summary class="button">Labels: ${said.length === 0 ? 'none' : said.join(', ')}</summary>
    <fieldset>
      <legend class="quiet">What the loss takes for true</legend>
      ${names.map(
        (name, k) => html`<label
          ><input
            type="checkbox"
            .checked=${live(positive.includes(k))}
            @change=${() => toggle(k)}
          />${name}</label
        >`,
      )}
    </fieldset>
  </details>`;
}
