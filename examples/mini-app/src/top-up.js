/** Topping the channel up from the reader's own wallet, through TON Connect. */
import { byId, facts, make, ton } from './elements.js'
import { prepareTopUp } from './server.js'

/** Loaded by the first click. */
const sdk = () => import('@tonconnect/sdk')
let connector
/** What the button sends. @type {{ request: object, onSent: () => void } | undefined} */
let pending

byId('top-up-confirm').addEventListener('click', () => void send())

/** Shows what is to be signed. @param {() => void} onSent - The wallet has sent it; whether it arrives, the chain tells. */
export async function openTopUp(onSent) {
  const problem = byId('top-up-problem')
  const confirm = byId('top-up-confirm')
  problem.hidden = true
  confirm.disabled = true
  byId('top-up-facts').replaceChildren()
  byId('top-up-sheet').showModal()
  try {
    const wallet = await connectWallet()
    const { request, amountNano, valueNano } = await prepareTopUp(wallet.account.address)
    const [message] = request.messages
    byId('top-up-facts').replaceChildren(
      ...facts([
        ['Adds', ton(BigInt(amountNano))],
        ['Wallet sends', `${ton(BigInt(valueNano))}; what fees leave comes back`],
        ['To', make('code', {}, message.address)],
        ['Network', request.network === '-239' ? 'TON' : 'test network'],
        ['Message', make('code', {}, message.payload)]
      ])
    )
    confirm.disabled = false
    pending = { request, onSent }
  } catch (error) {
    await fail(error)
  }
}

async function send() {
  const { request, onSent } = pending
  byId('top-up-confirm').disabled = true
  try {
    await connector.sendTransaction(request)
    byId('top-up-sheet').close()
    onSent()
  } catch (error) {
    byId('top-up-confirm').disabled = false
    await fail(error)
  }
}

/** Connects the wallet that is there; a deployment shows the reader a list (`connector.getWallets()`). */
async function connectWallet() {
  const { TonConnect } = await sdk()
  connector ??= new TonConnect({
    manifestUrl: new URL('tonconnect-manifest.json', location.origin).href,
    analytics: { mode: 'off' },
    walletsListSource: new URL('simulation/wallets.json', location.origin).href
  })
  if (connector.connected) return connector.wallet
  return new Promise((resolve, reject) => {
    connector.onStatusChange((wallet) => wallet !== null && resolve(wallet), reject)
    connector.connect({ jsBridgeKey: 'simulatedWallet' })
  })
}

async function fail(error) {
  const { UserRejectsError } = await sdk()
  const problem = byId('top-up-problem')
  problem.textContent = error instanceof UserRejectsError ? 'The wallet declined. Nothing was sent.' : error.message
  problem.hidden = false
}
