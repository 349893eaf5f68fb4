/** The conversation on the page. */
import { byId, make, ton } from './elements.js'

export class Conversation {
  /** What was said, as the network takes it. @type {{ role: string, content: string }[]} */
  messages = []
  #log = byId('log')

  /** Adds what the reader wrote. */
  say(text) {
    byId('empty').hidden = true
    this.messages.push({ role: 'user', content: text })
    this.#log.append(make('li', { class: 'user' }, make('span', { class: 'hidden' }, 'You: '), make('p', {}, text)))
    scrollToEnd()
  }

  /** Begins an answer. */
  answer() {
    const text = make('p', { class: 'text' })
    const note = make('p', { class: 'note' })
    const hidden = make('span', { class: 'hidden' }, 'Answer: ')
    const item = make('li', { class: 'assistant', 'aria-busy': 'true' }, hidden, text, note)
    this.#log.append(item)
    scrollToEnd()
    const end = () => {
      item.removeAttribute('aria-busy')
      scrollToEnd()
    }
    return {
      append: (piece) => {
        text.append(piece)
        scrollToEnd()
      },
      finish: (figures) => {
        this.messages.push({ role: 'assistant', content: text.textContent })
        note.textContent = describe(figures)
        end()
      },
      fail: (problem) => {
        // What was asked and not answered is no part of the next question.
        if (text.textContent === '') this.messages.pop()
        else this.messages.push({ role: 'assistant', content: text.textContent })
        note.textContent = problem
        note.classList.add('problem')
        note.setAttribute('role', 'alert')
        end()
      }
    }
  }
}

function describe({ firstTokenMs, tokens, costNano, encrypted }) {
  const parts = [encrypted ? 'end-to-end encrypted' : 'encrypted to the proxy']
  if (firstTokenMs !== undefined) parts.push(`${Math.round(firstTokenMs)} ms`)
  if (tokens !== undefined) parts.push(`${tokens} tokens`)
  if (costNano !== undefined) parts.push(ton(costNano))
  return parts.join(' · ')
}

function scrollToEnd() {
  const main = document.querySelector('main')
  main.scrollTop = main.scrollHeight
}
