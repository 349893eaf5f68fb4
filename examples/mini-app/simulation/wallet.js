/**
 * Stands for a wallet that injects itself into pages: TON Connect's JavaScript bridge. It shows what it is asked to sign,
 * signs nothing, and hands the messages to the devnet's chain.
 */
{
  const ADDRESS = `0:${'5a'.repeat(32)}`
  /** An empty cell: there is no wallet contract here. */
  const EMPTY_BOC = 'te6cckEBAQEAAgAAAEysuc0='
  const deviceInfo = {
    platform: 'browser',
    appName: 'simulated',
    appVersion: '1.0',
    maxProtocolVersion: 2,
    features: ['SendTransaction', { name: 'SendTransaction', maxMessages: 4 }]
  }
  const connected = {
    event: 'connect',
    id: 1,
    payload: {
      items: [
        { name: 'ton_addr', address: ADDRESS, network: '-3', walletStateInit: EMPTY_BOC, publicKey: '00'.repeat(32) }
      ],
      device: deviceInfo
    }
  }
  const listeners = new Set()
  window.simulatedWallet = {
    tonconnect: {
      deviceInfo,
      protocolVersion: 2,
      isWalletBrowser: false,
      connect: async () => connected,
      restoreConnection: async () => ({
        event: 'connect_error',
        id: 1,
        payload: { code: 100, message: 'there is no earlier connection' }
      }),
      async send({ method, params, id }) {
        if (method !== 'sendTransaction') return { result: {}, id }
        const request = JSON.parse(params[0])
        if (!(await confirm(request))) return { error: { code: 300, message: 'the user declined' }, id }
        await fetch('/simulation/chain', { method: 'POST', body: JSON.stringify(request) })
        return { result: EMPTY_BOC, id }
      },
      listen(callback) {
        listeners.add(callback)
        return () => listeners.delete(callback)
      }
    }
  }

  function confirm({ messages }) {
    const dialog = document.createElement('dialog')
    dialog.className = 'wallet'
    dialog.setAttribute('aria-labelledby', 'wallet-title')
    const title = Object.assign(document.createElement('h2'), { id: 'wallet-title', textContent: 'Simulated wallet' })
    const lines = messages.map(({ address, amount }) =>
      Object.assign(document.createElement('p'), { textContent: `${Number(amount) / 1e9} TON to ${address}` })
    )
    const actions = Object.assign(document.createElement('div'), { className: 'actions' })
    dialog.append(title, ...lines, actions)
    document.body.append(dialog)
    return new Promise((resolve) => {
      for (const [text, isConfirmed] of [
        ['Decline', false],
        ['Confirm', true]
      ]) {
        const button = Object.assign(document.createElement('button'), { type: 'button', textContent: text })
        if (!isConfirmed) button.className = 'quiet'
        button.addEventListener('click', () => {
          resolve(isConfirmed)
          dialog.close()
        })
        actions.append(button)
      }
      dialog.addEventListener('close', () => {
        resolve(false)
        dialog.remove()
      })
      dialog.showModal()
    })
  }
}
