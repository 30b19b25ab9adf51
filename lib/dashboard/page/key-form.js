import { byId, element, fact } from './dom.js';
import { bytes, seconds } from './wording.js';

/** Lets people look for a key, and evict it where that is allowed. */
export class KeyForm {
  #home;
  #instance = () => '';
  #mayEvict = false;
  #latest = 0;

  /** @param home URL below which the application answers. @param instance tells which cache is meant. */
  constructor(home, instance) {
    this.#home = home;
    this.#instance = instance;
    byId('key-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#find(byId('key').value);
    });
  }

  allowEvict(mayEvict) {
    this.#mayEvict = mayEvict;
  }

  async #find(key, news) {
    this.#latest += 1;
    const asked = this.#latest;
    const answer = await this.#post('find', key);
    // Somebody has asked for another one meanwhile.
    if (asked !== this.#latest) return;
    if ('problem' in answer && !('server' in answer))
      this.#show(element('p', { className: 'problem' }, answer.problem));
    else this.#show(...this.#told(answer, news));
  }

  #told(found, news) {
    const { key, server, state, there, problem } = found;
    const facts = [fact('Server', `${server} (${state})`)];
    if (there) {
      facts.push(fact('Size', bytes(found.size)), fact('Client flags', String(found.flags)));
      // The classic dialect does not tell more.
      if (found.ttlSeconds !== undefined) {
        facts.push(
          fact('Time left', found.ttlSeconds === null ? 'never expires' : seconds(found.ttlSeconds)),
          fact('Last read or stored', `${seconds(found.lastAccessSeconds)} ago`),
          fact('Read since stored', found.readBefore ? 'yes' : 'no'),
        );
      }
      if (found.stale) facts.push(fact('Marked stale', 'yes'));
    }
    const verdict = problem ?? (there ? 'It is there.' : 'It is not there: the next reader computes it.');
    return [
      element('p', {}, element('code', {}, key), ' ', element('strong', {}, news ?? verdict)),
      element('dl', { className: 'figures' }, ...facts),
      this.#mayEvict && there !== false ? this.#evictButton(key) : undefined,
    ].filter((part) => part !== undefined);
  }

  #evictButton(key) {
    const button = element('button', { type: 'button', className: 'danger' }, 'Evict…');
    button.addEventListener('click', () => {
      const dialog = byId('confirm');
      byId('confirm-key').textContent = key;
      dialog.returnValue = '';
      dialog.addEventListener(
        'close',
        () => {
          if (dialog.returnValue === 'evict') void this.#evict(key);
        },
        { once: true },
      );
      dialog.showModal();
    });
    return button;
  }

  async #evict(key) {
    const answer = await this.#post('evict', key);
    await this.#find(key, answer.problem ?? 'Evicted.');
    // The button that was focused is gone.
    byId('key').focus();
  }

  async #post(what, key) {
    try {
      const response = await fetch(new URL(what, this.#home), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ instance: this.#instance(), key }),
      });
      if (response.ok) return await response.json();
      return { problem: `The application refused: ${response.status} ${response.statusText}.` };
    } catch {
      return { problem: 'The application does not answer.' };
    }
  }

  #show(...parts) {
    byId('found').replaceChildren(...parts);
  }
}
