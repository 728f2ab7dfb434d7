/** The Reader's surroundings: what it says before and beside the pictures, and the buttons that bring pictures. */
import { html, nothing, type TemplateResult } from 'lit';
import { gpuWords } from '../../parts/gpuWords.js';
import { icons } from '../../parts/icons.js';
import { stepper } from '../../parts/stepper.js';
import type { ReaderSession } from './session.js';

/** What the buttons do. */
export interface Acts {
  chooseFiles(): void;
  chooseFolder(): void;
  drawPhantom(): void;
  save(what: 'csv' | 'png' | 'report'): void;
  /** After the GPU was lost. */
  reopen(): void;
}

export function trustOf({ loaded }: ReaderSession): TemplateResult {
  const trust = loaded?.trust ?? 'trained on drawings; says nothing of a patient';
  return html`<div class="trust" role="note">
    ${icons.warning}
    <p><strong>No medical device.</strong> The network was ${trust}. X-rays never leave this machine.</p>
  </div>`;
}

export function messagesOf(session: ReaderSession, passedOver: number, acts: Acts): TemplateResult {
  const { failure, checks, current, lost } = session;
  return html`
    ${
      lost
        ? html`<div class="message bad" role="alert">
            The GPU was lost: ${lost} <button type="button" @click=${() => acts.reopen()}>Open it again</button>
          </div>`
        : said(failure)
    }
    ${
      checks.wrong.length > 0
        ? html`<p class="message bad" role="alert">
            ${checks.wrong.join(', ')} gave wrong numbers on this adapter: the results so far were withdrawn and
            computed anew with other kernels.
          </p>`
        : nothing
    }
    ${passedOver > 0 ? html`<p class="message">${passedOverWords(passedOver)}</p>` : nothing}
    ${lost ? nothing : said(current?.failure)}
    ${
      current?.decoded && current.decoded.doubts.length > 0
        ? html`<p class="message doubt" role="status">
            This hardly is a frontal chest X-ray: ${current.decoded.doubts.join('; ')}. What the network says of it
            means nothing.
          </p>`
        : nothing
    }
  `;
}

const said = (failure = '') => (failure ? html`<p class="message bad" role="alert">${failure}</p>` : nothing);

export function progressOf({ progress, loaded }: ReaderSession): TemplateResult {
  return html`<div class="progress" role="status">
    ${
      progress
        ? html`<progress
              aria-label=${progress.what}
              max=${progress.total || nothing}
              value=${progress.total ? progress.done : nothing}
            ></progress>
            <span>${progress.what} …</span>`
        : html`<span>${loaded ? 'Ready.' : ''}</span>`
    }
  </div>`;
}

export function startOf(session: ReaderSession, acts: Acts): TemplateResult {
  return html`<section class="start" aria-label="Add X-rays">
    <div class="inside">
      <h1>Drop chest X-rays here</h1>
      <p class="quiet">
        One, many, or a folder; PNG (8, 16 bits) or JPEG. Or paste a picture. Fourteen findings come back, each with the
        place in the X-ray that speaks for it.
      </p>
      <div class="row">
        <button type="button" class="primary" @click=${() => acts.chooseFiles()}>${icons.add} Choose X-rays</button>
        <button type="button" @click=${() => acts.chooseFolder()}>${icons.folder} Choose a folder</button>
        <button type="button" @click=${() => acts.drawPhantom()}>${icons.pencil} Draw a phantom</button>
      </div>
      ${progressOf(session)}
    </div>
  </section>`;
}

export function toolbarOf(session: ReaderSession, acts: Acts): TemplateResult {
  const { xrays, current } = session;
  const at = current ? xrays.indexOf(current) : -1;
  return html`<div class="toolbar">
    ${stepper('X-ray', at, xrays.length, (by) => session.step(by))}
    <span class="grow"></span>
    <button type="button" @click=${() => acts.chooseFiles()}>${icons.add} Add</button>
    <button type="button" @click=${() => acts.chooseFolder()}>${icons.folder} Folder</button>
    <button type="button" @click=${() => acts.drawPhantom()}>${icons.pencil} Phantom</button>
    <span class="saving" role="group" aria-label="Export">
      <button type="button" ?disabled=${session.read.length === 0} @click=${() => acts.save('csv')}>
        ${icons.save} CSV
      </button>
      <button type="button" ?disabled=${!session.map} @click=${() => acts.save('png')}>${icons.save} PNG</button>
      <button type="button" ?disabled=${session.read.length === 0} @click=${() => acts.save('report')}>
        ${icons.save} Report
      </button>
    </span>
  </div>`;
}

export function factsOf(session: ReaderSession): TemplateResult {
  const { checks, loaded, current } = session;
  const took = current?.probabilities ? `Predicted in ${(current.milliseconds / 1000).toFixed(2)} s.` : '';
  const kernels = {
    waiting: '',
    running: `Checking kernels: ${checks.done} of ${checks.total}.`,
    done: `${checks.right} kernels checked on this adapter: right.`,
  }[checks.state];
  return html`<div class="facts">
    <span class="adapter">${icons.chip} ${gpuWords(session)}</span>
    ${loaded ? html`<span>Network: ${loaded.name}.</span>` : nothing}
    <span>${took}</span> <span class="checks">${kernels}</span>
  </div>`;
}

const passedOverWords = (count: number) =>
  `${count} other ${count === 1 ? 'file was' : 'files were'} passed over.`;
