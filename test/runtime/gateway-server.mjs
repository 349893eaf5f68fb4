/**
 * A gateway on the packed package, in whatever runtime this file is loaded. Plain ESM without any platform's own imports.
 * Beside the gateway's paths it answers `/_state`: what the gateway's operator could know.
 *
 * @module
 */
import { Cocoon } from 'cocoonkit'
import { fromDevnet } from 'cocoonkit/attestation'
import { bearerTokens, createGateway, memoryBudget } from 'cocoonkit/gateway'

const PRICE_NANO = 20n

/**
 * @param {object} description - Of the devnet.
 * @param {boolean} isPerRequest - Makes client and gateway anew for each request: where connections live no longer.
 * @returns {(request: Request, ...platform: unknown[]) => Promise<Response>}
 */
export function createServerHandler(description, isPerRequest) {
  const receipts = []
  /** Bodies as they came in, for looking for words in them. */
  const seen = []
  const budget = memoryBudget({ perUserNano: 10n ** 12n })
  const make = () => {
    const cocoon = new Cocoon({ ...fromDevnet(description), timeoutMs: 30_000 })
    const gateway = createGateway({
      cocoon,
      authorize: bearerTokens({
        tokens: {
          'token-of-alice-0001': { user: 'alice' },
          'token-of-a-poor-one-01': { user: 'poor', quotaNano: 60_000n }
        }
      }),
      budget,
      pricePerTokenNano: PRICE_NANO,
      limits: { maxTokens: 500, maxBodyBytes: 100_000 },
      onReceipt: ({ user, outcome, isEncrypted, spentNano, bytesOut }) => {
        receipts.push({ user, outcome, isEncrypted, spentNano: String(spentNano), bytesOut })
      }
    })
    return { cocoon, gateway }
  }
  const shared = isPerRequest ? undefined : make()
  return async (request, ...platform) => {
    if (new URL(request.url).pathname === '/_state')
      return Response.json({ receipts, seen, activeRequests: shared?.gateway.activeRequests ?? 0 })
    const { gateway } = shared ?? make()
    return gateway(await noting(request, seen), ...platform)
  }
}

/** The same request, its body noted down. */
async function noting(request, seen) {
  if (request.method !== 'POST') return request
  const body = await request.text()
  seen.push(body)
  return new Request(request, { method: 'POST', body, signal: request.signal })
}
