/** What Telegram hands to the page. */

const webApp = window.Telegram?.WebApp

/** Signed by Telegram for the bot's server; nothing in it is believed on this side. */
export const initData = webApp?.initData ?? ''

/** For requests to the developer's server. */
export const telegramHeaders = { authorization: `tma ${initData}` }

export function startTelegram() {
  document.documentElement.dataset.scheme = webApp?.colorScheme ?? 'light'
  webApp?.onEvent('themeChanged', () => (document.documentElement.dataset.scheme = webApp.colorScheme))
  webApp?.ready()
  webApp?.expand()
}

/** A small vibration where there is one. @param {'success' | 'error'} kind */
export function buzz(kind) {
  webApp?.HapticFeedback?.notificationOccurred(kind)
}
