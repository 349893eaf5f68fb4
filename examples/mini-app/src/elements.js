/** Small helpers for the DOM. Text is always text: nothing that the network said becomes markup. */

/** @returns {HTMLElement} */
export function byId(id) {
  return document.getElementById(id)
}

/** Makes an element with attributes and children; strings become text. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** Rows of a `dl`; what is missing is left out. */
export function facts(rows) {
  return rows
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)])
}

/** Closes a dialog by its buttons and by a click beside it. */
export function closable(dialog) {
  for (const button of dialog.querySelectorAll('[data-close]')) button.addEventListener('click', () => dialog.close())
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
}

/** Nanotons as TON. @param {bigint} nano */
export function ton(nano) {
  return `${(Number(nano) / 1e9).toLocaleString('en', { maximumFractionDigits: 7 })} TON`
}
