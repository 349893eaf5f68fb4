/**
 * A gateway over a scripted client, and over one that answers at once.
 *
 * @module
 */
import { surfaceOver, type Script, type FakeTransport } from '../client/openai/fake-transport.js'
import {
  anyone,
  createGateway,
  type Gateway,
  type GatewayEvent,
  type GatewayOptions,
  type GatewayReceipt
} from '../../src/gateway/index.js'
import type { InferenceRequest } from '../../src/runtime/ports/inference.js'
import { FakeClock } from '../support/fake-clock.js'

export interface TestGateway {
  readonly gateway: Gateway
  readonly transport: FakeTransport
  readonly clock: FakeClock
  readonly events: GatewayEvent[]
  readonly receipts: GatewayReceipt[]
}

export function gatewayOver(
  script: Script | ((request: InferenceRequest) => Script),
  options: Partial<GatewayOptions> = {},
  pricePerTokenNano: bigint | undefined = 20n
): TestGateway {
  const { surface, transport } = surfaceOver(script, { pricePerTokenNano })
  const clock = new FakeClock()
  const events: GatewayEvent[] = []
  const receipts: GatewayReceipt[] = []
  const gateway = createGateway({
    cocoon: surface,
    authorize: anyone(),
    clock,
    onEvent: (event) => void events.push(event),
    onReceipt: (receipt) => void receipts.push(receipt),
    ...options
  })
  return { gateway, transport, clock, events, receipts }
}

export const BASE = 'https://gateway.test'

export function post(body: unknown, headers: Record<string, string> = {}, path = '/v1/chat/completions'): Request {
  return new Request(BASE + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body)
  })
}

export function get(path: string, headers: Record<string, string> = {}): Request {
  return new Request(BASE + path, { headers })
}

export async function errorOf(response: Response): Promise<Record<string, unknown>> {
  return ((await response.json()) as { error: Record<string, unknown> }).error
}

/** Lets what was started without being waited for come to its end. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
