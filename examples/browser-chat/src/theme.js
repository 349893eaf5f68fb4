/** Light and dark: the system's choice until the reader makes one, which is then remembered. */
import { byId } from './elements.js'

const KEY = 'browser-chat.theme'
const systemDark = matchMedia('(prefers-color-scheme: dark)')

export function startTheme() {
  const button = byId('theme')
  const chosen = () => localStorage.getItem(KEY)
  const isDark = () => (chosen() ?? (systemDark.matches ? 'dark' : 'light')) === 'dark'
  const show = () => {
    if (chosen() === null) delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = chosen()
    button.setAttribute('aria-pressed', String(isDark()))
  }
  button.addEventListener('click', () => {
    localStorage.setItem(KEY, isDark() ? 'light' : 'dark')
    show()
  })
  systemDark.addEventListener('change', show)
  show()
}
