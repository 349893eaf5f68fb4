/** The conversation on the page. */
import { byId, make } from './elements.js'

export class Conversation {
  /** What was said, as the network takes it. @type {{ role: string, content: string }[]} */
  messages = []
  #log = byId('log')

  /** Adds what the reader wrote. */
  say(text) {
    byId('empty').hidden = true
    this.messages.push({ role: 'user', content: text })
    this.#log.append(make('li', { class: 'user' }, make('span', { class: 'hidden' }, 'You: '), make('p', {}, text)))
    this.#scroll(true)
  }

  /** Begins an answer. */
  answer() {
    const text = make('p', { class: 'text' })
    const note = make('p', { class: 'note' })
    const item = make(
      'li',
      { class: 'assistant', 'aria-busy': 'true' },
      make('span', { class: 'hidden' }, 'Answer: '),
      text,
      note
    )
    this.#log.append(item)
    this.#scroll(true)
    return {
      append: (piece) => {
        text.append(piece)
        this.#scroll(false)
      },
      finish: (figures) => {
        this.messages.push({ role: 'assistant', content: text.textContent })
        note.textContent = describeFigures(figures)
        item.removeAttribute('aria-busy')
        this.#scroll(false)
      },
      fail: (problem) => {
        // What was asked and not answered is not part of the next question.
        if (text.textContent === '') this.messages.pop()
        else this.messages.push({ role: 'assistant', content: text.textContent })
        note.textContent = problem
        note.classList.add('problem')
        note.setAttribute('role', 'alert')
        item.removeAttribute('aria-busy')
        this.#scroll(false)
      }
    }
  }

  /** Follows the end of the text, unless the reader has scrolled away from it. */
  #scroll(always) {
    const { scrollHeight, clientHeight } = document.documentElement
    if (always || scrollHeight - clientHeight - scrollY < 120) scrollTo({ top: scrollHeight })
  }
}

function describeFigures({ firstTokenMs, tokens, costNano }) {
  const parts = []
  if (firstTokenMs !== undefined) parts.push(`first token ${Math.round(firstTokenMs)} ms`)
  if (tokens !== undefined) parts.push(`${tokens} tokens`)
  if (costNano !== undefined) parts.push(`${Number(costNano) / 1e9} TON`)
  return parts.join(' · ')
}
