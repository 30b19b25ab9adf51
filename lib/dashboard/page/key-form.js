import { byId, element, fact } from './dom.js';
import { bytes, seconds } from './wording.js';

/** Lets people look for a key, and evict it where that is allowed. */
export class KeyForm {
  #home;
  #instance = () => '';
  #mayEvict = false;
  #hasOthers = false;
  #latest = 0;

  /** @param home URL below which the application answers. @param instance tells which cache is meant. */
  constructor(home, instance) {
    this.#home = home;
    this.#instance = instance;
    byId('key-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#find(byId('key').value, this.#instance());
    });
  }

  /** @param hasOthers whether there is more than one cache, so that it has to be named. */
  allow({ mayEvict, hasOthers }) {
    this.#mayEvict = mayEvict;
    this.#hasOthers = hasOthers;
  }

  /** Takes away what was found. */
  clear() {
    this.#latest += 1;
    this.#show();
  }

  /** @param instance the cache that is asked, which another may have been chosen for meanwhile. */
  async #find(key, instance, news) {
    this.#latest += 1;
    const asked = this.#latest;
    const answer = await this.#post('find', key, instance);
    // Somebody has asked for another one meanwhile.
    if (asked !== this.#latest) return;
    if ('problem' in answer && !('server' in answer))
      this.#show(element('p', { className: 'problem' }, answer.problem));
    else this.#show(...this.#told(answer, news));
  }

  #told(found, news) {
    const { key, instance, standIn } = found;
    return [
      element('p', {}, element('code', {}, key), ' ', element('strong', {}, news ?? verdict(found))),
      facts(found, this.#hasOthers ? fact('Cache', instance) : undefined),
      ...(standIn === undefined
        ? []
        : [element('p', {}, `Meanwhile another stands in. ${verdict(standIn)}`), facts(standIn)]),
      this.#mayEvict ? this.#evictButton(key, instance) : undefined,
    ].filter((part) => part !== undefined);
  }

  #evictButton(key, instance) {
    const button = element('button', { type: 'button', className: 'danger' }, 'Evict…');
    button.addEventListener('click', () => {
      const dialog = byId('confirm');
      byId('confirm-key').textContent = key;
      byId('confirm-instance').textContent = this.#hasOthers ? `in the cache ${instance}` : '';
      dialog.returnValue = '';
      dialog.addEventListener(
        'close',
        () => {
          if (dialog.returnValue === 'evict') void this.#evict(key, instance);
        },
        { once: true },
      );
      dialog.showModal();
    });
    return button;
  }

  async #evict(key, instance) {
    const shown = this.#latest;
    const answer = await this.#post('evict', key, instance);
    // Somebody looks at something else meanwhile.
    if (shown !== this.#latest) return;
    await this.#find(key, instance, answer.problem ?? 'Evicted.');
    // The button that was focused is gone.
    byId('key').focus();
  }

  async #post(what, key, instance) {
    try {
      const response = await fetch(new URL(what, this.#home), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ instance, key }),
      });
      if (response.ok) return await response.json();
      const { message } = await response.json().catch(() => ({}));
      const reason = typeof message === 'string' ? message : response.statusText;
      return { problem: `The application refused: ${response.status} ${reason}.` };
    } catch {
      return { problem: 'The application does not answer.' };
    }
  }

  #show(...parts) {
    byId('found').replaceChildren(...parts);
  }
}

/** Whether a server has a value for the next reader. */
function verdict({ there, mark, invalidated, tagsUnknown, problem }) {
  if (problem !== undefined) return problem;
  if (tagsUnknown) return 'It is there; whether a tag of it was invalidated is not known now.';
  if (there) return 'It is there.';
  if (mark) return 'It is not cached: its last load left nothing to store.';
  if (invalidated) return 'It is invalidated by one of its tags: the next reader computes it.';
  return 'It is not there: the next reader computes it.';
}

/** What a server says of an item. */
function facts({ server, state, there, size, flags, ttl, lastAccessSeconds, readBefore, stale }, more) {
  const told = [more, fact('Server', `${server} (${state})`)];
  if (there) {
    told.push(fact('Size', bytes(size)), fact('Client flags', String(flags)));
    // The classic dialect does not tell more.
    if (lastAccessSeconds !== undefined) {
      told.push(
        fact('Time left', ttl === undefined ? 'never expires' : seconds(ttl / 1000)),
        fact('Last read or stored', `${seconds(lastAccessSeconds)} ago`),
        fact('Read since stored', readBefore ? 'yes' : 'no'),
      );
    }
    if (stale) told.push(fact('Marked stale', 'yes'));
  }
  return element('dl', { className: 'figures' }, ...told);
}
