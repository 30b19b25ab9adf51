/** Makes an element. Text is never taken for markup. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (property in made) made[property] = value;
    else made.setAttribute(property, value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== ''));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Changes a text only where it is another one, so that screen readers do not hear it again. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** A term and what is said of it, as one row of a list. */
export function fact(term, ...told) {
  return element('div', {}, element('dt', {}, term), ...told.map((each) => element('dd', {}, each)));
}
