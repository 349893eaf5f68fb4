/** The developer's server. It knows who you are and what you may spend; it has no part in what you say. */
import { telegramHeaders } from './telegram.js'

/** @throws Error with the server's reason; `isRefusal` when Telegram's signature did not convince it. */
async function call(path, { method = 'GET', body } = {}) {
  const response = await fetch(path, {
    method,
    headers: { ...telegramHeaders, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) })
  })
  const value = await response.json().catch(() => ({}))
  if (response.ok) return value
  throw Object.assign(new Error(value.error ?? 'the server failed'), { isRefusal: response.status === 401 })
}

export const signIn = () => call('api/session', { method: 'POST' })
export const channelState = () => call('api/channel')
export const gatewayBudget = () => call('api/budget')
export const prepareTopUp = (wallet) => call('api/top-up', { method: 'POST', body: { wallet } })
